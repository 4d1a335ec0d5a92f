"""On which texts heads are scored."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import N_, _
from explorer.tasks import choose, data
from explorer.ui.common import address, file_choice
from explorer.ui.common.markdown import explained
from explorer.ui.common.sidebar import Chosen
from models.errors import ExplorerError

SOURCES = {"text": N_("this text"), "own": N_("the project's texts"), "file": N_("a file")}
LIMIT = 100
"""Texts at first."""


@dataclass(frozen=True)
class Source:
    """Texts, or the capture of the page's own.

    Attributes:
        texts: strings, or one capture.
        title: for a viewer.
        key: by which what is computed on them is known.
    """

    texts: tuple[str | Capture, ...]
    title: str
    key: Hashable

    @property
    def captured(self) -> bool:
        """Whether it is the text of the page, which was read already."""
        return isinstance(self.texts[0], Capture)


def choose_source(chosen: Chosen) -> Source | None:
    """Draws the choice; None where there is nothing yet, and the reason is on the page."""
    which = address.choice(st.selectbox, _("Scored on"), SOURCES, "scored_on", width=170)
    if which == "text":
        # The capture, not the string: its second text counts, and it is cut where the page cuts it.
        return Source((chosen.capture,), _(SOURCES[which]), ("capture", chosen.capture.number))
    limit = address.number_input(_("At most"), 1, 100_000, LIMIT, step=50, key="heads_limit", width=120)
    if which == "own":
        kind = "classify" if chosen.model.kind == "encoder" else "next"
        return Source(_texts(choose.built_in(kind), limit), _(SOURCES[which]), (kind, limit))
    given = file_choice.upload("heads_file")
    if given is None:
        return None
    try:
        examples = file_choice.examples_of(given, "next")
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None
    return Source(_texts(examples, limit), given.name, (given.digest, examples.read, limit))


def _texts(examples: data.Examples, limit: int) -> tuple[str, ...]:
    return tuple(example.text for example in examples.examples[:limit])
