"""The same model over other texts: which there are to hold an atlas against, by name, and a file that is given for it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from explorer.atlas import corpus, shipped
from explorer.atlas.atlas import Atlas
from explorer.atlas.corpus import Corpus
from explorer.i18n import N_, _
from explorer.tasks import choose as tasks
from explorer.tasks import data
from explorer.tasks.data import Asked
from explorer.ui.atlas import source as sources
from explorer.ui.atlas.source import Source
from explorer.ui.common import address, file_choice, uploads
from explorer.ui.common.markdown import shortened
from models.opening import catalogue

FILE = N_("another file")
_PLACE = "second texts"
_MOST = 8
"""Texts of this session that are offered."""


@dataclass(frozen=True)
class _Read:
    """Texts that an atlas was made of in this session, without the model that read them: it may be closed meanwhile."""

    corpus: Corpus
    tokens: int | None
    key: tuple
    asked: Asked
    columns: str


def remember(source: Source) -> None:
    """Of an atlas that the page has made and shows: its texts are offered from now on."""
    if source.corpus is None or source.parts is not None or source.corpus.name in corpus.OWN.values():
        return
    kept = _kept()
    word = _word(source.corpus, source.tokens)
    kept.pop(word, None)
    kept[word] = _Read(source.corpus, source.tokens, source.key[1:], source.asked, source.columns)
    while len(kept) > _MOST:
        kept.pop(next(iter(kept)))


def choose(atlas: Atlas, source: Source) -> tuple[Atlas, str, tuple] | None:
    """Draws the choice of texts; an atlas of them, their name and its key, or None where there is none yet, and the page says why.

    The atlas that is shipped is opened, and one that the page made is there; of all others the model that is open makes one.

    Raises:
        ExplorerError: texts that cannot be read.
    """
    model = source.model
    if atlas.manifest["model"]["sha256"] != model.fingerprint:
        if (ready := _shipped(atlas)) is not None:
            return ready, _(ready.manifest["corpus"]["name"]), ("shipped", ready.model)
        st.caption(_("Open {model} to read other texts with it.").format(model=f"`{atlas.model}`"))
        return None
    found: dict[str, Source] = {}
    for which in dict.fromkeys([sources.language_of(model), *sources.OWN]):
        found[which] = sources.own_texts(model, which)
    for word, read in reversed(_kept().items()):
        found[word] = Source(model, read.corpus, read.tokens, (model.number, *read.key), asked=read.asked, columns=read.columns)
    now = (atlas.manifest["corpus"]["sha256"], atlas.manifest["options"]["tokens"])
    found = {word: one for word, one in found.items() if (one.corpus.digest, one.tokens) != now}
    names = [*found, "file"]
    word = address.entry(
        st.selectbox,
        _("Other texts"),
        "atlas_second_texts",
        names[0],
        address.among(names),
        options=names,
        format_func=lambda name: _(FILE) if name == "file" else shortened(_(found[name].corpus.name), 40),
        width=230,
    )
    second = _of_file(source) if word == "file" else found[word]
    made = None if second is None else sources.opened(second, place=_PLACE)
    if made is None:
        return None
    remember(second)
    return made, _(second.corpus.name), ("texts", second.key)


def _shipped(atlas: Atlas) -> Atlas | None:
    """That of the same model over other texts than those of an atlas, where one is shipped."""
    name = catalogue.resolve(atlas.model)
    ready = shipped.opened(name) if name in shipped.names() else None
    if ready is None or ready.manifest["model"]["sha256"] != atlas.manifest["model"]["sha256"]:
        return None
    return None if ready.manifest["corpus"]["sha256"] == atlas.manifest["corpus"]["sha256"] else ready


def _of_file(source: Source) -> Source | None:
    model = source.model
    given = uploads.uploaded(
        _("Text, CSV, JSONL or CoNLL-U"), sources.ENDINGS, "atlas_second_file", _("One text per line, a column of texts, or trees.")
    )
    if given is None:
        st.caption(_("Give a file, and the same model reads it: heads that do something else on it stand out."), width=300)
        return None
    if given.name.lower().endswith(corpus.TREEBANKS):
        return Source(model, uploads.parsed(given, "atlas", corpus.treebank), sources.TOKENS, (model.number, given.digest, sources.TOKENS))
    asked = file_choice.said(given.digest)
    how = tasks.told("next", asked)
    examples = uploads.parsed(given, repr(("next", asked)), lambda content, name: data.read(content, name, **how))
    key = (model.number, given.digest, repr(asked), sources.TOKENS)
    return Source(model, corpus.of_examples(examples), sources.TOKENS, key, asked=asked, columns=file_choice.taken(examples))


def _word(texts: Corpus, tokens: int | None) -> str:
    return f"{texts.digest[:12]}-{tokens}"


def _kept() -> dict[str, _Read]:
    return st.session_state.setdefault("_texts_of_atlases", {})
