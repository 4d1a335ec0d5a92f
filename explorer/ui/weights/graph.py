"""Which heads read what others write: the strongest lines over layers."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from explorer import export
from explorer.charts.common.picture import Picture
from explorer.charts.weights.graph import graph
from explorer.i18n import N_, _
from explorer.ui.common import address, pictures, stage
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.weights import choice
from explorer.ui.weights.read import Read
from explorer.weights.composition import KINDS

LINES = {"all": N_("all"), "q": N_("queries (Q)"), "k": N_("keys (K)"), "v": N_("values (V)")}
MOST, FIRST = 80, 20
"""Lines that can be shown, and that are at first."""
_HEIGHT, _LAYER = 260, 34
"""Least height of the picture, and height of a layer, in pixels."""
_HALL = {"width": 338, "height": 250}
"""Room on the stage, in pixels: the opened head is seen beside the graph."""


def controls() -> tuple[tuple[str, ...], int]:
    """Which lines are wanted: their kinds, and how many of the strongest."""
    kind = address.choice(st.segmented_control, _("Lines: what a head reads of one below it"), LINES, "lines")
    most = address.entry(st.slider, _("Strongest lines"), "most", FIRST, lambda word: _number(word), min_value=1, max_value=MOST, width=220)
    return (KINDS if kind == "all" else (kind,)), most


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 4 and 1 <= int(word) <= MOST else None


def draw(read: Read, head: choice.Head, line: tuple[str, choice.Head, choice.Head] | None, kinds: tuple[str, ...], most: int) -> Figure:
    """The graph; a click on a line opens both of its heads, one on a head that head."""
    found = read.survey.composition
    edges = [(edge.kind, edge.writer, edge.reader, edge.value) for edge in found.edges(kinds, most=most)]
    height = max(_HEIGHT, _LAYER * len(found.sizes))

    def picture(chosen: tuple, dark: bool, clickable: bool = True, **room: int) -> Picture:
        room = {"width": 560, "height": height} | room
        return graph(found.sizes, edges, chosen=chosen[0], edge=chosen[1], clickable=clickable, dark=dark, **room)

    chosen = (head, line)
    drawn = partial(picture, **stage.room({}, _HALL))
    pictures.clickable("weights_graph", (read.identity, kinds, most), chosen, drawn, lambda selection: choice.picked(selection, _now(chosen)))
    said = _("Composition of two heads with random weights of this shape: {mean:.3f} ± {spread:.3f}. Lines are what is above its mean.")
    st.caption(said.format(mean=found.random, spread=found.spread))
    table = pd.DataFrame(
        [(kind, f"{a[0]}.{a[1]}", f"{b[0]}.{b[1]}", value) for kind, a, b, value in edges], columns=["kind", "writer", "reader", "above_random"]
    )
    files = picture_files(lambda: picture(chosen, False, False)) | {"csv": lambda: export.table_csv(table, index=False)}
    return Figure(_("Who reads whom"), "composition", files)


def _now(chosen: tuple) -> tuple:
    return chosen
