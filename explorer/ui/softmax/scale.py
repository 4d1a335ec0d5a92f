"""A factor on the model's own scale: entropy, predictions and score, as a curve that grows while it is computed."""

from __future__ import annotations

import weakref

import altair as alt
import pandas as pd
import streamlit as st

from explorer.ablation.results import TaskResults
from explorer.charts.softmax import scale as charts
from explorer.i18n import _
from explorer.softmax.scale import FACTORS, ScaleCurve
from explorer.ui.common import long_work
from explorer.ui.common.session import explained, is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice, setup_lines
from models import InputError

_curves: weakref.WeakKeyDictionary[TaskResults, ScaleCurve] = weakref.WeakKeyDictionary()
"""Kept as long as what else is known of the same task; for all viewers."""


def draw(choice: TaskChoice) -> Figure | None:
    """The curve, as far as it is known, and the way to the rest of it."""
    curve = _curves.setdefault(choice.results, ScaleCurve(choice.results.task))
    if not curve.known() and not _computed(choice, curve) and not curve.points:
        return None
    table = pd.DataFrame([vars(point) for _factor, point in sorted(curve.points.items())])

    def chart(dark: bool) -> alt.HConcatChart:
        return charts.curves(table, dark=dark)

    with st.container(key="scale_curve"):
        st.altair_chart(chart(is_dark()), key="scale_chart", width="content")
    own, best = table[table.factor == 1].iloc[0], table.loc[table.score.idxmax()]
    st.markdown(
        _("The model's own scale: entropy {entropy:.2f} nats, accuracy {score:.1%}. Best of these factors: {best:.4g}, {most:.1%}.").format(
            entropy=own.entropy, score=own.score, best=best.factor, most=best.score
        )
    )
    st.caption(
        _(
            "The factor acts in all heads at once. Small: every token gets the mean of the values. Large: each row takes one key. "
            "Entropy: mean over rows that see two keys or more, as a share of log of their number."
        )
    )
    return Figure(_("Factor on the scale"), "scale", picture_files(lambda: chart(False)) | {"csv": lambda: table.to_csv(index=False).encode()})


def recipe(choice: TaskChoice) -> str:
    """Lines of Python for the curve."""
    lines = [
        "import models",
        "from explorer.softmax.scale import ScaleCurve",
        "from explorer.tasks import choose",
        "",
        *setup_lines(choice),
        "for point in ScaleCurve(task).compute():",
        "    print(point)",
    ]
    return "\n".join(lines)


def _computed(choice: TaskChoice, curve: ScaleCurve) -> bool:
    """Computes what is missing, once it is asked for."""
    key, asked = f"scale {choice.model.number} {id(choice.results)}", st.empty()
    if st.session_state.get("_scale_wanted") != key:
        with asked.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(_("Compute"), key="compute_scale", icon=":material/play_arrow:")
            st.markdown(
                _("{n} factors from {low:g} to {high:g}, each on {examples} examples.").format(
                    n=len(FACTORS), low=FACTORS[0], high=FACTORS[-1], examples=len(choice.results.task)
                )
            )
        if not pressed:
            return False
        st.session_state["_scale_wanted"] = key
        asked.empty()
    try:
        return long_work.run(_("A factor on the scale"), key, lambda tell: curve.compute(progress=tell)) is not None
    except InputError as error:
        st.info(explained(error), icon=":material/info:")
        return False
