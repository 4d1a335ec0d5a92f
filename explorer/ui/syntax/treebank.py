"""Which sentences are read, and what all heads predict in them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import streamlit as st

from explorer import export
from explorer.i18n import N_, _
from explorer.syntax import relations, sentences
from explorer.ui.common import address, jobs, uploads
from explorer.ui.common.markdown import explained
from explorer.ui.syntax import syntactic
from models import Model
from models.errors import ExplorerError

SOURCES = {"own": N_("our mini-treebank"), "file": N_("a CoNLL-U file")}
READINGS = {"halves": N_("chosen on one half, read on the other"), "same": N_("chosen and read on all")}
LIMIT = 500
"""Sentences at first."""
_LEAST = 3
"""Dependents that a relation needs in each half to be shown."""
_MOST = 18
"""Relations that are shown, the commonest first."""


@dataclass(frozen=True)
class Treebank:
    """Sentences, their name for a viewer, and a key by which what is computed on them is known."""

    sentences: tuple[sentences.Sentence, ...]
    title: str
    key: Hashable


@dataclass(frozen=True, eq=False)
class Read:
    """What all heads of a model predict in a treebank.

    Attributes:
        identity: no two have the same.
        model: its name.
        title: of the treebank, for a viewer.
        found: what was counted.
    """

    identity: tuple[Hashable, ...]
    model: str
    title: str
    found: relations.Syntax

    def table(self, same: bool) -> pd.DataFrame:
        """The relations that are shown, `Syntax.table`; the best heads read where they were chosen, if `same`."""
        table = self.found.table(same=same, least=_LEAST)
        return table[~table["relation"].isin(["punct", "root"])].head(_MOST).reset_index(drop=True)


def choose() -> Treebank | None:
    """Draws the choice; None where there is nothing yet, and the reason is on the page."""
    source = address.choice(st.segmented_control, _("Treebank"), SOURCES, "treebank")
    if source == "own":
        return Treebank(_own(), _("{n} sentences made up and annotated for this project").format(n=len(_own())), "own")
    limit = st.number_input(_("At most"), 2, 100_000, LIMIT, step=100, key="syntax_limit", bind="query-params", width=120)
    given = uploads.uploaded(_("CoNLL-U"), ["conllu", "txt"], "conllu", help=_("Any treebank of Universal Dependencies."))
    if given is None:
        return None
    try:
        every = uploads.parsed(given, "treebank", lambda content, _name: tuple(sentences.read(content)))
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None
    return Treebank(every[:limit], given.name, (given.digest, limit))


def choose_reading() -> bool:
    """Draws the choice of where the best head is read; True where it is read on the sentences on which it was chosen."""
    return address.choice(st.segmented_control, _("Best head"), READINGS, "reading") == "same"


def read(model: Model, treebank: Treebank) -> jobs.Kept[Read] | None:
    """What all heads predict; what was shown before while it is computed. None where there is nothing to show; the page says why."""
    identity = ("syntax", model.number, treebank.key)
    try:
        found = jobs.computed(
            identity,
            _("Reading the treebank"),
            lambda report: relations.best_heads(model, treebank.sentences, report),
            replaces="syntax",
        )
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None
    title = f"{model.short_name}: {treebank.title} ({len(treebank.sentences)})"
    made = None
    if found is not None:
        syntactic.remember(model.number, found.syntactic())
        made = Read(identity, model.name, treebank.title, found)
    return jobs.kept("syntax", identity, title, made)


def recipe(model: Model) -> str:
    """Lines of Python for the table."""
    lines = [
        "import models",
        "from explorer.syntax import relations, sentences",
        "",
        export.load_line(model.name),
        "found = relations.best_heads(model, sentences.own())  # or sentences.read(Path('file.conllu'))",
        "print(found.table(), found.syntactic())",
    ]
    return "\n".join(lines)


@lru_cache(maxsize=1)
def _own() -> tuple[sentences.Sentence, ...]:
    return tuple(sentences.own())
