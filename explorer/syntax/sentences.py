"""Sentences with dependency trees, in the CoNLL-U format of Universal Dependencies (https://universaldependencies.org/format.html)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import conllu

from explorer.i18n import _
from models import InputError

OWN = {name: Path(__file__).parent / "treebank" / file for name, file in (("en", "mini.conllu"), ("zh", "mini_zh.conllu"))}
"""Sentences that were made up and annotated for this project, by language."""
_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel")
"""What stands behind them is not looked at."""
_GLOBAL = "# global.columns = "
"""How a comment begins that names other columns (CoNLL-U Plus)."""
_LINE_END = re.compile(r"\r{0,2}\n|\r")
_SPACES = re.compile(" {2,}")
_AS_THEY_ARE = {name: lambda row, i: row[i] for name in ("xpos", "feats", "deps", "misc")}
"""Taking these apart is most of the work of reading, and nobody looks at them."""


class TreebankError(InputError):
    """A file that is no treebank, or a broken one."""


@dataclass(frozen=True)
class Sentence:
    """One tree, or several where it has several roots.

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


def own(language: str = "en") -> list[Sentence]:
    """The project's mini-treebank of a language of `OWN`."""
    return read(OWN[language])


def read(source: Path | str | bytes, limit: int | None = None) -> list[Sentence]:
    """All sentences of a file, or of its content, or the first ones; what `first` raises is raised here."""
    return first(source, limit)[0]


def first(source: Path | str | bytes, limit: int | None = None, progress: Callable[[float], None] | None = None) -> tuple[list[Sentence], bool]:
    """The first sentences of a file, or of its content, and whether there are more. What comes after them is not read.

    A sentence may have several roots, against the format: old releases of Universal Dependencies and what parsers write have such sentences.

    Args:
        source: a path, or what the file holds.
        limit: so many sentences at most; None for all.
        progress: told the share of the file that is read, after each sentence; what it raises ends the work.

    Raises:
        TreebankError: no such file, not UTF-8, no CoNLL-U, words that are not numbered 1, 2, 3, a word without head or relation, heads that
            go round in a circle, or no sentence at all.
    """
    if isinstance(source, Path):
        if not source.is_file():
            raise TreebankError(_("There is no file {path}.").format(path=source), _("Give a CoNLL-U file."))
        source = source.read_bytes()
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise TreebankError(_("This file is not UTF-8 text."), _("Save it as UTF-8.")) from error
    found: list[Sentence] = []
    # As written on Windows, there twice over, and on old Macs: a file of one endless line would be read as its first word.
    for share, block in _blocks(_LINE_END.sub("\n", source)):
        if limit is not None and len(found) >= limit:
            return found, True
        found.append(_sentence(block, len(found) + 1))
        if progress:
            progress(share)
    if not found:
        raise TreebankError(_("There is no sentence in this file."), _("Give a CoNLL-U file."))
    return found, False


@dataclass(frozen=True)
class _Block:
    """The lines of one sentence, without comments: their numbers in the file, from 1, and the columns that hold for them."""

    numbers: list[int]
    lines: list[str]
    columns: tuple[str, ...]


def _blocks(text: str) -> Iterator[tuple[float, _Block]]:
    """What stands between blank lines, where it is more than comments, and the share of the text that is read with it.

    Words that are numbered from 1 again begin another sentence, also where the blank line is missing.
    """
    columns, seen = _COLUMNS, 0
    numbers, lines, has_word = [], [], False
    # One blank line more, so that the last sentence ends as the others do.
    for number, line in enumerate(chain(io.StringIO(text), ("\n",)), 1):
        seen += len(line)
        stripped = line.strip()
        if stripped.startswith("#"):
            if stripped.startswith(_GLOBAL):
                columns = tuple(stripped[len(_GLOBAL) :].lower().split())
        elif stripped:
            number_of = _id(stripped, columns)
            if has_word and (number_of == "1" or number_of.startswith("1-")):
                yield min(1.0, seen / len(text)), _Block(numbers, lines, columns)
                numbers, lines, has_word = [], [], False
            has_word = has_word or number_of.isdigit()
            numbers.append(number)
            # To its library two spaces are a tab, also within a form beside real tabs.
            lines.append(_SPACES.sub(" ", stripped) if "\t" in stripped else stripped)
        elif lines:
            yield min(1.0, seen / len(text)), _Block(numbers, lines, columns)
            numbers, lines, has_word = [], [], False


