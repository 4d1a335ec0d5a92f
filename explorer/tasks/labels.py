"""Labels as they are written (integers, words, LABEL_1), made into classes that keep their names."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from explorer.i18n import _
from models.errors import InputError

MAX_CLASSES = 1000
SCALES = (
    *(("negative", "positive"), ("neg", "pos"), ("bad", "good"), ("false", "true"), ("no", "yes")),
    *(("negative", "neutral", "positive"), ("neg", "neu", "pos"), ("bad", "neutral", "good")),
    *(("bearish", "bullish"), ("bearish", "neutral", "bullish"), ("👎", "👍")),
    *(("负面", "正面"), ("消极", "积极"), ("负向", "正向"), ("差评", "好评"), ("假", "真"), ("否", "是")),
    *(("负面", "中性", "正面"), ("消极", "中性", "积极"), ("负向", "中性", "正向"), ("差评", "中评", "好评")),
    *(("ネガティブ", "ポジティブ"), ("negativ", "positiv"), ("negativ", "neutral", "positiv")),
    *(("négatif", "positif"), ("négatif", "neutre", "positif"), ("negativo", "positivo"), ("negativo", "neutro", "positivo")),
)
"""Words whose order is known: the first is class 0, also where a file holds only some of them."""
SIGNS = (("-", "+"), ("-", "=", "+"))
"""The same scale in signs. They are no words that a column could be known by: "-" may as well say that there is nothing."""
_AS_SIGNS = {"\uff0d": "-", "\u2212": "-", "\u2013": "-", "\ufe63": "-", "\uff0b": "+", "\ufe62": "+", "\uff1d": "="}
"""Full-width and small signs, minus and dash, as a keyboard has them."""

_MISSING = ("", "nan", "<na>", "#n/a", "null")
"""What tables hold where they hold nothing. "None" and "NA" are names of classes, too."""
_UNSEEN = "".join(chr(i) for i in range(0x3001) if chr(i).isspace()) + "\0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""White space, and characters of no width: what is copied from a page often ends with one."""
_INTEGER = re.compile(r"[+-]?\d{1,9}(\.0*)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_CODE = re.compile(r"0\d+")
_NUMBERED = re.compile(r"label_(\d{1,4})", re.IGNORECASE)


@dataclass(frozen=True)
class Classes:
    """Labels as numbers from 0, and what each number is called."""

    labels: tuple[int, ...]
    names: tuple[str, ...]


def classes(values: Sequence[object], where: Callable[[int], str]) -> Classes:
    """Classes from a column of labels.

    The names of integers are the integers that there are, smallest first: which of a model's classes each means is for the task to say.
    Words are sorted, but for words of a known order (negative, positive) and LABEL_n, which stands for n.

    Args:
        values: one label per row.
        where: the place of a row's label in a viewer's words.

    Raises:
        InputError: a missing label, a fraction, numbers mixed with words, too many different ones.
    """
    written = [_written(value, where(i)) for i, value in enumerate(values)]
    numeric = [bool(_INTEGER.fullmatch(label)) for label in written]
    if any(numeric) and not all(numeric):
        odd = numeric.index(not numeric[0])
        message = _("{where}: {label!r} among labels such as {other!r}: a word among numbers, or the reverse.")
        raise InputError(message.format(where=where(odd), label=written[odd], other=written[0]), _("Write all labels in one way."))
    found = _integers(written) if all(numeric) else _words(written)
    if len(found.names) > MAX_CLASSES:
        message = _("{where}: this column holds more than {most} classes.")
        raise InputError(message.format(where=where(0), most=MAX_CLASSES), _("Choose the column that holds the labels."))
    return found


def unlabelled(values: Sequence[object]) -> list[bool]:
    """Which rows say that they have no label, as where annotators did not agree: "-" among words (SNLI), and -1 among the numbers of three
    classes or more, as the hub writes it. Of -1, 0 and 1, and of -2 to 2, -1 is a class."""
    written = [_bare(str(value)) for value in values]
    others = set(written) - {"-"}
    # Beside + or =, it is a class; so it is beside numbers.
    if "-" in written and len(others) > 1 and not any(is_number(label) or not any(map(str.isalnum, label)) for label in others):
        return [label == "-" for label in written]
    numbers = [int(float(label)) if _INTEGER.fullmatch(label) else None for label in written]
    found = {number for number in numbers if number is not None}
    secret = None not in numbers and -1 in found and min(found) == -1 and max(found) > 1
    return [secret and number == -1 for number in numbers]


def look_like(values: Sequence[object]) -> bool:
    """Whether a column looks like labels: small integers, known words, or few short words again and again."""
    different = {_bare(str(value)) for value in values}
    if not values or "" in different or any(isinstance(value, list | dict) or value is None for value in values):
        return False
    again = len(different) <= 20 and 2 * len(different) <= len(values)
    if all(_INTEGER.fullmatch(label) for label in different):
        return again or all(abs(float(label)) <= 10 for label in different)
    return all(is_word(label) for label in different) or (again and all(len(label) <= 40 for label in different))


def is_word(cell: str) -> bool:
    """Whether a cell is a word that is known as a label, such as "pos" or "LABEL_1"."""
    word = _bare(cell).casefold()
    return bool(_NUMBERED.fullmatch(word)) or any(word in scale for scale in SCALES)


def number_of(name: str) -> int | None:
    """The integer that a name of a class is ("3", "-1", "LABEL_2"); None where it is a word."""
    name = bare(name)
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return int(numbered[1])
    return int(float(name)) if _INTEGER.fullmatch(name) else None


def is_number(cell: str) -> bool:
    """Whether a cell is a number, as no name of a column is."""
    return bool(_NUMBER.fullmatch(bare(cell)))


def sign(label: str) -> str:
    """A sign (+, -, =) in whatever width it is written; any other label as it is."""
    return _AS_SIGNS.get(label, label)


def bare(label: str) -> str:
    """A label without spaces around it, and without what nobody sees; accents as one character, so that a word is written in one way."""
    return unicodedata.normalize("NFC", label).strip(_UNSEEN)


def _bare(label: str) -> str:
    """As `bare`, and without quotes that stand behind a space and so enclose no field."""
    label = bare(label)
    return bare(label[1:-1]) if len(label) > 2 and label[0] == label[-1] == '"' else label


def _written(value: object, where: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)) or (isinstance(value, str) and bare(value).casefold() in _MISSING):
        raise InputError(_("{where}: the label is missing.").format(where=where), _("Fill it in, or delete the row."))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        raise InputError(_("{where}: a list is not a label.").format(where=where), _("Choose the column that holds the labels."))
    label = _bare(str(value))
    if is_number(label) and not _INTEGER.fullmatch(label):
        message = _("{where}: {label} is not a class.").format(where=where, label=label)
        raise InputError(message, _("Labels are whole numbers or words; choose the column that holds them."))
    return label


