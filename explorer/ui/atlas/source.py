"""Which atlas is looked at: the shipped one, one that is made here of a file, or one that lies in a folder."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from explorer import export
from explorer.atlas import corpus, growing, in_parts, shipped
from explorer.atlas.atlas import Atlas
from explorer.atlas.corpus import Corpus
from explorer.atlas.options import Options
from explorer.atlas.shards import named
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.tasks.data import Asked
from explorer.ui.atlas import fills
from explorer.ui.common import address, file_choice, jobs, uploads
from explorer.ui.common.markdown import escaped, explained
from models import Model
from models.errors import ExplorerError
from models.opening import allowed, catalogue
from models.paths import typed

SOURCES = {"own": corpus.OWN["en"], "zh": corpus.OWN["zh"], "file": N_("a file"), "folder": N_("a folder")}
OWN = ("own", "zh")
"""Of these, the texts that come with the project."""
PLACE = "atlas"
TOKENS, MOST_TOKENS = 20_000, 200_000
"""Tokens that are read of a file at first, and at most; the command reads on."""
_UNKNOWN = 0.1
"""Share of tokens that a model does not know from which the page says so."""
ENDINGS = list(dict.fromkeys([*file_choice.ENDINGS, *(ending.removeprefix(".") for ending in corpus.TREEBANKS)]))


@dataclass(frozen=True, eq=False)
class Source:
    """Where an atlas comes from.

    Attributes:
        model: that reads.
        corpus: what it reads; None for an atlas of a folder, whose texts are not here.
        tokens: so many at most, None for all.
        key: by which it is known.
        folder: where the atlas lies; None where it is made.
        shards: those of an atlas in the making, which lie there instead of it; None for one that is whole.
        asked: what the viewer said about a file.
        columns: of it that were taken, for a viewer.
        parts: that are read of an atlas that is being made here; None for all of them.
    """

    model: Model
    corpus: Corpus | None
    tokens: int | None
    key: Hashable
    folder: Path | None = None
    shards: growing.There | None = None
    asked: Asked = field(default_factory=Asked)
    columns: str = ""
    parts: int | None = None

    @property
    def identity(self) -> Hashable:
        """All that is drawn of it depends on: `key` stays the same while more of it is read."""
        return (self.key, self.parts)

    @property
    def recipe(self) -> str:
        """Lines of Python that make or open the atlas."""
        if self.shards is not None:
            lines = ["from pathlib import Path", "", "from explorer.atlas import growing", ""]
            lines += [f"atlas = growing.Growing().atlas(growing.there(Path({str(self.folder)!r})))", "print(atlas.heads)"]
            return "\n".join(lines)
        if self.folder is not None and self.corpus is None:
            opening = f"atlas = Atlas.open(Path({str(self.folder)!r}))"
            return "\n".join(["from pathlib import Path", "", "from explorer.atlas.atlas import Atlas", "", opening, "print(atlas.heads)"])
        language = next((name for name, title in corpus.OWN.items() if title == self.corpus.name), None)
        name = "own" if language == "en" else f"own:{language}" if language else self.corpus.name
        module = "making" if self.parts is None else "in_parts"
        lines = ["import models", f"from explorer.atlas import corpus, {module}", "from explorer.atlas.options import Options", ""]
        said = file_choice.as_code(self.asked)
        lines[3:3] = ["from explorer.tasks import choose"] if said else []
        lines += [export.load_line(self.model), f"texts = corpus.named({name!r}{said})"]
        given = f"model, texts, Options(tokens={self.tokens})"
        call = f"making.make({given})" if self.parts is None else f"in_parts.first({given}, {self.parts})"
        return "\n".join([*lines, f"atlas = {call}", "print(atlas.heads)"])


def choose(model: Model) -> Source | None:
    """Draws the choice; None where there is nothing yet, and the page says why."""
    sources = {name: title for name, title in SOURCES.items() if name != "folder" or allowed.NOW.folders}
    # Beside the choice of a part there is less room.
    width = 230 if len(model.parts) == 1 else 180
    which = address.choice(st.selectbox, _("Read on"), sources, "atlas_of", language_of(model), width=width)
    try:
        if which in OWN:
            return own_texts(model, which)
        if which == "folder":
            given = address.entry(st.text_input, _("Folder of an atlas"), "atlas_folder", "", width=260, max_chars=500).strip()
            return _of_folder(model, given) if given else _asks()
        given = uploads.uploaded(_("Text, CSV, JSONL or CoNLL-U"), ENDINGS, "atlas_file", _("One text per line, a column of texts, or trees."))
        if given is None:
            st.caption(_("Give a file, and the model reads it: each of its heads becomes a point."), width=300)
            return None
        tokens = int(address.number_input(_("Tokens at most"), 100, MOST_TOKENS, TOKENS, step=10_000, key="atlas_tokens", width=140))
        if given.name.lower().endswith(corpus.TREEBANKS):
            texts = uploads.parsed(given, "atlas", corpus.treebank)
            return Source(model, texts, tokens, (model.number, given.digest, tokens))
        # Its columns are those of a task that wants texts and nothing else, and are chosen as there.
        examples = file_choice.examples_of(given, "next")
        texts, said = corpus.of_examples(examples), {"asked": file_choice.said(given.digest), "columns": file_choice.taken(examples)}
        return Source(model, texts, tokens, (model.number, given.digest, repr(said["asked"]), tokens), **said)
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None


def own_texts(model: Model, which: str) -> Source:
    """An atlas of the project's own texts, one of `OWN`: that which is shipped, where there is one of this model."""
    name = catalogue.resolve(model.name)
    ready = shipped.DATA / name if name in shipped.names() and which == language_of(model) else None
    return Source(model, corpus.own("zh" if which == "zh" else "en"), None, (model.number, which), ready)


