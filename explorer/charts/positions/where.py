"""One attention layer as a diagram: the place where each scheme of positions acts lights up."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from explorer.charts.common import data, palette, sliders
from explorer.charts.common.laboratory import finished
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import N_, _

SCHEMES: Mapping[str, tuple[str, str, str]] = {
    "sinusoidal": (N_("sinusoids"), "x + PE(pos)", N_("once, before the first layer; nothing is learned (Vaswani et al. 2017)")),
    "learned": (N_("learned table"), "x + P[pos]", N_("once, before the first layer; a row is learned for each position (BERT, GPT-2)")),
    "rope": (N_("RoPE"), "R(m) q, R(n) k", N_("in every layer, on queries and keys; values stay as they are (Su et al. 2021)")),
    "relative": (
        N_("T5's buckets"),
        "q·k + b[n − m]",
        N_("in every layer, on the scores; a learned number for each distance and head (Raffel et al. 2020)"),
    ),
    "alibi": (N_("ALiBi"), "q·k − slope |m − n|", N_("in every layer, on the scores; nothing is learned (Press et al. 2021)")),
    "mask": (N_("causal mask only"), "q·k − ∞", N_("in every layer: who may be seen tells order too, without any positions (Haviv et al. 2022)")),
}
"""Of each scheme its name, what it computes, and where."""
_BOXES = (
    # Name, centre x and y, width, schemes that light it up. In units of a grid of 12 x 10.
    (N_("tokens"), 6.0, 9.3, 2.6, ()),
    (N_("embedding x"), 6.0, 8.0, 2.6, ("sinusoidal", "learned")),
    (N_("q = W_Q x"), 2.6, 6.4, 2.4, ("rope",)),
    (N_("k = W_K x"), 5.6, 6.4, 2.4, ("rope",)),
    (N_("v = W_V x"), 9.4, 6.4, 2.4, ()),
    (N_("scores q·k / √d_k"), 4.1, 4.7, 3.4, ("relative", "alibi")),
    (N_("mask"), 4.1, 3.4, 2.4, ("mask",)),
    (N_("softmax"), 4.1, 2.1, 2.4, ()),
    (N_("Σ weight · v"), 6.75, 0.8, 3.4, ()),
)
_ARROWS = (
    (6.0, 8.95, 6.0, 8.4),
    (6.0, 7.6, 2.6, 6.8),
    (6.0, 7.6, 5.6, 6.8),
    (6.0, 7.6, 9.4, 6.8),
    (2.6, 6.0, 3.6, 5.1),
    (5.6, 6.0, 4.6, 5.1),
    (4.1, 4.3, 4.1, 3.8),
    (4.1, 3.0, 4.1, 2.5),
    (4.1, 1.7, 6.0, 1.2),
    (9.4, 6.0, 7.5, 1.2),
)
WIDTH, HEIGHT = 640, 440


def picture(*, dark: bool = False) -> Picture:
    """The diagram and its input: the scheme."""
    return Picture(_description(dark), aloud=_("A network as boxes, from token to logits; those in which positions enter are filled."))


@described
def _description(dark: bool) -> Description:
    names = {name: _(title) for name, (title, _f, _w) in SCHEMES.items()}
    inputs = [sliders.choice("scheme", _("positions by"), names, "sinusoidal", radio=True)]
    ink = palette.page(dark)[1]
    x_scale, y_scale = alt.Scale(domain=[0, 12], nice=False), alt.Scale(domain=[0, 10], nice=False)
    boxes = data.columns(
        b=list(range(len(_BOXES))),
        left=[x - w / 2 for _n, x, _y, w, _s in _BOXES],
        right=[x + w / 2 for _n, x, _y, w, _s in _BOXES],
        low=[y - 0.4 for _n, _x, y, _w, _s in _BOXES],
        high=[y + 0.4 for _n, _x, y, _w, _s in _BOXES],
        x=[x for _n, x, _y, _w, _s in _BOXES],
        y=[y for _n, _x, y, _w, _s in _BOXES],
    )
    lit = [list(schemes) for *_rest, schemes in _BOXES]
    base = alt.Chart(boxes).transform_calculate(
        name="box_names[datum.b]", lit="indexof(box_schemes[datum.b], scheme) >= 0", formula="formulas[scheme]"
    )
    place = {"x": alt.X("left:Q", scale=x_scale, axis=None), "x2": "right:Q", "y": alt.Y("low:Q", scale=y_scale, axis=None), "y2": "high:Q"}
    rects = base.mark_rect(cornerRadius=8, strokeWidth=2).encode(
        **place,
        fill=alt.condition("datum.lit", alt.value(palette.frame(dark)), alt.value(palette.page(dark)[0])),
        stroke=alt.condition("datum.lit", alt.value(palette.frame(dark)), alt.value(ink)),
        strokeOpacity=alt.condition("datum.lit", alt.value(1), alt.value(0.4)),
    )
    at = {"x": alt.X("x:Q", scale=x_scale, axis=None), "y": alt.Y("y:Q", scale=y_scale, axis=None)}
    over = alt.condition("datum.lit", alt.value("#10131a" if dark else "#ffffff"), alt.value(ink))
    names_ = base.mark_text(fontSize=15, fontWeight="bold").encode(**at, text="name:N", color=over)
    beside = base.transform_filter("datum.lit").transform_calculate(edge="datum.right + 0.15")
    # Beside the box; of queries and keys it stands beside the keys only.
    beside = beside.transform_filter("scheme !== 'rope' || datum.b === 3")
    formula = beside.mark_text(align="left", fontSize=17, fontWeight="bold", color=palette.frame(dark))
    formula = formula.encode(x=alt.X("edge:Q", scale=x_scale, axis=None), y=at["y"], text="formula:N")
    arrows = data.columns(**{name: [arrow[i] for arrow in _ARROWS] for i, name in enumerate(("x", "y", "x2", "y2"))})
    lines = alt.Chart(arrows).mark_rule(color=ink, opacity=0.55, strokeWidth=1.5).encode(**at, x2="x2:Q", y2="y2:Q")
    turns = alt.Chart(arrows).transform_calculate(angle="atan2(datum.x2 - datum.x, (datum.y2 - datum.y) * 12 / 10 * 440 / 640) * 180 / PI")
    tips = turns.mark_point(shape="triangle-up", filled=True, size=70, color=ink, opacity=0.7).encode(
        x=alt.X("x2:Q", scale=x_scale, axis=None), y=alt.Y("y2:Q", scale=y_scale, axis=None), angle=alt.Angle("angle:Q", scale=None)
    )
    caption = alt.Chart(alt.sequence(0, 1, 1, as_="n")).transform_calculate(caption="wheres[scheme]")
    where = caption.mark_text(align="left", baseline="top", fontSize=14, color=ink).encode(
        x=alt.value(0), y=alt.value(HEIGHT + 8), text="caption:N"
    )
    texts = [
        alt.param(name="box_names", value=[_(name) for name, *_rest in _BOXES]),
        alt.param(name="box_schemes", value=lit),
        alt.param(name="formulas", value={name: formula for name, (_n, formula, _w) in SCHEMES.items()}),
        alt.param(name="wheres", value={name: _(where) for name, (_n, _f, where) in SCHEMES.items()}),
    ]
    chart = alt.layer(lines, tips, rects, names_, formula, where).add_params(*texts).properties(width=WIDTH, height=HEIGHT)
    return sliders.with_inputs(finished(chart), inputs)
