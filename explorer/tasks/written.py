"""Files of text that are no prose: what each line holds is told by how it is written, whatever the file is called.

fastText's labels, words with their labels (CoNLL), translations with ||| between them, labels behind an @. Read line by line, labels would
be words of the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.i18n import _
from explorer.syntax.words import joined
from explorer.tasks import columns, labels
from explorer.tasks.formats import lines

_FASTTEXT = "__label__"
_BARS = re.compile(r"(?<!\|)\|{3}(?!\|)")
"""What fast_align, awesome-align and Moses write between a sentence and its translation."""
_LINKS = re.compile(r"(\d+[-:p?]\d+(\s+|$))*")
"""An alignment behind them, such as "0-0 1p2"."""
_LABEL_BEHIND = re.compile(r"(.*)@([^@\s]+)\s*")
"""A line of the Financial PhraseBank (Malo et al. 2014)."""
_BREAK = "-DOCSTART-"
"""What begins a document in CoNLL 2003; it is no word."""
_TAG = re.compile(r"O|[BIESLUM](-\S+)?")
"""A label of a word in any of the schemes that mark where something begins (IOB, IOBES, BILOU)."""
_WORD_NAMES = ("token", "tokens", "word", "words", "form", "forms")
_LABEL_NAMES = ("label", "labels", "tag", "tags", "ner", "nertag", "nertags", "pos", "upos", "entity", "bio", "iob")
_NUMBER = re.compile(r"\d+([-.]\d+)?")
_HEAD = re.compile(r"\d+|_")
_TREE_COLUMNS = (8, 10)
"""So many has a word in CoNLL-X and CoNLL-U; the seventh is the number of the word that it hangs on, and the eighth says how."""


@dataclass(frozen=True, eq=False)
class Written:
    """What was found: names of the columns, rows, the line of each from 1, what a viewer should know, and whether lines were words."""

    names: tuple[str, ...]
    rows: list[list[object]]
    lines: list[int]
    note: str
    of_words: bool = False


def known(text: str, table: bool, words: bool = False) -> Written | None:
    """A text read by the way in which its lines are written; None where that is none of those above.

    Args:
        text: of the whole file.
        table: the file is called a table: what would be a row of it with tabs or commas stays one, but for lines of words and |||.
        words: the file is called one of words (.conll): whatever stands beside them, parts of speech too, and it is nothing else.
    """
    if words:
        return _words(text, called=True)
    found = _words(text) or _translations(text)
    return found if table else found or _fasttext(text) or _labels_behind(text)


def blocks(text: str) -> Iterator[list[tuple[int, list[str]]]]:
    """Lines of each sentence of a CoNLL file, with their number from 1, as columns."""
    block: list[tuple[int, list[str]]] = []
    width = next((len(fields(line)) for _number, line in lines(text) if line.strip() and line[0] != "#" and fields(line)[0] != _BREAK), 0)
    for number, line in lines(text):
        found = fields(line)
        if not line.strip() or found[0] == _BREAK:
            if block:
                yield block
            block = []
        elif not _is_comment(line, len(found), width):
            block.append((number, found))
    if block:
        yield block


def fields(line: str) -> list[str]:
    """The columns of a line. A space that does not break, as in "10 000", is part of a word."""
    line = line.strip(" \t") if "\t" not in line.strip(" \t") else line.rstrip(" \t")
    return [field.strip(" ") for field in line.split("\t")] if "\t" in line else re.split(" +", line)


def names_columns(cells: list[str]) -> bool:
    """Whether the columns of a line are what columns of words and of their labels are called."""
    keys = [re.sub(r"[\s_\-.]", "", cell).casefold() for cell in cells]
    return len(keys) > 1 and any(key in _WORD_NAMES for key in keys[:2]) and any(key in _LABEL_NAMES for key in keys[1:])


def _is_comment(line: str, found: int, width: int) -> bool:
    """Whether a line is no word. A word may begin with # ("#happy"), or be one."""
    if not line.startswith("#"):
        return False
    return (line.startswith(("# ", "#\t")) and found != width) or ("\t" not in line and (" = " in line or found == 1))


def _words(text: str, called: bool = False) -> Written | None:
    """The sentences of a file that holds a word and what is said of it on each line; None for any other. `called`: its name says that it does."""
    rows = (fields(line) for _n, line in lines(text) if line.strip() and line[0] != "#")
    first = next((cells for cells in rows if cells[0] != _BREAK and not names_columns(cells)), [""])
    trees = len(first) in _TREE_COLUMNS and bool(_NUMBER.fullmatch(first[0]))
    if len(first) < 2 or not (called or trees or _TAG.fullmatch(first[-1])):
        return None  # as soon as that is seen: most files are prose
    found, tags = list(blocks(text)), set()
    if found and names_columns(found[0][0][1]):
        found = [block for block in (found[0][1:], *found[1:]) if block]
    for block in found:
        for _line, cells in block:
            if len(cells) != len(first) or not (called or trees or _TAG.fullmatch(cells[-1])):
                return None
            tags.add(cells[-1])
        if trees and not _is_tree([cells for _line, cells in block]):
            if not called:
                return None
            trees = False
    if not (called or trees) and ("O" not in tags or len(tags) < 2 or (len(found) == 1 and not _sure(found[0], tags))):
        return None
    if trees:
        note = _("Each line holds a word and its place in a tree, as in CoNLL-U: the texts are the words of each sentence.")
        sentences = [[cells[1] for _line, cells in block if cells[0].isdecimal()] for block in found]
    else:
        note = _("Each line holds a word and its label, as in CoNLL files: the texts are the words of each sentence, without the labels.")
        sentences = [[cells[int(counted(found))] for _line, cells in block] for block in found]
    return Written(("text",), [[joined(words)[0]] for words in sentences], [block[0][0] for block in found], note, of_words=True)


