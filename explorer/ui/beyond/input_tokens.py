"""Which input tokens a prediction rests on, by five methods, beside what happens when each token is left out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.beyond.strips import strips
from explorer.charts.common.picture import Picture
from explorer.flow import blankout, methods, targets
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.ui.beyond.frame import Frame
from explorer.ui.beyond.target import KINDS, Choice
from explorer.ui.common import jobs, pictures, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files

NAMES = {
    "attention": N_("attention, last layer"),
    "norms": N_("norm-weighted, last layer"),
    "rollout": N_("rollout"),
    "flow": N_("flow"),
    "relevance": N_("gradient × attention"),
}
ABOUT = N_("""
- **Without the token**: each token in turn is replaced by {filler}; how much the probability of the target falls ("blank-out", Abnar & Zuidema
  2020, section 4). For a vector: the fall of its cosine. The yardstick.
- **Attention, last layer**: mean over the heads of the last layer's weights, at the tokens where the target is read.
- **Norm-weighted, last layer**: ‖Σₕ a f(x)‖, the length of what is passed on (Kobayashi et al. 2020, section 4).
- **Rollout**: the product over the layers of ½A + ½I, A the mean over heads (Abnar & Zuidema 2020, equation 1).
- **Flow**: the largest flow through the same graph, weights as capacities (Abnar & Zuidema 2020, section 3).
- **Gradient × attention**: R ← R + E[(∇A ⊙ A)⁺] R over the layers (Chefer et al. 2021, equations 5 and 6), without the identity it begins with.

Colours of each row go from its smallest to its largest value. ρ: Spearman's rank correlation with the size of the effects.
Attention weights are routing, not importance: where ρ is small, they say little about what the prediction rests on.
""")
HEIGHT = 440
"""Room for the strips, in pixels: what stands below them stays where it is, whatever the text."""
_HALL = {"down": 47}
"""Height of a row on the stage, in pixels."""


@dataclass(frozen=True)
class Shown:
    """One text traced back, and whose."""

    chosen: Chosen
    traced: methods.Traced


def draw(chosen: Chosen, choice: Choice, frame: Frame) -> tuple[list[Figure], str] | None:
    """The strips, and what can be taken away with its recipe; None while there are none yet."""
    target, found, key = choice.target, None, None
    named = _(KINDS[choice.kind])
    if target is not None and target.kind != "vector":
        named += f": {target.name.strip() or repr(target.name)}"
    position = f", {target.rows[0]} {target.labels[target.rows[0]]}" if target is not None and choice.kind in ("masked", "next") else ""
    if target is not None:
        key = ("traced", chosen.model.number, chosen.capture.number, target.kind, target.rows, target.number)

        def work(report: Report) -> methods.Traced:
            return methods.trace(chosen.model, target, report)

        with frame.progress:
            traced = jobs.computed(key, _("Tracing"), work, replaces="beyond")
        found = None if traced is None else Shown(chosen, traced)
    with frame.words:
        kept = jobs.kept("strips", key, f"{chosen.title} · {named}{position}", found)
        if kept is None:
            return None
        shown = kept.what
        st.markdown(_sentence(shown.traced.target))
    with st.container(height=HEIGHT, border=False, key="strips"):
        pictures.draw(picture(shown.traced, is_dark(), **stage.room(_HALL)), "strips_chart")
        missing = [f"{_(NAMES[name])}: {escaped(why)}" for name, why in shown.traced.missing.items()]
        if missing:
            st.caption(_("Not computed: {missing}.").format(missing="; ".join(missing)))
    with st.expander(_("What the rows are"), icon=":material/functions:"):
        st.markdown(_(ABOUT).format(filler=escaped(blankout.filler(shown.chosen.model)[1])))
    return _figures(shown.traced), recipe(shown.chosen, shown.traced.target)


def picture(traced: methods.Traced, dark: bool, **room: int) -> Picture:
    """The strips of one text; `room` in pixels."""
    named = {_(NAMES[name]): values for name, values in traced.tokens.items()}
    correlations = {_(NAMES[name]): value for name, value in traced.correlations.items()}
    how = {"effect": _("without the token"), "rows": traced.target.rows, "width": 860, "dark": dark}
    return strips(traced.effects, named, traced.target.labels, correlations, **how, **room)


def recipe(chosen: Chosen, target: targets.Target) -> str:
    """Lines of Python for the strips."""
    at = f", at={target.rows[0]}" if target.kind in ("masked", "next") else ""
    lines = [
        "import explorer, models",
        "from explorer.flow import methods, targets",
        "",
        *chosen.lines,
        f"target = targets.make(model, captured, {target.kind!r}{at}{f', number={target.number}' if target.number >= 0 else ''})",
        "traced = methods.trace(model, target)",
        "print(traced.effects, traced.tokens, traced.correlations)",
    ]
    return "\n".join(lines)


def _sentence(target: targets.Target) -> str:
    if target.kind == "vector":
        return _("How much each token moves the vector of the text.")
    return _("**{name}** with probability {chance:.1%}. What does it rest on?").format(
        name=escaped(target.name.strip() or repr(target.name)), chance=target.chance
    )


def _figures(traced: methods.Traced) -> list[Figure]:
    def table() -> bytes:
        return export.table_csv(pd.DataFrame({"token": traced.target.labels, "without": traced.effects} | traced.tokens), index=False)

    return [
        Figure(_("Tokens by all methods"), "tokens", picture_files(lambda: picture(traced, False)) | {"csv": table}),
        Figure(_("Maps, token by token"), "maps", {"npz": lambda: export.packed(**traced.maps)}),
    ]
