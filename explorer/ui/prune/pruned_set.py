"""Which heads this viewer has removed: in the session, in the URL, with undo and redo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import streamlit as st

from explorer.ablation.heads import Head, Heads, parse, write
from explorer.i18n import _
from explorer.ui.common import address
from explorer.ui.common.session import escaped
from models import InputError, Model

_UNDO = 200


@dataclass
class PrunedSet:
    """The removed heads and how they came to be; `moves` counts changes, so that a board can be drawn anew."""

    model: int
    heads: Heads = frozenset()
    before: list[Heads] = field(default_factory=list)
    after: list[Heads] = field(default_factory=list)
    moves: int = 0

    def change(self, heads: Iterable[Head]) -> None:
        """Makes these the removed heads."""
        heads = frozenset(heads)
        self.moves += 1
        if heads != self.heads:
            self.before = [*self.before[-_UNDO:], self.heads]
            self.after = []
            self.heads = heads

    def toggle(self, heads: Iterable[Head]) -> None:
        """Removes these heads; brings them back where all of them are removed already."""
        heads = frozenset(heads)
        self.change(self.heads - heads if heads <= self.heads else self.heads | heads)

    def undo(self) -> None:
        """One step back."""
        if self.before:
            self.after.append(self.heads)
            self.heads = self.before.pop()
            self.moves += 1

    def redo(self) -> None:
        """One step forward again."""
        if self.after:
            self.before.append(self.heads)
            self.heads = self.after.pop()
            self.moves += 1


def current(model: Model) -> PrunedSet:
    """This viewer's set for this model, at first from the URL."""
    found = st.session_state.get("_pruned")
    if found is None or found.model != model.number:
        message = st.query_params.get("pruned", "")
        try:
            found = PrunedSet(model.number, parse(model, message))
        except InputError as error:
            st.warning(f"{escaped(error.problem)} {_('The address named it; nothing is removed.')}")
            found = PrunedSet(model.number)
        st.session_state["_pruned"] = found
    address.write(pruned=write(model, found.heads) or None)
    return found
