"""The strongest lines of the head that is looked at, as buttons: whose writing it reads, and who reads what it writes."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import N_, _
from explorer.ui.weights import choice
from explorer.weights.composition import Composition, Edge

_SIDES = ((False, 3, N_("{head} reads most of:")), (True, 2, N_("{head} is read most by:")))
"""Whether the head writes, and how many lines have room in one row."""


def draw(found: Composition, head: choice.Head, kinds: tuple[str, ...], line: choice.Line | None, short: bool = False) -> None:
    """The buttons; each opens the line with both of its heads. The one that is opened is among them, and marked.

    Args:
        found: what the graph draws.
        head: that is looked at.
        kinds: of the lines that are wanted.
        line: that is opened.
        short: without the strengths, for the large letters of the stage.
    """
    opened = None if line is None or line[3] != found.writers else line[:3]
    with st.container(horizontal=True, vertical_alignment="center", key="weights_neighbours", gap="xsmall"):
        for writes, most, said in _SIDES:
            # What heads of another part read is not drawn here.
            if writes and found.writers != found.part:
                continue
            edges = found.of_head(head, kinds, writes=writes, most=most)
            if not writes and opened is not None and opened not in map(_ends, edges):
                edges = [*edges[: most - 1], _edge(found, opened)]
            if edges:
                st.caption(_(said).format(head=f"{head[0]}.{head[1]}"), width="content")
            for edge in edges:
                _button(edge, edge.reader if writes else edge.writer, found, _ends(edge) == opened, short)


def _ends(edge: Edge) -> tuple[str, choice.Head, choice.Head]:
    return edge.kind, edge.writer, edge.reader


def _edge(found: Composition, line: tuple[str, choice.Head, choice.Head]) -> Edge:
    return Edge(*line, float(found.values[line[0]][*line[1], *line[2]] - found.random))


def _button(edge: Edge, other: choice.Head, found: Composition, opened: bool, short: bool) -> None:
    line = (edge.kind, edge.writer, edge.reader, found.writers)
    st.button(
        f"{edge.kind.upper()} {other[0]}.{other[1]}" + ("" if short else f" {edge.value:+.3f}"),
        key=f"neighbour_{edge.kind}_{edge.writer[0]}_{edge.writer[1]}_{edge.reader[0]}_{edge.reader[1]}",
        type="primary" if opened else "secondary",
        on_click=choice.choose,
        args=(edge.reader, line, found.part),
        width="content",
    )
