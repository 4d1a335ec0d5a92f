"""On which texts heads are scored, and what is known of them then."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from explorer.capture import Capture
from explorer.i18n import _
from explorer.scores import roles
from explorer.scores.families import Families, of_texts
from explorer.tasks import choose, data
from explorer.ui.common import long_work
from explorer.ui.common.session import escaped, explained
from explorer.ui.common.sidebar import Chosen
from models import Model
from models.errors import ExplorerError

SOURCES = {"text": _("this text"), "own": _("the project's texts"), "file": _("a file")}
LIMIT = 100
"""Texts at first."""
_KEPT = 8
FAMILY_TEXTS = 20
"""Of several texts, so many are used for the distance of all pairs of heads."""


@dataclass(frozen=True)
class Source:
    """Texts, or the capture of the page's own, and a name by which what is computed on them is known."""

    texts: tuple[str | Capture, ...]
    name: str
    digest: str


def choose_source(chosen: Chosen) -> Source | None:
    """Draws the choice; None where there is nothing yet, and the reason is on the page."""
    which = st.selectbox(_("Scored on"), SOURCES, format_func=SOURCES.get, key="scored_on", bind="query-params", width=170)
    if which == "text":
        # The capture, not the string: its second text counts, and it is cut where the page cuts it.
        return Source((chosen.capture,), SOURCES[which], f"capture {chosen.capture.number}")
    limit = st.number_input(_("At most"), 1, 100_000, LIMIT, step=50, key="heads_limit", bind="query-params", width=120)
    if which == "own":
        examples = choose.built_in("classify" if chosen.model.kind == "encoder" else "next")
        return _source(tuple(example.text for example in examples.examples[:limit]), SOURCES[which])
    given = st.file_uploader(_("CSV, TSV, JSONL or text"), ["csv", "tsv", "jsonl", "json", "txt"], key="heads_file")
    if given is None:
        return None
    try:
        examples = data.read(given.getvalue(), given.name, **choose.label_search("next"))
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None
    return _source(tuple(example.text for example in examples.examples[:limit]), escaped(given.name))


def known(model: Model, source: Source, part: str) -> roles.Known | None:
    """Scores, nulls and roles; None where the viewer stopped it or the texts cannot be read."""
    return _kept(("known", model.number, source.digest, part), _("Scoring all heads"), lambda tell: roles.known(model, source.texts, part, tell))


def families(model: Model, source: Source, part: str) -> Families | None:
    """Distances between all heads, likewise."""
    texts = source.texts[:FAMILY_TEXTS]
    return _kept(("families", model.number, source.digest, part), _("Comparing all heads"), lambda tell: of_texts(model, texts, part, tell))


def _source(texts: tuple[str, ...], name: str) -> Source:
    return Source(texts, name, hashlib.sha256(repr(texts).encode()).hexdigest())


def _kept(key: tuple, label: str, work: object) -> object:
    """Kept in this viewer's session, the last few."""
    kept = st.session_state.setdefault("_head_scores", {})
    if key not in kept:
        try:
            found = long_work.run(label, f"heads {hash(key)}", work)
        except ExplorerError as error:
            st.warning(explained(error), icon=":material/edit:")
            return None
        if found is None:
            return None
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = found
    return kept[key]
