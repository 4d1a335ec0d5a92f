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
from explorer.ui.weights import choice, neighbours
from explorer.ui.weights.read import Read
from explorer.weights.composition import KINDS, Composition

LINES = {"all": N_("all"), "q": N_("queries (Q)"), "k": N_("keys (K)"), "v": N_("values (V)")}
SHORT = {"encoder": N_("encoder"), "decoder": N_("decoder"), "cross": N_("cross")}
"""Parts, beside a layer."""
MOST, FIRST = 80, 20
"""Lines that can be shown, and that are at first."""
_HEIGHT, _LAYER = 260, 34
"""Least height of the picture, and height of a layer, in pixels."""
_HALL = {"width": 338, "height": 250}
"""Room on the stage, in pixels: the opened head is seen beside the graph."""
_LOW = 225
"""Its height there below another choice."""


def controls() -> tuple[tuple[str, ...], int]:
    """Which lines are wanted: their kinds, and how many of the strongest."""
    kind = address.choice(st.segmented_control, _("Lines: what a head reads of one below it"), LINES, "lines")
    most = address.entry(st.slider, _("Strongest lines"), "most", FIRST, lambda word: _number(word), min_value=1, max_value=MOST, width=150)
    return (KINDS if kind == "all" else (kind,)), most


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 4 and 1 <= int(word) <= MOST else None


def draw(read: Read, found: Composition, head: choice.Head, line: choice.Line | None, kinds: tuple[str, ...], most: int) -> Figure:
    """The graph of what is composed; a click on a line opens both of its heads, one on a head that head."""
    apart = found.writers != found.part
    edges = [(edge.kind, edge.writer, edge.reader, edge.value) for edge in found.edges(kinds, most=most)]
    more = () if line is None or line[3] != found.writers or line[:3] in [edge[:3] for edge in edges] else line[:3]
    if more:
        # What is opened is drawn, also where it is none of the strongest.
        edges.append((*more, max(0.0, float(found.values[more[0]][*more[1], *more[2]] - found.random))))
    above = tuple(site.heads for site in read.weights.sites(found.writers)) if apart else ()
    names = tuple(_(SHORT[part]) for part in (found.writers, found.part)) if apart else ("", "")
    height = max(_HEIGHT, _LAYER * len([*above, *found.sizes]))

    def picture(chosen: tuple, dark: bool, clickable: bool = True, **room: int) -> Picture:
        of = chosen[1] if chosen[1] and chosen[1][3] == found.writers else None
        how = {"writers": above, "names": names, "chosen": chosen[0], "edge": of and of[:3], "clickable": clickable, "dark": dark}
        return graph(found.sizes, edges, **how, **{"width": 560, "height": height} | room)

    chosen, shown = (head, line), (read.identity, found.writers, kinds, most, more)
    # Of an encoder-decoder the choice of what is written stands above the graph, which then has to be lower.
    lower = {"height": _LOW} if read.weights.model.kind == "encoder-decoder" else {}
    drawn = partial(picture, **stage.room(_HALL | lower))
    pictures.clickable("weights_graph", shown, chosen, drawn, lambda selection: choice.picked(selection, chosen, found))
    if not edges:
        st.caption(_("No line: none of these heads reads what those write more than random weights would, in the way that is chosen."))
    # On the stage they stand beside the graph, which fills the window.
    if not stage.is_on():
        neighbours.draw(found, head, kinds, line)
    said = _("Composition of two heads with random weights of this shape: {mean:.3f} ± {spread:.3f}. Lines are what is above its mean.")
    st.caption(said.format(mean=found.random, spread=found.spread))
    table = pd.DataFrame(
        [(kind, f"{a[0]}.{a[1]}", f"{b[0]}.{b[1]}", value) for kind, a, b, value in edges], columns=["kind", "writer", "reader", "above_random"]
    )
    files = picture_files(lambda: picture(chosen, False, False)) | {"csv": lambda: export.table_csv(table, index=False)}
    return Figure(_("Who reads whom"), f"composition-of-{found.writers}" if apart else "composition", files)