def _id(line: str, columns: tuple[str, ...]) -> str:
    """What stands in a line's column of numbers; "" where it has none."""
    fields, at = line.split("\t"), columns.index("id") if "id" in columns else len(columns)
    return fields[at] if at < len(fields) else ""


def _sentence(block: _Block, number: int) -> Sentence:
    try:
        tokens = conllu.parse_token_and_metadata("\n".join(block.lines), block.columns, _AS_THEY_ARE)
    except conllu.exceptions.ParseException as error:
        problem = _("This is no CoNLL-U (sentence {number}, from line {line}): {error}")
        problem = problem.format(number=number, line=block.numbers[0], error=str(error)[:200])
        raise TreebankError(problem, _("Ten columns with tabs between them are wanted.")) from error
    # What has two numbers is a multiword token, "2-3", or an empty node, "4.1".
    rows = [(line, token) for line, token in zip(block.numbers, tokens, strict=True) if not isinstance(token.get("id"), tuple)]
    for wanted, (line, token) in enumerate(rows, 1):
        _check_place(token.get("id"), wanted, number, line)
    heads = [_head(token, len(rows), number, line) for line, token in rows]
    if _circle(heads):
        problem = _("Sentence {number} (from line {line}): its heads go round in a circle.")
        raise TreebankError(problem.format(number=number, line=block.numbers[0]), _("Give trees."))
    return Sentence(tuple(token["form"] for _line, token in rows), tuple(heads), tuple(token["deprel"] for _line, token in rows))


def _check_place(found: int | None, wanted: int, number: int, line: int) -> None:
    """Words are numbered 1, 2, 3: heads are told by these numbers, and would be other words' where one comes twice."""
    where = {"number": number, "line": line, "word": "_" if found is None else found, "wanted": wanted}
    if found is not None and 0 < found < wanted:
        problem = _("Sentence {number}, line {line}: word {word} comes twice, as where two sentences run together.")
        raise TreebankError(problem.format(**where), _("Put an empty line between sentences, and number the words of each 1, 2, 3."))
    if found != wanted:
        problem = _("Sentence {number}, line {line}: word {word} stands where word {wanted} is due.")
        raise TreebankError(problem.format(**where), _("Number the words of each sentence 1, 2, 3, without gaps and in order."))


def _head(token: conllu.Token, n: int, number: int, line: int) -> int:
    """The place of a word's head among the n words, from 0; -1 for the root."""
    head, where = token.get("head"), {"number": number, "line": line, "word": token["id"]}
    if head is None or token.get("deprel") in (None, "", "_"):
        problem = _("Sentence {number}, line {line}, word {word}: it has no head or no relation.")
        raise TreebankError(problem.format(**where), _("Give a treebank with dependencies."))
    if not 0 <= head <= n:
        problem = _("Sentence {number}, line {line}, word {word}: its head is word {head}, which is not there.")
        raise TreebankError(problem.format(**where, head=head), _("Give trees."))
    return head - 1


def _circle(heads: Sequence[int]) -> bool:
    """Whether some word is its own head, over however many others. Each word is walked over once."""
    walked = [-1] * len(heads)
    for start in range(len(heads)):
        at = start
        while at >= 0 and walked[at] < 0:
            walked[at] = start
            at = heads[at]
        # It ended at the root, at a word of an earlier walk, or at one of its own.
        if at >= 0 and walked[at] == start:
            return True
    return False