def opened(source: Source, pruned: str = "", place: str = PLACE) -> Atlas | None:
    """The atlas; None while nothing of it is made, and where it cannot be had. The page says which.

    In the first place of the page it is the one of what is read already, as long as it is made and where the viewer stopped that. A second
    atlas is there when it is whole, as what is read of one is no measure of another.

    Args:
        source: where it comes from.
        pruned: heads that are switched off while the corpus is read.
        place: name of the place on the page.
    """
    try:
        if source.shards is not None:
            return fills.opened(source.key, source.shards, place)
        if source.folder is not None and not pruned:
            return shipped.opened(source.folder.name) if source.corpus is not None else Atlas.open(source.folder)
        title = _("Reading {texts} with {model}").format(texts=_(source.corpus.name), model=source.model.short_name)
        options, key = Options(tokens=source.tokens, pruned=pruned), ("atlas", source.key, pruned)

        def work(report: Report) -> Atlas:
            return in_parts.make(key, source.model, source.corpus, options, report)

        return fills.made_here(key, title, work, place) if place == PLACE else jobs.computed(key, title, work, replaces=place)
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None


def as_read(source: Source, atlas: Atlas) -> Source:
    """A source that says how much of it an atlas is of."""
    read = in_parts.of_read(atlas)
    return source if read is None else replace(source, parts=read["parts"][0])


def opens(atlas: Atlas, model: Model) -> str:
    """The name under which the model of an atlas is opened, by who has `model` open."""
    return model.name if atlas.model == named(model) else atlas.model


def describe(atlas: Atlas, source: Source) -> None:
    """What was read, and what of it was not, or not by the model that is open."""
    about, notes = atlas.manifest["corpus"], [f"{escaped(source.columns)}."] if source.columns else []
    read = in_parts.of_read(atlas) or about
    said = {"model": escaped(atlas.model), "texts": escaped(_(about["name"])), "n": read["texts"], "tokens": read["tokens"]}
    st.caption(_("{model} on {texts}: {n:,} texts, {tokens:,} tokens. Attention weights are routing, not importance.").format(**said))
    if atlas.model != named(source.model):
        notes.append(_("This atlas is of {model}, and its links open that model.").format(model=escaped(atlas.model)))
    if read is about and source.corpus is not None and source.tokens is not None and about["texts"] < len(source.corpus.texts):
        told = _("Of {all:,} texts the first {n:,} were read: raise the number of tokens for more.")
        notes.append(told.format(all=len(source.corpus.texts), n=about["texts"]))
    if about["cut_texts"]:
        told = _("{n:,} texts are longer than is read at once and were cut; {tokens:,} tokens were not read.")
        notes.append(told.format(n=about["cut_texts"], tokens=about["unread"]))
    unknown = source.model.tokenizer.unk_token
    if unknown and (share := atlas.share_of(unknown)) >= _UNKNOWN:
        told = _("The model cannot read much of these texts: {share} of their tokens are {token}.")
        notes.append(told.format(share=f"{share:.0%}", token=escaped(unknown)))
    if notes:
        st.caption(f":material/info: {' '.join(notes)}")


def language_of(model: Model) -> str:
    """Which of the project's own texts a model reads at first, of `OWN`."""
    name = catalogue.resolve(model.name)
    return "zh" if name in shipped.CHINESE or "chinese" in name.lower() else "own"


def _of_folder(model: Model, given: str) -> Source | None:
    """An atlas that lies in a folder, or as much of it as is there; then the page looks again and again whether more of it is."""
    folder = typed(given)
    shards = growing.there(folder)
    if shards is not None:
        fills.look_again(folder, shards)
    if shards is not None and not shards.files:
        st.caption(_("Nothing of this atlas is read yet: it is shown as soon as its first part is there."))
        return None
    return Source(model, None, None, ("folder", given, shards), folder, shards)


def _asks() -> None:
    st.caption(_("Name a folder that `python -m explorer atlas` wrote or is writing, or that of its units."))