def counted(found: list[list[tuple[int, list[str]]]]) -> bool:
    """Whether the first column counts the words of each sentence, so that the second holds them."""
    running = all([cells[0] for _line, cells in block] == [str(i + 1) for i in range(len(block))] for block in found)
    return running and all(len(cells) > 2 for block in found for _line, cells in block)


def _is_tree(rows: list[list[str]]) -> bool:
    """Whether words are counted and hang on each other, and are no rows of a table that begin with a number."""
    if not all(_NUMBER.fullmatch(cells[0]) and _HEAD.fullmatch(cells[6]) and not labels.is_number(cells[7]) for cells in rows):
        return False
    if any(" " in cell for cells in rows for cell in cells[3:9]):
        return False
    words = [cells for cells in rows if cells[0].isdecimal()]
    return [cells[0] for cells in words] == [str(i + 1) for i in range(len(words))] and any(cells[6] in ("0", "_") for cells in words)


def _sure(block: list[tuple[int, list[str]]], tags: set[str]) -> bool:
    """Whether lines without a blank one between them are words: labels such as B-PER are of words alone, but prose ends in an O, a B or an I,
    too ("blood type O"), classes of texts are called so, and texts hold spaces."""
    return any("-" in tag for tag in tags) and not any(" " in cells[0] for _line, cells in block)


def _translations(text: str) -> Written | None:
    """Sentences and their translations, perhaps with the alignment of their words; or texts and their labels. None for any other text."""
    if "|||" not in text:
        return None
    rows = [(number, [part.strip() for part in _BARS.split(line)]) for number, line in lines(text) if line.strip()]
    width = len(rows[0][1])
    if width not in (2, 3) or any(len(parts) != width for _n, parts in rows):
        return None
    if width == 3 and not all(_LINKS.fullmatch(parts[2]) for _n, parts in rows):
        return None
    names = ["text", "text2", "alignment"][:width]
    if len(rows) > 1 and columns.known(rows[0][1], ()) > 1:
        names, rows = rows[0][1], rows[1:]
    elif width == 2 and (answer := _answers([parts for _n, parts in rows])) is not None:
        names = ["label", "text"] if answer == 0 else ["text", "label"]
    note = _("||| parts a sentence from its translation in each line.")
    if any(columns.is_called_label(name) for name in names) and columns.SOURCE_AND_TARGET[0] not in names:
        note = _("||| parts a text from its label in each line.")
    return Written(tuple(names), [parts for _n, parts in rows], [number for number, _parts in rows], note)


def _answers(rows: list[list[str]]) -> int | None:
    """Which of two columns holds labels or numbers; None where neither does, or both."""
    sides = [[row[i] for row in rows] for i in (0, 1)]
    found = [i for i, side in enumerate(sides) if labels.look_like(side) or all(labels.is_number(cell) for cell in side)]
    return found[0] if len(found) == 1 else None


def _fasttext(text: str) -> Written | None:
    """Lines of labels and a text, as fastText is trained on; None for any other text."""
    rows: list[tuple[int, list[object]]] = []
    for number, line in lines(text):
        if line.strip():
            words = line.split()
            n = next((i for i, word in enumerate(words) if not word.startswith(_FASTTEXT)), len(words))
            if not n or n == len(words):
                return None
            rows.append((number, [", ".join(word.removeprefix(_FASTTEXT) for word in words[:n]), line.split(maxsplit=n)[-1].strip()]))
    note = _("Each line begins with its label, as fastText writes it: __label__.")
    return Written(("label", "text"), [row for _n, row in rows], [n for n, _row in rows], note) if rows else None


def _labels_behind(text: str) -> Written | None:
    """Lines that all end in @ and a word that is known as a label; None for any other text."""
    rows: list[tuple[int, list[object]]] = []
    for number, line in lines(text):
        if line.strip():
            found = _LABEL_BEHIND.fullmatch(line)
            if not found or not labels.is_word(found[2]):
                return None
            rows.append((number, [found[1].strip(), found[2]]))
    note = _("Each line ends with its label, behind an @.")
    return Written(("text", "label"), [row for _n, row in rows], [n for n, _row in rows], note) if rows else None
