"""The two heads of a line of the graph, side by side: the one that writes, and the one that reads it."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.ui.common import stage
from explorer.ui.common.take_away import Figure
from explorer.ui.weights import choice, one_head
from explorer.ui.weights.graph import SHORT
from explorer.ui.weights.read import Read, surveyed
from models import Model


def draw(model: Model, read: Read, line: choice.Line, look: str, token: int | None, distance: int) -> list[Figure]:
    """Both heads in one look, beside each other; returns what can be taken away. See `one_head.draw`."""
    kind, writer, reader, part = line
    apart, figures = part != read.part, []
    roles = [f"{_(SHORT[of])} · {role}" if apart else role for of, role in zip((part, read.part), choice.roles(kind), strict=True)]
    # Tables of directions are as wide as the room that a stage has beside the graph; there the heads stand one below the other.
    stacked = look == "directions" and stage.is_on()
    with st.container(key="weights_both"):
        first, second = (st.container(), st.container()) if stacked else st.columns(2, gap="small")
    with first, st.container(border=True, key="weights_writer"):
        # A head of another part, whose numbers are not among those of the part that is looked at; there the distance is another one, too.
        kept = surveyed(model, part, read.weights.arriving, "weights writer") if apart else None
        of = read if not apart else kept and kept.what
        if of is not None:
            figures += one_head.draw(of, *writer, look, "writer", roles[0], token, 0 if apart else distance)
    with second, st.container(border=True, key="weights_reader"):
        figures += one_head.draw(read, *reader, look, "reader", roles[1], token, distance)
    return figures
