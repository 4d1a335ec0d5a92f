"""Which heads this viewer has removed: in the session, in the URL, with undo and redo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import streamlit as st

from explorer.ablation.heads import Head, Heads, parse, write
from explorer.i18n import _
from explorer.ui.common import address
from explorer.ui.common.markdown import escaped
from models import InputError, Model

_UNDO = 200


@dataclass
class PrunedSet:
    """The removed heads and how they came to be.

    Attributes:
        model: number of the model.
        heads: that are removed now.
        before, after: sets for undo and redo.
        boards: counts the boards that the browser has had; after a drag it gets a new one, without the frame of the drag.
        text_of: a set of heads as it stands in the address.
    """

    model: int
    heads: Heads = frozenset()
    before: list[Heads] = field(default_factory=list)
    after: list[Heads] = field(default_factory=list)
    boards: int = 0
    text_of: Callable[[Heads], str] = field(default=lambda heads: "", repr=False)

    def change(self, heads: Iterable[Head]) -> None:
        """Makes these the removed heads."""
        heads = frozenset(heads)
        if heads != self.heads:
            self.before = [*self.before[-_UNDO:], self.heads]
            self.after = []
            self._show(heads)

    def toggle(self, heads: Iterable[Head]) -> None:
        """Removes these heads; brings them back where all of them are removed already."""
        heads = frozenset(heads)
        self.change(self.heads - heads if heads <= self.heads else self.heads | heads)

    def undo(self) -> None:
        """One step back."""
        if self.before:
            self.after.append(self.heads)
            self._show(self.before.pop())

    def redo(self) -> None:
        """One step forward again."""
        if self.after:
            self.before.append(self.heads)
            self._show(self.after.pop())

    def _show(self, heads: Heads) -> None:
        self.heads = heads
        address.write(pruned=self.text_of(heads))


def current(model: Model) -> PrunedSet:
    """This viewer's set for this model, as the address says."""
    found: PrunedSet | None = st.session_state.get("_pruned")
    fresh = found is None or found.model != model.number
    if fresh:
        found = st.session_state["_pruned"] = PrunedSet(model.number, text_of=lambda heads: write(model, heads))
    text = address.read("pruned") or ""
    if text == found.text_of(found.heads):
        return found
    try:
        heads = parse(model, text)
    except InputError as error:
        st.warning(f"{escaped(error.problem)} {_('The address named it; nothing is removed.')}")
        heads = frozenset()
    if heads != found.heads:
        if not fresh:
            # By a link, or by going back in the browser: a step of its own, that can be undone.
            found.before, found.after = [*found.before[-_UNDO:], found.heads], []
        found.heads = heads
    return found
