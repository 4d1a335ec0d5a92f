"""A chart with inputs of its own (`explorer.charts.common.sliders`): they stand beside the picture, or above it where there is no room."""

from __future__ import annotations

import streamlit as st

from explorer.charts.common.picture import Picture
from explorer.charts.common.sliders import EXPONENT, STEP, scales
from explorer.ui.common import pictures, stage

BESIDE = 230
"""Pixels that the inputs take beside the picture, at least."""


def draw(picture: Picture, key: str, *, beside: int = BESIDE) -> None:
    """Draws a picture of a chart of `with_inputs` in a container of that key.

    Where the window is narrow, the inputs stand above, in as many columns as there is room for.
    """
    own = f".st-key-{key}"
    # Named twice, so that it weighs more than Streamlit's own style.
    form = f"{own} form.vega-bindings.vega-bindings"
    hidden = ",".join(f"{form} .vega-bind input[name$={end}]+span" for end in (EXPONENT, STEP))
    # What such a number stands for is written beside the input by `browser.js`, which reads here how.
    stands_for = "".join(f'{form} input[name="{name}"]{{--scale:{scale}}}' for name, scale in scales(picture.description).items())
    column = min(beside, 190)
    # On a stage all of them stand in one row, as far as it goes, so that the room is the picture's.
    row = (
        f"{form}:has(.vega-bind){{display:flex;flex-flow:row wrap}}"
        f"{form} .vega-bind{{flex:1 1 {BESIDE // 2}px;width:auto;min-width:0;max-width:{column}px}}"
        f"{form} .vega-bind:has([type=radio]){{flex:0 1 max-content;max-width:100%}}"
        f"{form} .vega-bind-radio{{display:flex;flex-wrap:wrap}}"
        if stage.is_on()
        else ""
    )
    with st.container(key=key):
        st.html(
            f"<style>{stands_for}"
            f"{own} .vega-embed{{display:flex!important;flex-wrap:wrap;gap:.3rem 1rem;align-items:flex-start}}"
            f"{form}:has(.vega-bind){{--column:{column};order:-1;flex:1 1 {beside}px;min-width:{beside}px;padding:0;display:grid;"
            f"grid-template-columns:repeat(auto-fill,minmax({column}px,1fr));gap:.3rem 1rem;align-items:start}}"
            f"{form} .vega-bind label{{display:grid;grid-template-columns:1fr auto;align-items:center;width:100%;gap:0 .5rem}}"
            f"{form} .vega-bind:only-of-type,{form} .vega-bind .vega-bind-name{{grid-column:1/-1;min-width:100%}}"
            f"{form} .vega-bind,{form} .vega-bind-radio{{gap:.1rem .4rem}}{form} .vega-bind input[type=range]{{width:100%;max-width:none}}"
            f"{form} .vega-bind-radio label,{form} .vega-bind label:has([type=checkbox]){{display:flex;width:auto;gap:.25rem}}"
            f"{form} .vega-bind label:has([type=checkbox]) .vega-bind-name{{min-width:0}}"
            f"{hidden}{{display:none}}"
            f"{form} .vega-bind output,{form} .vega-bind input[type=range]+span"
            "{min-width:3.2em;text-align:right;font-variant-numeric:tabular-nums;color:inherit;font-size:inherit}"
            f"{own} .stVegaLiteChart{{max-width:100%}}{row}"
            "</style>"
        )
        pictures.draw(picture, f"{key}_chart")
