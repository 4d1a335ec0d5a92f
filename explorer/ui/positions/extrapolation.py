"""Small models trained at one length and read at longer ones: the shipped curves, and a small run of one's own."""

from __future__ import annotations

import altair as alt
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.charts.positions.extrapolation import extrapolation as chart_of
from explorer.i18n import _
from explorer.positions import extrapolation
from explorer.ui.common import long_work
from explorer.ui.common.session import escaped, is_dark
from explorer.ui.common.take_away import Figure, picture_files, take_away

WHAT = {"accuracy": _("right answers"), "end_accuracy": _("farthest tokens only"), "loss": _("loss")}
SHOWN = {"shipped": _("as measured"), "live": _("small run, here and now")}


def draw(row: DeltaGenerator, downloads: DeltaGenerator) -> None:
    """Controls into the row, the curves, and the menu of downloads."""
    with row:
        shown = st.segmented_control(
            _("Curves"), SHOWN, default="shipped", format_func=SHOWN.get, key="curves_of", bind="query-params", required=True
        )
        what = st.segmented_control(
            _("Over length"), WHAT, default="accuracy", format_func=WHAT.get, key="curves_what", bind="query-params", required=True
        )
    curves = extrapolation.shipped() if shown == "shipped" else _live(what)
    if curves is None:
        return
    _picture(curves, what)
    files = picture_files(lambda: _chart(curves, what, False)) | {"csv": lambda: curves.table.to_csv(index=False).encode()}
    with downloads:
        take_away([Figure(_("Extrapolation"), "extrapolation", files)], _recipe(shown))


def _picture(curves: extrapolation.Curves, what: str) -> None:
    with st.container(key="extrapolation"):
        st.altair_chart(_chart(curves, what, is_dark()), key=f"extrapolation_{len(curves.readings)}_{what}", width="content")
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


def _chart(curves: extrapolation.Curves, what: str, dark: bool) -> alt.LayerChart:
    return chart_of(curves.summary(what), curves.trained, list(extrapolation.SCHEMES), what=what, width=700, height=390, dark=dark)


def _live(what: str) -> extrapolation.Curves | None:
    """Trains once it is asked for; what has been read so far is drawn on the way."""
    known = st.session_state.get("_extrapolated")
    if known is not None:
        return known
    asked = st.empty()
    if not st.session_state.get("_extrapolation_wanted"):
        with asked.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(_("Train"), key="train_extrapolation", icon=":material/play_arrow:")
            st.markdown(
                _("{n} toys of {steps} steps each at length {length}: about a minute or two.").format(
                    n=len(extrapolation.TRAINED), steps=extrapolation.SMALL.steps, length=extrapolation.SMALL.length
                )
            )
        if not pressed:
            return None
        st.session_state["_extrapolation_wanted"] = True
        asked.empty()
    place, read = st.empty(), 0

    def work(tell: object) -> extrapolation.Curves:
        def heard(share: float, curves: extrapolation.Curves) -> None:
            nonlocal read
            if len(curves.readings) > read:
                read = len(curves.readings)
                place.altair_chart(_chart(curves, what, is_dark()), width="content")
            tell(share)

        return extrapolation.live(tell=heard)

    found = long_work.run(_("Training"), "extrapolation", work)
    place.empty()
    if found is not None:
        st.session_state["_extrapolated"] = found
    return found


def _recipe(shown: str) -> str:
    made = "extrapolation.shipped()" if shown == "shipped" else "extrapolation.live()"
    return "\n".join(["from explorer.positions import extrapolation", "", f"curves = {made}", "print(curves.summary())"])
