"""One head as a map, and the row that a viewer pinned, as bars."""

from __future__ import annotations

import altair as alt
import streamlit as st

from explorer import export
from explorer.capture import Capture
from explorer.charts.common import bars, heatmap
from explorer.i18n import _
from explorer.ui.attention.controls import Controls
from explorer.ui.attention.head_grid import Place
from explorer.ui.common import address, session
from explorer.ui.common.take_away import Figure, pictures
from explorer.views import View

WIDTH, HEIGHT = 350, 450
"""Room for the cells of a map, in pixels."""


def draw(captured: Capture, part: str, place: Place, shown: View, how: Controls) -> Figure:
    """The map; a click on a row pins it."""
    key = f"map_{captured.number}_{part}_{place}_{how}_{shown.rows[0]}_{shown.columns[0]}"
    pinned = _pinned(key)
    # The frame's first place is part of the chart; kept while the map stays, so that a click sends no new map.
    mounted = st.session_state.get("_map", ("", None))
    if mounted[0] != key:
        mounted = st.session_state["_map"] = (key, pinned)
    st.altair_chart(chart(shown, how, mounted[1], how.dark), key=key, on_select="rerun", width="content")
    return map_figure(shown, how, place)


def map_figure(shown: View, how: Controls, place: Place) -> Figure:
    """The map as something to take away, in the light theme, with the pinned row framed."""
    files = pictures(lambda: chart(shown, how, pinned_query(), False)) | {"csv": lambda: export.csv(shown)}
    return Figure(_("This map"), name(place), files)


def name(place: Place) -> str:
    """Of a head's files."""
    return f"layer{place[0]}-{'head' if place[1].isdigit() else ''}{place[1]}"


def chart(shown: View, how: Controls, pinned: int | None, dark: bool) -> alt.LayerChart:
    """The map of what is shown."""
    return heatmap.heatmap(
        shown.weights,
        shown.visible,
        shown.row_labels,
        shown.column_labels,
        row_numbers=shown.rows,
        column_numbers=shown.columns,
        pinned=pinned,
        top=float(shown.weights.max()) if how.scale == "own" else 1.0,
        gamma=0.4 if how.scale == "root" else 1.0,
        width=WIDTH,
        height=min(HEIGHT, max(200, 34 * len(shown.rows))),
        dark=dark,
    )


def pinned_query() -> int | None:
    """Position of the pinned token, from the URL; None where nothing is pinned."""
    return address.number("q", None, 1_000_000)


def pinned_row(shown: View, how: Controls, place: Place) -> Figure | None:
    """The pinned row as bars, or how to pin one."""
    pinned = pinned_query()
    row = shown.row(pinned) if pinned is not None else None
    if row is None:
        st.caption(_("Click a row of the map, or a token on its left, to pin it here as bars."))
        return None
    removed = float(shown.removed[row])
    message = f"{session.escaped(shown.row_labels[row])} ({_('position')} {shown.rows[row]})"
    if removed > 5e-4:
        gone = _("{share:.1%} of its attention goes to tokens that are not shown").format(share=removed)
        message += f" · {gone}" + (f", {_('the rest is renormalised')}" if shown.renormalised else "")
    st.caption(f"{_('From')} **{message}**")

    def drawn(dark: bool) -> alt.Chart:
        return bars.row_bars(shown.weights[row], shown.column_labels, visible=shown.visible[row], width=455, height=100, dark=dark)

    st.altair_chart(drawn(how.dark), key="row_bars", width="content")
    return Figure(_("The pinned row"), f"{name(place)}-from{shown.rows[row]}", pictures(lambda: drawn(False)))


def _pinned(key: str) -> int | None:
    state = st.session_state.get(key)
    points = state["selection"].get("query") if state else None
    if points:
        address.write(q=int(points[0]["q"]))
    return pinned_query()
