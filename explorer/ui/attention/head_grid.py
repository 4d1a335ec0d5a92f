"""All heads at once, and which of them is looked at: by a click, by the arrow keys, by the URL."""

from __future__ import annotations

import altair as alt
import numpy as np
import streamlit as st

from explorer.capture import Capture
from explorer.charts.attention import grid
from explorer.charts.common import thumbnails
from explorer.i18n import _
from explorer.pooling import max_pool
from explorer.ui.common import address

Place = tuple[int, str]
"""Layer, and head as text: "0", "1", .., "mean" or "max"."""

WIDTH, HEIGHT = 475, 540
"""Room for all pictures, in pixels."""


def columns(captured: Capture, part: str) -> list[str]:
    """What stands side by side: the heads, and the two summaries of a layer."""
    return [*map(str, range(max(site.heads for site in captured.sites(part)))), grid.MEAN, grid.MAXIMUM]


def current(captured: Capture, part: str) -> Place:
    """Layer and head that are looked at, as far as this model has them."""
    heads = columns(captured, part)
    if "_place" not in st.session_state:
        st.session_state["_place"] = (address.number("layer", 0, 10_000), address.word("head", "0", heads))
    layer, head = st.session_state["_place"]
    return min(layer, len(captured.sites(part)) - 1), head if head in heads else "0"


def neighbours(captured: Capture, part: str, place: Place) -> Place:
    """Title and four buttons, which the arrow keys press too."""
    heads, n_layers = columns(captured, part), len(captured.sites(part))
    layer, head = place
    at = heads.index(head)
    with st.container(horizontal=True, vertical_alignment="center", key="neighbours"):
        what = _("head {head}").format(head=head) if head.isdigit() else _("{head} over heads").format(head=head)
        st.markdown(f"**{_('Layer')} {layer}, {what}** :small[({_('from 0')})]")
        st.space("stretch")
        moves = [(_("Head"), "Left", 0, -1), (_("Head"), "Right", 0, 1), (_("Layer"), "Up", -1, 0), (_("Layer"), "Down", 1, 0)]
        for label, key, down, right in moves:
            target = (layer + down, at + right)
            possible = 0 <= target[0] < n_layers and 0 <= target[1] < len(heads)
            st.button(
                label,
                key=f"go_{key}",
                shortcut=key,
                disabled=not possible,
                on_click=_go,
                args=((target[0], heads[target[1]]),) if possible else (place,),
            )
    return place


def largest(captured: Capture, part: str) -> float:
    """The largest weight of all heads: what gets the last colour where the colour scale is freed."""
    key = ("largest", part)
    if key not in captured.derived:
        captured.derived[key] = max(float(pooled.max()) for pooled in captured.thumbnails(1, part))
    return captured.derived[key]


def draw(captured: Capture, part: str, place: Place, *, dark: bool, top: float) -> None:
    """The grid. A click changes the place and runs the page's fragment again."""
    drawn = chart(captured, part, _mounted(captured, part, place, dark, top), dark, top)
    key = _key(captured, part, dark, top)
    st.altair_chart(drawn, key=key, on_select=lambda: _picked(key), width="content")


def chart(captured: Capture, part: str, selected: Place, dark: bool, top: float) -> alt.LayerChart:
    """All heads, a frame around the selected one; `top` is the weight that gets the last colour."""
    key = ("grid", part, dark, top)
    # The last one is kept: a click on the grid draws it again as it was.
    if captured.derived.get(key, (None,))[0] != selected:
        captured.derived[key] = (selected, grid.head_grid(_cells(captured, part, dark, top), selected, width=WIDTH, height=HEIGHT, dark=dark))
    return captured.derived[key][1]


def _go(place: Place) -> None:
    st.session_state["_place"] = place
    # A grid under a new key starts with the frame in the new place; under the old one the browser keeps the last click.
    st.session_state["_moves"] = st.session_state.get("_moves", 0) + 1


def _picked(key: str) -> None:
    state = st.session_state.get(key)
    points = state["selection"].get("head") if state else None
    if points:
        st.session_state["_place"] = (int(points[0]["layer"]), str(points[0]["head"]))


def _key(captured: Capture, part: str, dark: bool, top: float) -> str:
    return f"grid_{captured.number}_{part}_{dark}_{top:.3f}_{st.session_state.get('_moves', 0)}"


def _mounted(captured: Capture, part: str, place: Place, dark: bool, top: float) -> Place:
    # The frame's first place is part of the chart; kept while the grid stays, so that a click sends no new grid.
    key = _key(captured, part, dark, top)
    if st.session_state.get("_mounted", ("",))[0] != key:
        st.session_state["_mounted"] = (key, place)
    return st.session_state["_mounted"][1]


def _cells(captured: Capture, part: str, dark: bool, top: float) -> list[grid.Cell]:
    key = ("cells", part, dark, top)
    if key not in captured.derived:
        captured.derived[key] = _made(captured, part, dark, top)
    return captured.derived[key]


def _made(captured: Capture, part: str, dark: bool, top: float) -> list[grid.Cell]:
    queries, keys = captured.queries(part).labels, captured.keys(part).labels

    sites = captured.sites(part)
    # Not one pixel more than is drawn: a browser that makes a picture smaller loses thin lines.
    size = grid.picture_size(grid.cell_size(len(columns(captured, part)), len(sites), WIDTH, HEIGHT)[0])

    def pooled(whole: np.ndarray) -> np.ndarray:
        return max_pool(lambda rows: whole[None, rows], len(queries), len(keys), size)[0]

    cells = []
    for site, pictures in zip(sites, captured.thumbnails(size, part), strict=True):
        seen = pooled(captured.visible(site.layer, part)) > 0
        named = [(str(h), picture) for h, picture in enumerate(pictures)]
        named.append((grid.MEAN, pooled(captured.mean(site.layer, part))))
        named.append((grid.MAXIMUM, pooled(captured.maximum(site.layer, part))))
        for name, picture in named:
            row, column = np.unravel_index(int(picture.argmax()), picture.shape)
            # A pooled pixel stands for several tokens; only where it does not can they be named.
            exact = picture.shape == (len(queries), len(keys))
            ends = (queries[row], keys[column]) if exact else ("", "")
            cells.append(grid.Cell(site.layer, name, thumbnails.encode(picture, seen, dark, top), float(picture.max()), *ends))
    return cells
