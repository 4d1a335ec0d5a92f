"""Sentences with dependency trees, in the CoNLL-U format of Universal Dependencies (https://universaldependencies.org/format.html)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import conllu

from explorer.i18n import _
from models import InputError

OWN = Path(__file__).parent / "treebank" / "mini.conllu"
"""Sentences that were made up and annotated for this project."""


@dataclass(frozen=True)
class Sentence:
    """One tree.

    Attributes:
        words: in order; multiword tokens are taken apart, empty nodes left out.
        heads: number of each word's head, from 0; -1 for the root.
        relations: of each word to its head, with subtype: "nsubj:pass".
    """

    words: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)


def own() -> list[Sentence]:
    """The project's mini-treebank."""
    return read(OWN)


def read(source: Path | str | bytes) -> list[Sentence]:
    """All sentences of a file, or of its content.

    Raises:
        InputError: no such file, not UTF-8, no CoNLL-U, a sentence whose heads make no tree, or no sentence at all.
    """
    if isinstance(source, Path):
        if not source.is_file():
            raise InputError(_("There is no file {path}.").format(path=source), _("Give a CoNLL-U file."))
        source = source.read_bytes()
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(_("This file is not UTF-8 text."), _("Save it as UTF-8.")) from error
    try:
        parsed = conllu.parse(source.replace("\r\n", "\n"))
    except conllu.exceptions.ParseException as error:
        raise InputError(
            _("This is no CoNLL-U: {error}").format(error=str(error)[:200]), _("Ten columns with tabs between them are wanted.")
        ) from error
    # Comments that stand alone are parsed as a sentence without words.
    found = [_sentence(tokens, number) for number, tokens in enumerate(filter(len, parsed), 1)]
    if not found:
        raise InputError(_("There is no sentence in this file."), _("Give a CoNLL-U file."))
    return found


def _sentence(tokens: conllu.TokenList, number: int) -> Sentence:
    words = [token for token in tokens if isinstance(token["id"], int)]
    place = {token["id"]: i for i, token in enumerate(words)}
    heads = []
    for token in words:
        head = token.get("head")
        if token.get("deprel") is None or head is None or (head != 0 and head not in place):
            problem = _("Sentence {number}, word {word}: it has no head or no relation.")
            raise InputError(problem.format(number=number, word=token["id"]), _("Give a treebank with dependencies."))
        heads.append(-1 if head == 0 else place[head])
    for start in range(len(heads)):
        steps, at = 0, start
        while at >= 0 and steps <= len(heads):
            at, steps = heads[at], steps + 1
        if steps > len(heads):
            raise InputError(_("Sentence {number}: its heads go round in a circle.").format(number=number), _("Give trees."))
    return Sentence(tuple(token["form"] for token in words), tuple(heads), tuple(token["deprel"] for token in words))
