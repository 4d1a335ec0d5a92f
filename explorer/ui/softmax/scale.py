"""A factor on the model's own scale: entropy, predictions and score, as a curve that grows while it is computed."""

from __future__ import annotations

import weakref

import pandas as pd
import streamlit as st

from explorer import export
from explorer.ablation.results import TaskResults
from explorer.charts.common.picture import Picture
from explorer.charts.softmax import scale as charts
from explorer.i18n import _
from explorer.jobs import Report
from explorer.softmax.scale import FACTORS, ScaleCurve
from explorer.ui.common import jobs, pictures
from explorer.ui.common.markdown import explained
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice, setup_lines
from models import InputError

_curves: weakref.WeakKeyDictionary[TaskResults, ScaleCurve] = weakref.WeakKeyDictionary()
"""Kept as long as what else is known of the same task; for all viewers."""


def draw(choice: TaskChoice) -> Figure | None:
    """The curve, as far as it is known, and the way to the rest of it."""
    curve = _curves.setdefault(choice.results, ScaleCurve(choice.results.task))
    if not curve.known() and not _asked(choice):
        return None
    if not curve.known():

        def work(report: Report) -> bool:
            curve.compute(progress=lambda share: report(share, _table(curve)))
            return True

        def grown(table: pd.DataFrame) -> None:
            if len(table):
                pictures.draw(charts.curves(table, dark=is_dark()), "scale_chart")

        key = ("scale", *choice.key)
        try:
            jobs.computed(key, _("A factor on the scale"), work, replaces="scale", partial=grown, kept_elsewhere=True)
            if jobs.is_stopped(key):
                grown(_table(curve))
        except InputError as error:
            st.info(explained(error), icon=":material/info:")
        if not curve.known():
            return None
    table = _table(curve)

    def picture(dark: bool) -> Picture:
        return charts.curves(table, dark=dark)

    with st.container(key="scale_curve"):
        pictures.draw(picture(is_dark()), "scale_chart")
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
    return Figure(
        _("Factor on the scale"), "scale", picture_files(lambda: picture(False)) | {"csv": lambda: export.table_csv(table, index=False)}
    )


def _table(curve: ScaleCurve) -> pd.DataFrame:
    return pd.DataFrame([vars(point) for _factor, point in sorted(curve.points.items())])


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


def _asked(choice: TaskChoice) -> bool:
    """Whether the viewer has asked for the curve of this task; before that, the way to it."""
    asked: set[tuple] = st.session_state.setdefault("_scale_asked", set())
    if choice.key in asked:
        return True
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Compute"), key="compute_scale", icon=":material/play_arrow:", on_click=asked.add, args=(choice.key,))
        st.markdown(
            _("{n} factors from {low:g} to {high:g}, each on {examples} examples.").format(
                n=len(FACTORS), low=FACTORS[0], high=FACTORS[-1], examples=len(choice.results.task)
            )
        )
    return False
