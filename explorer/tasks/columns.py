"""Which column is the text, which the label, which the second text: by name, else by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from explorer.i18n import _
from explorer.tasks import labels
from models.errors import InputError

PAIRS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("text1", "text2"), ("texta", "textb")),
    *(("sentencea", "sentenceb"), ("question", "sentence"), ("question", "passage"), ("question", "context"), ("query", "passage")),
    *(("text", "text2"), ("sentence", "sentence2"), ("src", "tgt"), ("prompt", "completion"), ("document", "summary"), ("article", "summary")),
    *(("article", "highlights"), ("input", "output"), ("sourcetext", "targettext"), ("srctext", "tgttext"), ("原文", "译文")),
    ("#1string", "#2string"),  # MRPC's "#1 String"
)
_TWINS = (
    *((f"(?<=.){one}$", two, three) for one, two, three in (("1", "2", "3"), ("a", "b", "c"), ("one", "two", "three"), ("left", "right", ""))),
    *((f"^{one}(?=.)", two, three) for one, two, three in (("left", "right", ""), ("first", "second", "third"), ("src", "tgt", ""))),
)
"""What a second column of texts is called beside the first (sent_2, right_text, second_sentence), and a third, beside which there is no pair.

Columns that are called "one" and "two" and nothing else may be anything."""
SOURCE_AND_TARGET = ("source", "target")
"""A pair where no label is wanted; "target" alone is a label."""
_CODES = "ar bg bn cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv sw ta th tr uk ur vi zh"
_SPOKEN = (
    "arabic bulgarian chinese czech danish dutch english finnish french german greek hebrew hindi hungarian indonesian italian japanese "
    "korean norwegian persian polish portuguese romanian russian spanish swedish thai turkish ukrainian vietnamese 英文 中文 英语 汉语 日文"
)
LANGUAGES = frozenset([*_CODES.split(), *_SPOKEN.split()])
"""Codes of ISO 639-1, and names. Two columns that are called so ("en", "English", "sentence_en") are a text and its translation."""
_OF_LANGUAGES = ("sentence", "text", "sent", "translation")
_TRANSLATION = "translation"
"""What the hub calls an object that holds a text in several languages, whatever their codes."""
TEXTS = (
    *("sentence", "text", "review", "content", "sentence1", "premise", "question", "question1", "text1", "reviewtext", "body"),
    *("comment", "tweet", "document", "utterance", "message", "headline", "phrase", "input", "query", "passage", "context", "title"),
)
LABELS = (
    *("label", "labels", "sentiment", "class", "target", "gold", "goldlabel", "category", "polarity", "stars", "rating"),
    *("score", "emotion", "intent", "topic", "y", "coarselabel", "finelabel", "labeltext"),
    *("isduplicate", "quality"),  # QQP, MRPC
)
_KNOWN = {*TEXTS, *LABELS, *(name for pair in (*PAIRS, SOURCE_AND_TARGET) for name in pair)}
_NUMBERING = {"id", "idx", "index", "number", "no", "row", "guid", "uid", "pairid", ""}
_OF_ID = re.compile(r"(?:(?:^|[\W_\dq])(?i:id)|[a-z]Id|ID)\d*")
"""How columns end that count rows or what they come from: qid1, "#1 ID", sentence_id, PhraseId."""
_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)?|level_\d+")
"""What pandas calls a column that counts rows, once it has written and read it."""
_ADDRESS = re.compile(r"(\w+://|www\.)\S+|[^\s@]+@[^\s@]+|[0-9a-fA-F]{8}[0-9a-fA-F-]{8,}")
"""Of a page, of a person, or a sum of bytes."""
_DAYS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
_OF_TIME = re.compile(rf"\d[\d:/.+-]*(T[\d:.+-]+)?(Z|st|nd|rd|th)?|(?i:({_DAYS})[a-z]{{0,6}}\.?)|[AaPp]\.?[Mm]\.?|[A-Z]{{3,4}}|[+-]\d+")
"""A part of a time: a date, an hour, a month, a zone."""
_LONGEST_NAME = 80  # characters; what is longer in a first row is a text


@dataclass(frozen=True)
class Choice:
    """Columns by number from 0; None where there is none. `guessed` tells which were not named by a known name."""

    text: int
    label: int | None
    pair: int | None
    guessed: tuple[str, ...] = ()


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]], asked: Sequence[str]) -> bool:
    """Whether a first row names the columns rather than being an example.

    Args:
        first: its cells.
        rest: the rows below it.
        asked: names that the caller expects.
    """
    if _is_numbered(first, rest):
        return True
    if not _could_name(first):
        return False
    named = known(first, asked)
    if named > 1:
        return True
    labelled = _labelled(first, rest)
    if _carries(first, rest, labelled):
        return False
    if named:
        return True
    # Unknown names: short words above a column of labels that is none of them.
    short = all(len(cell.split()) <= 3 for cell in first)
    return short and any(is_label and not labels.is_word(cell) for is_label, cell in zip(labelled, first, strict=True))


def is_example(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether a first row is seen to be an example: it holds a number, a long text, or one of the labels of the rows below it."""
    return not _is_numbered(first, rest) and (not _could_name(first) or _carries(first, rest, _labelled(first, rest)))


