"""One head as a map, and the row that a viewer pinned, as bars."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer import export
from explorer.capture import Capture
from explorer.charts.common import bars, heatmap
from explorer.charts.common.picture import Picture
from explorer.i18n import _
from explorer.ui.attention.controls import Controls
from explorer.ui.common import address, pictures
from explorer.ui.common.chosen_head import HeadChoice
from explorer.ui.common.markdown import escaped
from explorer.ui.common.take_away import Figure, picture_files
from explorer.views import View

WIDTH, HEIGHT = 320, 280
"""Room for the cells of a map, in pixels: with what stands above and below, it ends in a window of 1024 x 768, and grows with a larger one."""
_MOST, _ROW = 450, 12
"""Pixels that it may have where a row would get fewer than these otherwise, and its token could not be read."""


def draw(captured: Capture, part: str, choice: HeadChoice, shown: View, how: Controls) -> Figure:
    """The map; a click on a row pins it."""
    identity = (captured.number, part, choice, how, tuple(shown.rows[:1]), tuple(shown.columns[:1]))

    def picked(selection: Mapping[str, list]) -> int | None:
        points = selection.get("query")
        if not points:
            return None
        address.write(q=int(points[0]["q"]))
        return int(points[0]["q"])

    pictures.clickable("map", identity, pinned_query(), lambda first, dark: picture(shown, how, first, dark), picked)
    return map_figure(shown, how, choice)


def map_figure(shown: View, how: Controls, choice: HeadChoice) -> Figure:
    """The map as something to take away, in the light theme, with the pinned row framed."""
    files = picture_files(lambda: picture(shown, how, pinned_query(), False)) | {"csv": lambda: export.csv(shown)}
    return Figure(_("This map"), name(choice), files)


def name(choice: HeadChoice) -> str:
    """Of a head's files."""
    return f"layer{choice[0]}-{'head' if choice[1].isdigit() else ''}{choice[1]}"


def picture(shown: View, how: Controls, pinned: int | None, dark: bool) -> Picture:
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
        gamma=how.gamma,
        width=WIDTH,
        height=min(_MOST, max(200, min(HEIGHT, 34 * len(shown.rows)), _ROW * len(shown.rows))),
        dark=dark,
    )


def pinned_query() -> int | None:
    """Position of the pinned token, from the URL; None where nothing is pinned."""
    return address.number("q", None, 1_000_000)


def _choose_row(shown: View) -> None:
    """The row by name: what a click on it does, for those who use no mouse, and in a text too long to point at."""
    labels = dict(zip(map(int, shown.rows), shown.row_labels, strict=True))
    address.entry(
        st.selectbox,
        _("Row that is pinned"),
        "q",
        None,
        address.among(labels),
        lambda position: None if position is None else str(position),
        options=list(labels),
        format_func=lambda position: f"{position} {labels.get(position, '')}",
        placeholder=_("Pin a row"),
        label_visibility="collapsed",
        width=170,
    )


def pinned_row(shown: View, how: Controls, choice: HeadChoice) -> Figure | None:
    """The pinned row as bars, or how to pin one."""
    pinned = pinned_query()
    row = shown.row(pinned) if pinned is not None else None
    # Side by side: below, the bars would end under the fold.
    with st.container(horizontal=True, vertical_alignment="center", key="pin"):
        if how.view != "neurons":
            _choose_row(shown)
        st.caption(_how_to_pin(how.view) if row is None else _told(shown, row))
    if row is None:
        return None

    def drawn(dark: bool) -> Picture:
        return bars.row_bars(shown.weights[row], shown.column_labels, visible=shown.visible[row], width=455, height=78, dark=dark)

    pictures.draw(drawn(how.dark), "row_bars")
    return Figure(_("The pinned row"), f"{name(choice)}-from{shown.rows[row]}", picture_files(lambda: drawn(False)))


def _how_to_pin(which: str) -> str:
    """What brings a row here, in the view that is shown: only the map can be clicked."""
    if which == "map":
        return _("Click a row of the map, or a token on its left, to pin it here as bars; or choose it by name.")
    return _("Choose a query: its row stands here as bars.") if which == "neurons" else _("Choose a row by name: it stands here as bars.")


def _told(shown: View, row: int) -> str:
    """Which token looks, and how much of its attention is not shown."""
    removed = float(shown.removed[row])
    message = f"{escaped(shown.row_labels[row])} ({_('position')} {shown.rows[row]})"
    if removed > 5e-4:
        gone = _("{share:.1%} of its attention goes to tokens that are not shown").format(share=removed)
        message += f" · {gone}" + (f", {_('the rest is renormalised')}" if shown.renormalised else "")
    return _("From **{token}**").format(token=message)
