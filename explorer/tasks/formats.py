"""How a file of text is read: its encoding, and for tables the separator, the quotes and the header.

Each is guessed where nobody says it, and what was taken is kept, so that a viewer sees it and can say otherwise.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.i18n import N_, _
from models.errors import InputError

ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5", "shift_jis", "euc-kr", "cp1252", "cp1251", "latin-1", "mac-roman")
"""What a viewer is offered; any name that Python knows will do."""
SEPARATORS = (",", ";", "\t", "|")
"""What is tried, in this order where nothing else decides."""

_MARKS = (
    *((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),  # before UTF-16, whose mark
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),  # is the start of UTF-32's
)


_NO_TEXT = (
    (b"PK\x03\x04", N_("an Excel workbook or another zip archive")),
    (b"\xd0\xcf\x11\xe0", N_("an old Excel workbook")),
    (b"\x1f\x8b", N_("a file that gzip has packed")),
    (b"PAR1", N_("a Parquet table")),
    (b"%PDF", N_("a PDF document")),
)
"""How files begin that hold no text, whatever they are called."""


@dataclass(frozen=True)
class Format:
    """How a file is read.

    Attributes:
        encoding: a name that Python knows, e.g. "utf-8".
        separator: one character between the fields of a row; None in a file that has no rows of fields.
        quoting: whether double quotes enclose a field, rather than being characters of it.
        header: whether the first row names the columns.

    As a wish, None means "guess"; in what was found, it means that the file has no such thing.
    """

    encoding: str | None = None
    separator: str | None = None
    quoting: bool | None = None
    header: bool | None = None


def decoded(data: bytes, name: str, wanted: str | None = None) -> tuple[str, str]:
    """The text of a file, without a byte order mark, and its encoding.

    A byte order mark decides; else bytes of zero, which no UTF-8 text holds, tell UTF-16 and its order; else it must be UTF-8.

    Args:
        data: the whole file.
        name: the file's, for a viewer.
        wanted: the encoding, where somebody says it.

    Raises:
        InputError: a file of another kind, an unknown encoding, or bytes that are not in it, by line and character where that can be told.
    """
    kind = next((kind for begins, kind in _NO_TEXT if data.startswith(begins)), None)
    if kind:
        advice = _("Write it as text, and give that: from Excel as CSV UTF-8.")
        raise InputError(_("{name} is no file of text: it begins as {kind} does.").format(name=name, kind=_(kind)), advice)
    encoding = wanted or _marked(data) or _by_zeros(data) or "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_in(error, name, encoding, said=bool(wanted)) from error
    except (LookupError, ValueError) as error:
        advice = _("Try one of {encodings}.").format(encodings=", ".join(ENCODINGS))
        raise InputError(_('There is no encoding "{name:.40}".').format(name=encoding), advice) from error
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their number from 1. Unlike str.splitlines, no new line at form feeds and U+2028, where no editor counts one."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        yield number, line.removesuffix("\n")


def _marked(data: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def _by_zeros(data: bytes) -> str | None:
    """UTF-16 without a mark: the upper half of a letter, a comma or a line end is zero in it, and no lower half is."""
    if b"\0" not in data:
        return None
    halves = {"utf-16-be": data[0::2].count(0), "utf-16-le": data[1::2].count(0)}
    upper, lower = max(halves, key=halves.__getitem__), min(halves.values())
    many = 8 * halves[upper] > len(data)  # Western text, perhaps cut in half a letter; in Chinese there are few, but then it is no UTF-8 either
    return upper if lower * 10 <= halves[upper] and (many or not (len(data) % 2 or _is_utf8(data))) else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _not_in(error: UnicodeDecodeError, name: str, encoding: str, said: bool) -> InputError:
    advice = _("Name another encoding.") if said else _("Save it as UTF-8, or name its encoding, such as cp1252 or gb18030.")
    if not encoding.startswith("utf-8"):
        message = _("{name} is not {encoding}: byte 0x{byte:02x} at position {at}.")
        return InputError(message.format(name=name, encoding=encoding, byte=error.object[error.start], at=error.start + 1), advice)
    # error.object lacks the mark that utf-8-sig took away, as error.start does.
    before = error.object[: error.start].decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    message = _("{name} is not UTF-8: byte 0x{byte:02x} on line {line}, character {at}.")
    return InputError(message.format(name=name, byte=error.object[error.start], line=len(before), at=len(before[-1]) + 1), advice)
