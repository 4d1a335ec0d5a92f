"""Files as tables whose rows remember their line: CSV, TSV, JSON lines and plain text.

Every error is an InputError that names the line, as an editor counts it, and the column by name and number, both from 1.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.i18n import _
from explorer.tasks import columns
from models.errors import InputError

MAX_BYTES = 50_000_000
"""Largest file that is read: far more sentences than anybody waits for."""

SUFFIXES = (".csv", ".tsv", ".jsonl", ".txt")
_SYNONYMS = {".tab": ".tsv", ".ndjson": ".jsonl", ".json": ".jsonl", ".text": ".txt"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}

_Record = tuple[int, list[str]]
"""The line where a row begins, and its fields."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of equal width.

    Attributes:
        names: of the columns; "column 1", .. where the file has no header.
        rows: values: text, or whatever JSON or the hub holds; None where a JSON object lacks the key.
        lines: where each row begins, from 1.
        header: whether the names come from the file.
        row_word: how a viewer counts rows, e.g. "Line".
        notes: what a viewer should know.
    """

    names: tuple[str, ...]
    rows: list[list[object]]
    lines: list[int]
    header: bool
    row_word: str
    notes: tuple[str, ...] = ()

    def column(self, number: int) -> str:
        """A column for a viewer: its name, and its number from 1."""
        return f'"{self.names[number]}" ({number + 1})' if self.header else str(number + 1)

    def at(self, row: int, column: int) -> str:
        """A cell for a viewer."""
        return _("{word} {line}, column {column}").format(word=self.row_word, line=self.lines[row], column=self.column(column))

    def values(self, column: int) -> list[object]:
        """One column, top to bottom."""
        return [row[column] for row in self.rows]


def table(data: bytes | Path, name: str, asked: tuple[str, ...] = ()) -> Table:
    """A file as a table.

    Args:
        data: its bytes, or where it lies.
        name: its name; the ending says what it is.
        asked: names of columns that the caller wants: a first row that holds one of them is a header.

    Raises:
        InputError: unknown ending, too large, not UTF-8, empty, or broken on a line that is named.
    """
    suffix = Path(name).suffix.lower() or (data.suffix.lower() if isinstance(data, Path) else "")
    suffix = _SYNONYMS.get(suffix, suffix)
    if suffix not in SUFFIXES:
        raise InputError(
            _("{name} is no kind of file that is read here.").format(name=name),
            _("Its name must end in {endings}.").format(endings=", ".join(SUFFIXES)),
        )
    text = _decoded(_bytes(data, name), name)
    if not text.strip():
        raise InputError(_("{name} is empty.").format(name=name), _("Give a file with one example per line."))
    if suffix == ".jsonl":
        return _json_lines(text, name)
    if suffix == ".txt":
        return _text_table(text)
    return _delimited(text, suffix, name, asked)


def _bytes(data: bytes | Path, name: str) -> bytes:
    try:
        size = data.stat().st_size if isinstance(data, Path) else len(data)
        if size > MAX_BYTES:
            raise InputError(
                _("{name} has {size:.0f} MB; at most {most:.0f} MB are read.").format(name=name, size=size / 1e6, most=MAX_BYTES / 1e6),
                _("Take a part of it: a few thousand examples are plenty."),
            )
        return data.read_bytes() if isinstance(data, Path) else data
    except OSError as error:
        raise InputError(_("{name} cannot be read: {why}.").format(name=data, why=error.strerror or error), _("Check the path.")) from error


def _decoded(data: bytes, name: str) -> str:
    advice = _("Save it as UTF-8.")
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            raise InputError(_("{name} is written in {encoding}, not in UTF-8 (line 1).").format(name=name, encoding=encoding), advice)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # error.object lacks the mark that utf-8-sig took away, as error.start does.
        before = error.object[: error.start].decode("utf-8")
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        message = _("{name} is not UTF-8: byte 0x{byte:02x} on line {line}, character {at}.")
        where = {"line": len(lines), "at": len(lines[-1]) + 1}
        raise InputError(message.format(name=name, byte=error.object[error.start], **where), advice) from error


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not str.splitlines, which also splits at form feeds and U+2028, where no editor counts a line.
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        yield number, line.removesuffix("\n")


def _text_table(text: str) -> Table:
    """One text per line; where blank lines part the file, one text per paragraph, its lines joined."""
    paragraphs: list[tuple[int, list[str]]] = []
    fresh = True
    for number, line in _lines(text):
        if not line.strip():
            fresh = True
        elif fresh:
            paragraphs.append((number, [line.strip()]))
            fresh = False
        else:
            paragraphs[-1][1].append(line.strip())
    if len(paragraphs) > 1:
        note, found = _("Blank lines part this file: one text per paragraph."), [(n, " ".join(lines)) for n, lines in paragraphs]
    else:
        note, found = _("One text per line."), [(n, line.strip()) for n, line in _lines(text) if line.strip()]
    return Table(("text",), [[t] for _line, t in found], [n for n, _text in found], False, _("Line"), (note,))


def _json_lines(text: str, name: str) -> Table:
    objects: list[tuple[int, dict]] = []
    for number, line in _lines(text):
        if line.strip():
            objects.append((number, _object(line, number)))
    names = tuple(dict.fromkeys(key for _line, found in objects for key in found))
    if not names:
        raise InputError(_("{name} holds no fields.").format(name=name), _('Each line reads {"label": 1, "sentence": ".."}.'))
    rows = [[found.get(key) for key in names] for _line, found in objects]
    return Table(names, rows, [number for number, _found in objects], True, _("Line"))


def _object(line: str, number: int) -> dict:
    advice = _('Each line must hold one JSON object, such as {"label": 1, "sentence": ".."}.')
    try:
        found = json.loads(line, object_pairs_hook=lambda pairs: _once(pairs, number))
    except json.JSONDecodeError as error:
        raise InputError(_("Line {line}, character {at}: {why}.").format(line=number, at=error.colno, why=error.msg), advice) from error
    except (ValueError, RecursionError) as error:
        raise InputError(_("Line {line} is not readable JSON: {why}.").format(line=number, why=str(error)[:100]), advice) from error
    if not isinstance(found, dict):
        raise InputError(_("Line {line} is JSON, but not an object.").format(line=number), advice)
    return found


def _once(pairs: list[tuple[str, object]], number: int) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(_('Line {line} holds the key "{key}" twice.').format(line=number, key=twice), _("Rename one of them."))
    return found


def _delimited(text: str, suffix: str, name: str, asked: tuple[str, ...]) -> Table:
    records = _tabbed(text) if suffix == ".tsv" else _quoted(text, _separator(text))
    if not records:
        raise InputError(_("{name} is empty.").format(name=name), _("Give a file with one example per line."))
    (line, first), rest = records[0], records[1:]
    header = columns.is_header(first, [fields for _line, fields in rest], asked)
    if header:
        _check_header(first, line)
        if not rest:
            raise InputError(_("{name} has a header, but no rows.").format(name=name), _("Give a file with one example per line."))
    names = tuple(cell.strip() or _unnamed(i) for i, cell in enumerate(first)) if header else tuple(_unnamed(i) for i in range(len(first)))
    body = rest if header else records
    notes = () if header else (_("The first row is an example: no header was found."),)
    made = Table(names, [fields for _line, fields in body], [number for number, _fields in body], header, _("Line"), notes)
    for row, fields in enumerate(made.rows):
        _check_width(made, row, len(fields), suffix)
    return made


def _unnamed(column: int) -> str:
    return _("column {number}").format(number=column + 1)


def _check_header(cells: list[str], line: int) -> None:
    seen: dict[str, int] = {}
    for number, cell in enumerate((cell.strip() for cell in cells), 1):
        if cell and cell in seen:
            message = _('Line {line}: the header names "{name}" twice, in columns {one} and {two}.')
            raise InputError(message.format(line=line, name=cell, one=seen[cell], two=number), _("Rename one of them."))
        seen[cell] = number


def _check_width(made: Table, row: int, found: int, suffix: str) -> None:
    wanted = len(made.names)
    if found == wanted:
        return
    line = made.lines[row]
    if found < wanted:
        message = _("Line {line} has {found} of {wanted} fields: column {column} is missing.")
        advice = _("Fill it in, or delete the line.")
        raise InputError(message.format(line=line, found=found, wanted=wanted, column=made.column(found)), advice)
    message = _("Line {line} has {found} fields where {wanted} are expected: column {column} has no name.")
    advice = _("Delete a tab.") if suffix == ".tsv" else _("Put a text that holds a comma into double quotes.")
    raise InputError(message.format(line=line, found=found, wanted=wanted, column=wanted + 1), advice)


def _separator(text: str) -> str:
    """Comma, or what the first line proves to be used instead: spreadsheets in many countries write semicolons."""
    first = next((line for _number, line in _lines(text) if line.strip()), "")
    for separator in ";\t":
        cells = first.replace('"', "").split(separator)
        if "," not in first and len(cells) > 1 and columns.is_header(cells, [], ()):
            return separator
    return ","


def _quoted(text: str, separator: str) -> list[_Record]:
    """Rows whose fields may be quoted. Raises InputError."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[_Record] = []
    begins = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                records.append((begins, fields))
            begins = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error) or "field limit" in str(error):
            message = _("Line {line}: a double quote opens in this row and does not close, or not within {most:,} characters.")
            raise InputError(
                message.format(line=begins, most=csv.field_size_limit()), _("Close it, or write it twice to mean the character.")
            ) from error
        advice = _("Inside a quoted text, write a double quote twice.")
        raise InputError(_("Line {line}: {why}.").format(line=reader.line_num, why=error), advice) from error
    return records


def _tabbed(text: str) -> list[_Record]:
    """Rows of a TSV. Half of the world quotes in TSV, the other half (GLUE, SST-2) lets a quote be a character."""
    split = [(number, line.split("\t")) for number, line in _lines(text) if line.strip()]
    whole = all(_QUOTED.fullmatch(field) for _line, fields in split for field in fields if field.startswith('"'))
    if whole and _even(split):
        return [(number, [_unquoted(field) for field in fields]) for number, fields in split]
    if not any(field.startswith('"') for _line, fields in split for field in fields):
        return split
    try:
        quoted = _quoted(text, "\t")
    except InputError:
        return split
    return quoted if _even(quoted) else split


def _even(records: list[_Record]) -> bool:
    return len({len(fields) for _line, fields in records}) == 1


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
