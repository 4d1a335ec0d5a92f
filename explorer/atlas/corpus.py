"""The texts that an atlas is read from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from explorer.examples import SENTENCES
from explorer.i18n import N_
from explorer.syntax import sentences
from explorer.syntax.sentences import Sentence
from explorer.syntax.words import joined
from explorer.tasks import choose, data
from explorer.tasks.data import Asked
from models.errors import InputError
from models.paths import is_file, typed
from models.words import told

TREEBANKS = (".conllu", ".conll", ".conllup")
OWN = {"en": N_("the project's texts"), "zh": N_("the project's Chinese texts")}
"""Texts that come with the project, by language."""


@dataclass(frozen=True)
class Text:
    """One text; `target` is what a decoder is given beside it, "" where that is generated; `sentence` its tree, where somebody drew one."""

    text: str
    target: str = ""
    sentence: Sentence | None = None


@dataclass(frozen=True)
class Corpus:
    """Texts in their order.

    Attributes:
        name: for a viewer.
        texts: none of them empty.
        notes: what a viewer should know.
    """

    name: str
    texts: tuple[Text, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """sha256 of all that is read."""
        made = hashlib.sha256()
        for text in self.texts:
            tree = () if text.sentence is None else (*text.sentence.heads, *text.sentence.relations)
            made.update(repr((text.text, text.target, tree)).encode())
        return made.hexdigest()

    def first(self, limit: int | None) -> Corpus:
        """The first texts. Raises InputError for a limit below 1."""
        if limit is not None and limit < 1:
            raise InputError(told("At least one text must be read."), told("Raise the limit."))
        return self if limit is None else replace(self, texts=self.texts[:limit])


@lru_cache(len(OWN))
def own(language: str = "en") -> Corpus:
    """The project's own texts: its treebank, and for English its labelled sentences, its story and the examples of the pages.

    All of them were written for this project, so that atlases of them, which hold what was read, may be given to anybody.
    """
    found = [_of_tree(sentence) for sentence in sentences.own(language)]
    if language == "en":
        plain = [example.text for kind in ("classify", "next") for example in choose.built_in(kind).examples]
        found += [Text(text) for text in plain] + [Text(example.text) for example in SENTENCES if example.text.isascii()]
    return _made(OWN[language], found)


def treebank(given: bytes | Path, name: str, limit: int | None = None) -> Corpus:
    """The sentences of a CoNLL-U file, with their trees. Raises TreebankError."""
    return _made(name, [_of_tree(sentence) for sentence in sentences.read(given, limit)])


def of_file(given: bytes | Path, name: str, asked: Asked | None = None, limit: int | None = None) -> Corpus:
    """A text file, CSV, TSV, JSON, JSONL or CoNLL-U; a second column of texts is the targets. Raises InputError."""
    if name.lower().endswith(TREEBANKS):
        return treebank(given, name, limit)
    return of_examples(data.read(given, name, replace(asked or Asked(), label=""))).first(limit)


def of_examples(examples: data.Examples) -> Corpus:
    """Examples of a task, without what they are labelled with. Raises InputError where no text is left."""
    return _made(examples.name, [Text(one.text, one.pair) for one in examples.examples], examples.notes)


def named(name: str | None, asked: Asked | None = None, limit: int | None = None, progress: Callable[[float], object] | None = None) -> Corpus:
    """A corpus by what stands behind --data: a file, "hub:owner/name", "own", "own:zh"; the project's own texts where there is nothing.

    Raises:
        InputError: no such file or data set, or one that cannot be read.
    """
    if limit is not None and limit < 1:
        raise InputError(told("At least one text must be read."), told("Raise the limit."))
    where, _colon, language = (name or "own").partition(":")
    if where == "own" and (language or "en") in OWN:
        return own(language or "en").first(limit)
    if name.startswith(choose.HUB):
        how = {"limit": limit or 100_000, "asked": replace(asked or Asked(), label=""), "progress": progress}
        return of_examples(data.hub(name.removeprefix(choose.HUB), **how))
    path = typed(name)
    if not is_file(path):
        raise InputError(told("There is no file {path}.", path=path), told("Give a text, CSV, JSONL or CoNLL-U file, or hub:owner/name."))
    return of_file(path, path.name, asked, limit)


def _of_tree(sentence: Sentence) -> Text:
    return Text(joined(sentence.words)[0], sentence=sentence)


def _made(name: str, texts: Sequence[Text], notes: Sequence[str] = ()) -> Corpus:
    kept = tuple(text for text in texts if text.text.strip())
    if not kept:
        raise InputError(told("{name} holds no text.", name=name), told("Give a file with one text per line."))
    return Corpus(name, kept, tuple(notes))
