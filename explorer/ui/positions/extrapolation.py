"""Small models trained at one length and read at longer ones: the shipped curves, and a small run of one's own."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.positions.extrapolation import extrapolation as chart_of
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.positions import extrapolation
from explorer.ui.common import address, jobs, pictures, stage
from explorer.ui.common.markdown import escaped
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files, take_away

WHAT = {"accuracy": N_("right answers"), "end_accuracy": N_("farthest tokens only"), "loss": N_("loss")}
_HALL = {"height": 330}
"""Room for the lines on the stage, in pixels."""
SHOWN = {"shipped": N_("as measured"), "live": N_("small run, here and now")}


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, the curves, and the menu of downloads."""
    with row:
        shown = address.choice(st.segmented_control, _("Curves"), SHOWN, "curves_of")
        what = address.choice(st.segmented_control, _("Over length"), WHAT, "curves_what")
    curves = extrapolation.shipped() if shown == "shipped" else _live(what)
    if curves is None:
        return
    _picture(curves, what)
    files = picture_files(lambda: _chart(curves, what, False)) | {"csv": lambda: export.table_csv(curves.table, index=False)}
    with downloads:
        take_away([Figure(_("Extrapolation"), "extrapolation", files)], _recipe(shown))


def _picture(curves: extrapolation.Curves, what: str) -> None:
    with st.container(key="extrapolation"):
        pictures.draw(_chart(curves, what, is_dark(), **stage.room(_HALL)), "extrapolation_chart")
    plan = curves.plan
    switches = plan["switches"]
    st.markdown(
        _(
            "Toys of {layers} layers × {heads} heads, trained for {steps:,} steps to copy what followed an earlier symbol (induction), all at "
            "length {length}; read at up to {most} times that."
        ).format(layers=switches["layers"], heads=switches["heads"], steps=plan["steps"], length=curves.trained, most=max(plan["times"]))
    )
    if curves.command:
        st.caption(
            _("Measured {date} by `{command}`; a rule spans the least and the most of the seeds.").format(
                date=curves.date, command=curves.command
            )
        )
    for scheme, note in curves.notes.items():
        st.caption(f"**{scheme}**: {escaped(note)}")


def _chart(curves: extrapolation.Curves, what: str, dark: bool, height: int = 390) -> Picture:
    return chart_of(curves.summary(what), curves.trained, list(extrapolation.SCHEMES), what=what, width=700, height=height, dark=dark)


def _live(what: str) -> extrapolation.Curves | None:
    """Trains once it is asked for; what has been read so far is drawn on the way."""
    if not st.session_state.get("_extrapolation_wanted"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(_("Train"), key="train_extrapolation", icon=":material/play_arrow:", on_click=_want)
            st.markdown(
                _("{n} toys of {steps} steps each at length {length}: about a minute or two.").format(
                    n=len(extrapolation.TRAINED), steps=extrapolation.SMALL.steps, length=extrapolation.SMALL.length
                )
            )
        return None

    plan = repr(extrapolation.SMALL)
    key, run = ("extrapolation", plan), _small_run(plan)

    def work(report: Report) -> extrapolation.Curves:
        return run.compute(tell=report)

    def partial(curves: extrapolation.Curves) -> None:
        if curves.readings:
            pictures.draw(_chart(curves, what, is_dark()), "extrapolation_so_far")

    found = jobs.computed(key, _("Training"), work, replaces="extrapolation", partial=partial)
    if found is None and jobs.is_stopped(key):
        partial(run.curves)
    return found


@st.cache_resource(show_spinner=False)
def _small_run(plan: str) -> extrapolation.LiveRun:
    """The run of all viewers: it is the same for each."""
    return extrapolation.LiveRun(extrapolation.SMALL)


def _want() -> None:
    st.session_state["_extrapolation_wanted"] = True


def _recipe(shown: str) -> str:
    made = "extrapolation.shipped()" if shown == "shipped" else "extrapolation.live()"
    return "\n".join(["from explorer.positions import extrapolation", "", f"curves = {made}", "print(curves.summary())"])