def _integers(written: list[str]) -> Classes:
    values = [int(float(label)) for label in written]
    number = {value: i for i, value in enumerate(sorted(set(values)))}
    called: dict[int, set[str]] = {value: set() for value in number}
    for value, label in zip(values, written, strict=True):
        called[value].add(label)
    # "007" is what a code is called, as long as nobody writes it 7 as well; "1.0" is 1.
    names = (next(iter(called[value])) if len(called[value]) == 1 and _CODE.fullmatch(*called[value]) else str(value) for value in number)
    return Classes(tuple(number[value] for value in values), tuple(names))


def _words(written: list[str]) -> Classes:
    # "Positive" and "positive" are one class, called as it is written first. Single letters are not: B and b are two in some alphabets.
    called: dict[str, str] = {}
    for label in written:
        called.setdefault(_alike(label), label)
    numbered = {word: _NUMBERED.fullmatch(word) for word in called}
    if all(numbered.values()):
        of = {word: int(match[1]) for word, match in numbered.items() if match}
        names = tuple(f"LABEL_{i}" for i in range(max(of.values()) + 1))
        return Classes(tuple(of[_alike(label)] for label in written), names)
    scale = next((scale for scale in (*SCALES, *SIGNS) if set(called) <= set(scale)), None)
    order = scale or sorted(called)
    number = {word: i for i, word in enumerate(order)}
    names = tuple(called.get(word, word) for word in order)
    return Classes(tuple(number[_alike(label)] for label in written), names)


def _alike(label: str) -> str:
    return sign(label) if len(label) == 1 else label.casefold()
