"""Rows of fields between separators, where nobody says which separator it is and whether quotes enclose fields.

Python's `csv.Sniffer` and its successors weigh how regular a table becomes. Here more is known: what columns of examples are called and
what labels look like. So a header that names known columns decides first, then a column of labels, then that all rows are equally wide.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.i18n import _
from explorer.tasks import columns, labels
from explorer.tasks.formats import SEPARATORS, Format, lines
from models.errors import InputError

Record = tuple[int, list[str]]
"""The line where a row begins, and its fields."""

_LOOKED_AT = 1000
"""Rows by which readings are compared."""
_LONGEST_FIELD = 50_000_000
"""Characters: as many as a file may have. Python's own limit is shorter than a long judgment or paper."""
csv.field_size_limit(_LONGEST_FIELD)
_SEP_LINE = re.compile(r'("?)sep=(.)\1(?=\r?\n|\r)', re.IGNORECASE)
"""What Excel reads, and what some programs write in quotes like all the rest."""
_WHOLE = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True, eq=False)
class Rows:
    """What was read.

    Attributes:
        records: rows that hold anything, the header included.
        format: separator and quoting.
        notes: what a viewer should know.
    """

    records: list[Record]
    format: Format
    notes: tuple[str, ...] = ()


def rows(text: str, tabs: bool, wanted: Format, asked: Sequence[str] = ()) -> Rows:
    """The rows of a text.

    Args:
        text: of the whole file.
        tabs: whether its name says that tabs separate its fields.
        wanted: what somebody has said; None is guessed.
        asked: names of columns that the caller wants.

    Raises:
        InputError: a separator that is none, or quotes that do not close, on a line that is named.
    """
    if wanted.separator is not None and (len(wanted.separator) != 1 or wanted.separator in '"\r\n'):
        raise InputError(_("{separator!r} cannot separate fields.").format(separator=wanted.separator), _("Name one character, such as ; or |."))
    said = _SEP_LINE.match(text)
    if said:
        text = text[said.end() :]  # what follows begins with the end of that line, so lines are counted as they are
        wanted = replace(wanted, separator=wanted.separator or said[2])
    if wanted.separator is not None:
        return _read(text, wanted.separator, wanted, asked)
    order = sorted(SEPARATORS, key=lambda separator: separator != ("\t" if tabs else ","))
    readings: list[tuple[tuple[int, bool, bool], Rows]] = []
    usual: InputError | None = None
    for separator in order:
        if separator != order[0] and separator not in text:
            continue
        try:
            found = _read(text, separator, wanted, asked)
            readings.append((_rank(found.records, wanted, asked), found))
        except InputError as error:
            usual = error if separator == order[0] else usual
    # Of equals, max takes the first.
    rank, best = max(readings, key=lambda reading: reading[0], default=((0, False, False), None))
    if usual is not None and not any(rank):
        raise usual
    assert best is not None
    return best


def _rank(records: list[Record], wanted: Format, asked: Sequence[str]) -> tuple[int, bool, bool]:
    """How much speaks for a reading: known names in its header, a column of labels, and rows that are equally wide."""
    if not records or len(records[0][1]) < 2:
        return 0, False, False
    even = _even(records)
    return 0 if wanted.header is False else columns.known(records[0][1], asked), even and _labelled(records, wanted, asked), even


def _labelled(records: list[Record], wanted: Format, asked: Sequence[str]) -> bool:
    head, rest = records[0][1], [fields for _line, fields in records[1 : _LOOKED_AT + 1]]
    header = columns.is_header(head, rest, asked) if wanted.header is None else wanted.header
    body = rest if header else [head, *rest]
    return any(labels.look_like([fields[i] for fields in body if i < len(fields)]) for i in range(len(head)))


def _read(text: str, separator: str, wanted: Format, asked: Sequence[str]) -> Rows:
    def made(records: list[Record], quoting: bool, *notes: str) -> Rows:
        return Rows(records, replace(wanted, separator=separator, quoting=quoting), notes)

    if wanted.quoting:
        return made(_quoted(text, separator), True)
    plain = [(number, line.split(separator)) for number, line in lines(text) if line.replace(separator, "").strip()]
    opening = [field for _line, fields in plain for field in fields if field.startswith('"')]
    if wanted.quoting is False or not opening:
        return made(plain, False)
    even = _even(plain) and len(plain[0][1]) > 1
    if even and all(_WHOLE.fullmatch(field) for field in opening):
        return made([(number, [_unquoted(field) for field in fields]) for number, fields in plain], True)
    # Half of the world quotes in TSV, the other half (GLUE, SST-2) lets a quote be a character. In CSV only what cannot be otherwise is one.
    note = _("Double quotes are read as characters of the texts.")
    try:
        quoted = _quoted(text, separator)
    except InputError:
        if separator != "\t":
            raise
        return made(plain, False, note)
    if even:
        # Each line is a row of the right width, and quotes would join some of them: so quotes are text, unless only they leave labels,
        # or there are none in a file whose fields are quoted by custom.
        table = _even(quoted) and len(quoted[0][1]) > 1
        # Where quotes join no lines, they hold separators in every row alike, as a column of "Doe, Jane" does.
        within = table and len(quoted) == len(plain) and _labelled(quoted, wanted, asked)
        none = separator != "\t" and table
        by_lines = not within and (_labelled(plain, wanted, asked) or not (none or _labelled(quoted, wanted, asked)))
        return made(plain, False, note) if by_lines else made(quoted, True)
    return made(quoted, True) if separator != "\t" or _even(quoted) else made(plain, False, note)


def _quoted(text: str, separator: str) -> list[Record]:
    """Rows whose fields may be quoted. Raises InputError."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[Record] = []
    begins = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                records.append((begins, fields))
            begins = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            message = _("Line {line}: a double quote opens in this row and does not close.")
            advice = _("Close it, or write it twice to mean the character; or say that quotes are characters.")
            raise InputError(message.format(line=begins), advice) from error
        advice = _("Inside a quoted text, write a double quote twice; or say that quotes are characters.")
        raise InputError(_("Line {line}: {why}.").format(line=reader.line_num, why=error), advice) from error
    return records


def _even(records: list[Record]) -> bool:
    return len({len(fields) for _line, fields in records}) == 1


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