def _is_numbered(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether a first row counts the columns from 0, as pandas does where nobody has named them, above texts."""
    cells = [cell.strip() for cell in first]
    counted = cells[1:] if cells[0] == "" else cells  # pandas writes numbers of rows below no name
    texts = any(" " in cell.strip() and not labels.is_number(cell) for row in rest for cell in row)
    return len(counted) > 1 and counted == [str(i) for i in range(len(counted))] and texts


def _carries(first: Sequence[str], rest: Sequence[Sequence[str]], labelled: Sequence[bool]) -> bool:
    """Whether a first row carries one of the labels of the rows below it."""
    columns = [i for i, is_label in enumerate(labelled) if is_label]
    return any(first[i].strip() in {row[i].strip() for row in rest if i < len(row)} for i in columns)


def _labelled(first: Sequence[str], rest: Sequence[Sequence[str]]) -> list[bool]:
    """Whether what stands below each cell of a first row looks like labels."""
    below = [[row[i] for row in rest if i < len(row)] for i in range(len(first))]
    return [len(first) > 1 and bool(values) and labels.look_like(values) for values in below]


def known(first: Sequence[str], asked: Sequence[str]) -> int:
    """How many cells of a first row are names of columns that are known, or asked for; 0 where one can be no name."""
    expected = _KNOWN | {_key(name) for name in asked if not name.isdigit()}
    if not _could_name(first):
        return 0
    languages = [cell for cell in first if _is_language(cell)]
    return sum(_key(cell) in expected for cell in first) + (len(languages) if len(languages) > 1 else 0)


def _could_name(first: Sequence[str]) -> bool:
    # pandas calls columns that nobody has named 0, 1, ..: beside names that are known, numbers are names, too.
    sure = sum(_key(cell) in _KNOWN for cell in first) > 1
    return not any((labels.is_number(cell) and not sure) or len(cell) > _LONGEST_NAME for cell in first)


def _counts(name: str) -> bool:
    """Whether a column is called as what counts rows is: it holds no labels."""
    bare = labels.bare(name)
    return _key(name) in _NUMBERING or bool(_UNNAMED.fullmatch(bare)) or any(found.end() == len(bare) for found in _OF_ID.finditer(bare))


def unnamed(column: int) -> str:
    """What a column is called that has no name."""
    return _("column {number}").format(number=column + 1)


def _is_count(values: Sequence[object]) -> bool:
    return [str(value).strip() for value in values] in ([str(i + start) for i in range(len(values))] for start in (0, 1))


def is_called_label(name: str) -> bool:
    """Whether a column is called as columns of labels are."""
    return _key(name) in LABELS


def is_signed(name: str) -> bool:
    """Whether a column is called as what is for or against something is: -1 and "-" are classes of it."""
    return _key(name) in ("sentiment", "polarity", "stance", "opinion", "attitude")


def choose(
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    text: str | None = None,
    label: str | None = None,
    pair: str | None = None,
    looks_right: Callable[[Sequence[object]], bool] = labels.look_like,
) -> Choice:
    """The columns to read.

    Args:
        names: of the columns.
        rows: (row, column).
        text, label, pair: a name or a number from 1; None to guess; "" for no label or no pair.
        looks_right: whether a column looks like labels, where none is called so.

    Raises:
        InputError: no such column, one column for two purposes, no column of texts.
    """
    taken = {role: asked(names, wanted) for role, wanted in (("text", text), ("label", label), ("pair", pair)) if wanted}
    doubly = [role for role in taken if list(taken.values()).count(taken[role]) > 1]
    if doubly:
        message = _("Column {column} cannot be {one} and {two} at once.")
        raise InputError(message.format(column=f'"{names[taken[doubly[0]]]}"', one=doubly[0], two=doubly[1]), _("Choose two columns."))
    free = {_key(name): i for i, name in reversed(list(enumerate(names))) if i not in taken.values()}
    guessed = []
    if pair is None:
        _guess_pair(taken, free, names, rows, labelled=label != "")
    _guess_name(taken, free, "text", TEXTS)
    if label is None:
        _guess_name(taken, free, "label", LABELS)
    if label is None and "label" not in taken:
        found = _labels_by_value(names, rows, taken, looks_right)
        if found is not None:
            taken["label"] = found
            guessed.append("label")
    if "text" not in taken:
        taken["text"] = _texts_by_length(names, rows, taken)
        guessed.append("text")
    return Choice(taken["text"], taken.get("label"), taken.get("pair"), tuple(guessed))


def names_of(names: Sequence[str], choice: Choice) -> int | None:
    """The column that holds what the classes are called whose numbers are in the column of labels, such as label_text beside label."""
    if choice.label is None:
        return None
    wanted = {f"{of}{ending}" for of in ("label", _key(names[choice.label])) for ending in ("text", "name", "str")}
    used = (choice.text, choice.label, choice.pair)
    return next((i for i, name in enumerate(names) if i not in used and _key(name) in wanted), None)


def are_translations(name: str, keys: Sequence[str]) -> bool:
    """Whether a field that is an object holds a text and its translations, by their languages."""
    return len(keys) > 1 and (name == _TRANSLATION or all(key.casefold() in LANGUAGES for key in keys))


def _is_language(name: str) -> bool:
    """Whether a column is called as a language is, perhaps with "text" or "sentence" before or behind it."""
    if name.startswith(f"{_TRANSLATION}."):
        return True
    parts = [part for part in re.split(r"[\s_\-.]+", name.strip().casefold()) if part not in _OF_LANGUAGES]
    return len(parts) == 1 and parts[0] in LANGUAGES


def _key(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "", labels.bare(name)).casefold()


def asked(names: Sequence[str], wanted: str) -> int:
    """A column by its number from 1, or by its name. Raises InputError where there is none.

    The number goes first: it is what a viewer chooses by, also where columns are called 0, 1, .."""
    wanted = wanted.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    for match in (lambda name: name == wanted, lambda name: _key(name) == _key(wanted)):
        for i, name in enumerate(names):
            if match(name):
                return i
    there = ", ".join(f'"{name}" ({i})' for i, name in enumerate(names, 1))
    raise InputError(_('There is no column "{name}".').format(name=wanted), _("There are {columns}.").format(columns=there))


def _guess_pair(taken: dict[str, int], free: dict[str, int], names: Sequence[str], rows: Sequence[Sequence[object]], labelled: bool) -> None:
    # "id" is Indonesian, and what a column is called that counts rows: by numbers, or words with numbers in them.
    numbering = {name for i, name in enumerate(names) if _counts(name) and _number_rows([str(row[i]).strip() for row in rows])}
    spoken = [_key(name) for name in names if _is_language(name) and name not in numbering]
    more = () if labelled else (SOURCE_AND_TARGET,)
    for one, two in (*PAIRS, *more, *([tuple(spoken)] if len(spoken) == 2 else [])):
        has_one = _key(names[taken["text"]]) == one if "text" in taken else one in free
        if has_one and two in free:
            taken.setdefault("text", free.get(one, -1))
            taken["pair"] = free[two]
            for key in (one, two):
                free.pop(key, None)
            return
    nameless = {_key(unnamed(i)) for i in range(len(names))}
    # Beside a column that is called as texts are, others hold something else: two answers to choose from, two remarks.
    known = [name for name in TEXTS if name in free][:1]
    for one in [_key(names[taken["text"]])] if "text" in taken else known or [name for name in free if name not in nameless]:
        two = next((twin for twin in _twins(one, free) if twin not in nameless), None)
        first = taken.get("text", free.get(one, -1))
        if two is not None and all(_holds_texts([row[i] for row in rows]) for i in (first, free[two])):
            taken["text"], taken["pair"] = first, free[two]
            for key in (one, two):
                free.pop(key, None)
            return


def _twins(one: str, free: Mapping[str, int]) -> Iterator[str]:
    """Columns that are called as the second text is whose first is called so."""
    for first, second, third in _TWINS:
        two = re.sub(first, second, one)
        if two != one and two in free and not (third and re.sub(first, third, one) in free):
            yield two


def _number_rows(values: Sequence[str]) -> bool:
    return not any(" " in value for value in values) and any(char.isdigit() for value in values for char in value)


def _holds_texts(values: Sequence[object]) -> bool:
    """Whether a column is seen to hold texts of several words in each row, and no labels."""
    texts = all(isinstance(value, str) and value.strip() for value in values) and not _no_prose(values) and not labels.look_like(values)
    return texts and 2 * sum(" " in value.strip() for value in values) >= len(values)


def _guess_name(taken: dict[str, int], free: dict[str, int], role: str, known: Sequence[str]) -> None:
    found = next((name for name in known if name in free), None)
    if role not in taken and found is not None:
        taken[role] = free.pop(found)


def _labels_by_value(
    names: Sequence[str], rows: Sequence[Sequence[object]], taken: dict[str, int], looks_right: Callable[[Sequence[object]], bool]
) -> int | None:
    others = [i for i, name in enumerate(names) if i not in taken.values() and not _counts(name)]
    if len(others) + len(taken) < 2:
        return None
    headed = any(name != unnamed(i) for i, name in enumerate(names))
    columns = {i: [row[i] for row in rows] for i in others}
    # pandas writes numbers of rows below no name.
    nameless = {i: headed and names[i] == unnamed(i) for i in columns}
    first = {i: not headed and i == 0 and len(rows) > 3 for i in columns}
    columns = {i: values for i, values in columns.items() if not ((nameless[i] or first[i]) and _is_count(values))}
    different = {i: {str(value).strip() for value in columns[i]} for i in columns if looks_right(columns[i])}
    # A column that says the same everywhere (the source of a corpus, a mark) is a label only where nothing else is, and only if it is
    # written as one.
    told = [i for i, values in different.items() if len(values) > 1]
    same = [i for i, values in different.items() if all(labels.is_number(value) or labels.is_word(value) for value in values)]
    # Of columns with equally few, one that is written as labels are, else the one of shorter words: two texts again and again are no classes.
    return min(told or same, key=lambda i: (len(different[i]), i not in same, max(map(len, different[i]))), default=None)


def _texts_by_length(names: Sequence[str], rows: Sequence[Sequence[object]], taken: dict[str, int]) -> int:
    lengths = {
        i: sum(len(row[i]) for row in rows) for i in range(len(names)) if i not in taken.values() and all(isinstance(row[i], str) for row in rows)
    }
    if not lengths:
        there = ", ".join(f'"{name}"' for name in names)
        raise InputError(_("No column holds texts; there are {columns}.").format(columns=there), _("Name the column of texts."))
    # A column of long numbers, of times or of addresses is no text where any other column is.
    return max(lengths, key=lambda i: (not _no_prose([row[i] for row in rows]), lengths[i]))


def _no_prose(values: Sequence[str]) -> bool:
    """Whether all values of a column are numbers, addresses, or times."""
    return any(all(len(value) < 500 and form(value.strip()) for value in values) for form in (labels.is_number, _ADDRESS.fullmatch, _is_time))


def _is_time(value: str) -> bool:
    parts = value.replace(",", " ").split()
    return len(re.findall(r"\d+", value)) > 1 and all(_OF_TIME.fullmatch(part) for part in parts)
