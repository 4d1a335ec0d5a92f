"""Which sentences are read, and what all heads predict in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import streamlit as st

from explorer import export
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.syntax import relations, sentences
from explorer.ui.common import address, jobs, uploads
from explorer.ui.common.markdown import explained
from explorer.ui.syntax import syntactic
from models import Model
from models.errors import ExplorerError

SOURCES = {"own": N_("ours, English"), "zh": N_("ours, Chinese"), "file": N_("a CoNLL-U file")}
READINGS = {"halves": N_("chosen on one half, read on the other"), "same": N_("chosen and read on all")}
_CHINESE = {"zh", "chinese"}
"""Words in the names of models that read Chinese."""
LIMIT = 500
"""Sentences at first."""
_LEAST = 3
"""Dependents that a relation needs in each half to be shown."""
_MOST = 18
"""Relations that are shown, the commonest first."""
_READING = 0.02
"""Share of the job that reading the file is, against running its sentences through a model; so little that no time left is told from it."""


@dataclass(frozen=True, eq=False)
class Treebank:
    """Which sentences are wanted; a job reads them.

    Attributes:
        key: what is computed on them is known by it.
        given: the viewer's file; None for our own sentences.
        limit: so many of the file's sentences at most.
        language: of our own sentences.
        opens: the line of Python that opens the model.
    """

    key: Hashable
    given: uploads.Upload | None = None
    limit: int = LIMIT
    language: str = "en"


@dataclass(frozen=True, eq=False)
class Read:
    """What all heads of a model predict in a treebank.

    Attributes:
        identity: no two have the same.
        model: its name.
        file: name of the viewer's file; None where the sentences are our own.
        limit: as many of the file's sentences were read at most.
        more: whether the file has more of them.
        found: what was counted.
        language: of our own sentences.
        opens: the line of Python that opens the model.
    """

    identity: tuple[Hashable, ...]
    model: str
    file: str | None
    limit: int
    more: bool
    found: relations.Syntax
    language: str = "en"
    opens: str = ""

    @property
    def title(self) -> str:
        """The treebank, for a viewer."""
        n = self.found.sentences + self.found.left_out
        if self.file is None:
            if self.language == "zh":
                return _("{n} Chinese sentences made up and annotated for this project").format(n=n)
            return _("{n} sentences made up and annotated for this project").format(n=n)
        return _("{name}, its first {n} sentences").format(name=self.file, n=n) if self.more else self.file

    def table(self, same: bool) -> pd.DataFrame:
        """The relations that are shown, `Syntax.table`; the best heads read where they were chosen, if `same`."""
        table = self.found.table(same=same, least=_LEAST)
        return table[~table["relation"].isin(["punct", "root"])].head(_MOST).reset_index(drop=True)


def choose(model: Model) -> Treebank | None:
    """Draws the choice; None where there is nothing yet, and the reason is on the page. For a model that is named as a Chinese one, Chinese."""
    default = "zh" if _CHINESE & set(re.split(r"[^a-z]+", model.short_name.lower())) else "own"
    source = address.choice(st.segmented_control, _("Treebank"), SOURCES, "treebank", default)
    if source != "file":
        return Treebank(source, language="zh" if source == "zh" else "en")
    limit = int(address.number_input(_("At most"), 2, 100_000, LIMIT, step=100, key="syntax_limit", width=120))
    given = uploads.uploaded(_("CoNLL-U"), ["conllu", "txt"], "conllu", help=_("Any treebank of Universal Dependencies."))
    return None if given is None else Treebank((given.digest, limit), given, limit)


def choose_reading() -> bool:
    """Draws the choice of where the best head is read; True where it is read on the sentences on which it was chosen."""
    return address.choice(st.segmented_control, _("Best head"), READINGS, "reading") == "same"


def read(model: Model, treebank: Treebank) -> jobs.Kept[Read] | None:
    """What all heads predict; what was shown before while it is computed. None where there is nothing to show; the page says why."""
    identity = ("syntax", model.number, treebank.key)

    def work(report: Report) -> tuple[relations.Syntax, bool]:
        known, more = _sentences(treebank, lambda share: report(_READING * share))
        return relations.best_heads(model, known, lambda share: report(_READING + (1 - _READING) * share)), more

    try:
        made = jobs.computed(identity, _("Reading the treebank"), work, replaces="syntax")
    except sentences.TreebankError as error:
        st.error(explained(error), icon=":material/error:")
        return None
    except ExplorerError as error:
        st.info(explained(error), icon=":material/info:")
        return None
    if made is None:
        return jobs.kept("syntax", identity, "", None)
    found, more = made
    syntactic.remember(model.number, found.syntactic())
    shown = Read(
        identity,
        model.name,
        treebank.given.name if treebank.given else None,
        treebank.limit,
        more,
        found,
        treebank.language,
        export.load_line(model),
    )
    return jobs.kept("syntax", identity, f"{model.short_name}: {shown.title}", shown)


def recipe(read: Read, same: bool) -> str:
    """Lines of Python for the table that is shown, which may be of another model and treebank than those that are chosen now."""
    own = f"sentences.own({'' if read.language == 'en' else repr(read.language)})"
    known = own if read.file is None else f"sentences.read(Path({read.file!r}), limit={read.limit})"
    lines = [
        *([] if read.file is None else ["from pathlib import Path", ""]),
        "import models",
        "from explorer.syntax import relations, sentences",
        "",
        read.opens,
        f"found = relations.best_heads(model, {known})",
        f"print(found.table({'same=True' if same else ''}), found.syntactic())",
    ]
    return "\n".join(lines)


def _sentences(treebank: Treebank, progress: Callable[[float], None]) -> tuple[Sequence[sentences.Sentence], bool]:
    """The sentences, and whether the file has more."""
    if treebank.given is None:
        return _own(treebank.language), False
    return sentences.first(treebank.given.data, treebank.limit, progress)


@lru_cache(maxsize=len(sentences.OWN))
def _own(language: str) -> tuple[sentences.Sentence, ...]:
    return tuple(sentences.own(language))
