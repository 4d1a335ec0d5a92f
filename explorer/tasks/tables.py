"""Files as tables whose rows remember their line: CSV, TSV, JSON lines and plain text.

Every error is an InputError that names the line, as an editor counts it, and the column by name and number, both from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from explorer.i18n import _
from explorer.tasks import columns, delimited, json_rows, written
from explorer.tasks.formats import SEPARATORS, Format, decoded, lines
from models.errors import InputError

MAX_BYTES = 50_000_000
"""Largest file that is read: far more sentences than anybody waits for."""

SUFFIXES = (".csv", ".tsv", ".jsonl", ".txt")
_SYNONYMS = {".tab": ".tsv", ".ndjson": ".jsonl", ".json": ".jsonl", ".text": ".txt"}
OF_WORDS = (".conll", ".conllu", ".conllup", ".bio", ".iob")
"""Endings of files that hold a word on each line: where texts are wanted, they are the words of each sentence."""


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
        format: how the file was read; None for rows that come from elsewhere.
        of_words: each line of the file was a word and what is said of it (CoNLL); each row here is a sentence.
    """

    names: tuple[str, ...]
    rows: list[list[object]]
    lines: list[int]
    header: bool
    row_word: str
    notes: tuple[str, ...] = ()
    format: Format | None = None
    of_words: bool = False

    def column(self, number: int) -> str:
        """A column for a viewer: its name, and its number from 1."""
        return f'"{self.names[number]}" ({number + 1})' if self.header else str(number + 1)

    def at(self, row: int, column: int) -> str:
        """A cell for a viewer."""
        return _("{word} {line}, column {column}").format(word=self.row_word, line=self.lines[row], column=self.column(column))

    def values(self, column: int) -> list[object]:
        """One column, top to bottom."""
        return [row[column] for row in self.rows]


def table(data: bytes | Path, name: str, asked: tuple[str, ...] = (), wanted: Format | None = None) -> Table:
    """A file as a table.

    Args:
        data: its bytes, or where it lies.
        name: its name; the ending says what it is.
        asked: names of columns that the caller wants: a first row that holds one of them is a header.
        wanted: how it is to be read, where somebody says it.

    Raises:
        InputError: unknown ending, too large, not in its encoding, empty, or broken on a line that is named.
    """
    wanted = wanted or Format()
    suffix = Path(name).suffix.lower() or (data.suffix.lower() if isinstance(data, Path) else "")
    suffix = _SYNONYMS.get(suffix, suffix)
    if suffix not in (*SUFFIXES, *OF_WORDS):
        raise InputError(
            _("{name} is no kind of file that is read here.").format(name=name),
            _("Its name must end in {endings}.").format(endings=", ".join((*SUFFIXES, ".json"))),
        )
    text, encoding = content(data, name, wanted.encoding)
    if suffix == ".jsonl":
        names, rows, numbers = json_rows.rows(text, name)
        return Table(names, rows, numbers, True, _("Line"), format=Format(encoding))
    wanted = replace(wanted, encoding=encoding)
    of_words = suffix in OF_WORDS
    if wanted.separator is None and (found := written.known(text, suffix != ".txt", of_words)):
        return Table(found.names, found.rows, found.lines, True, _("Line"), (found.note,), Format(encoding), found.of_words)
    if of_words:
        message = _("{name} is called a file of words and their labels (CoNLL), and does not hold as many columns on each of its lines.")
        raise InputError(message.format(name=name), _("Mend it, or call it .txt where it holds texts."))
    if suffix == ".txt" and wanted.separator is None:
        if not _separated(text):
            return _text_table(text, encoding)
        found = _delimited(text, name, wanted, True, asked)
        return replace(found, notes=(*found.notes, _("This file of text is read as a table: each line has the same separators.")))
    return _delimited(text, name, wanted, suffix == ".tsv", asked)


def content(data: bytes | Path, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text of a file, and its encoding. Raises InputError where it is too large, not in its encoding, or empty."""
    text, encoding = decoded(_bytes(data, name), name, encoding)
    if "\r\r\n" in text and text.count("\n") == text.count("\r\r\n"):
        # Windows line ends, written once more as text on Windows: else a blank line would follow each line.
        text = text.replace("\r\r\n", "\n")
    text = text.rstrip("\0")  # what a machine that went down, or a file of a fixed size, leaves behind the last line
    if not text.strip():
        raise InputError(_("{name} is empty.").format(name=name), _("Give a file with one example per line."))
    return text, encoding


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


def _separated(text: str) -> bool:
    """Whether a file of text holds a table: every line has as many tabs (Excel's "Unicode text", many old data sets), or known names head it."""
    written = [line for _n, line in lines(text)]
    while written and not written[-1].strip():
        written.pop()
    tabs = {line.count("\t") for line in written}
    even = len(written) > 1 and len(tabs) == 1 and 0 not in tabs
    return even or any(columns.known(written[0].split(separator), ()) > 1 for separator in SEPARATORS)


def _text_table(text: str, encoding: str) -> Table:
    """One text per line; where blank lines part the file, one text per paragraph, its lines joined."""
    paragraphs: list[tuple[int, list[str]]] = []
    fresh = True
    for number, line in lines(text):
        if not line.strip():
            fresh = True
        elif fresh:
            paragraphs.append((number, [line.strip()]))
            fresh = False
        else:
            paragraphs[-1][1].append(line.strip())
    if len(paragraphs) > 1:
        note, found = _("Blank lines part this file: one text per paragraph."), [(n, " ".join(parts)) for n, parts in paragraphs]
    else:
        note, found = _("One text per line."), [(n, line.strip()) for n, line in lines(text) if line.strip()]
    return Table(("text",), [[t] for _line, t in found], [n for n, _text in found], False, _("Line"), (note,), Format(encoding))


def _delimited(text: str, name: str, wanted: Format, tabs: bool, asked: tuple[str, ...]) -> Table:
    found = delimited.rows(text, tabs, wanted, asked)
    if not found.records:
        raise InputError(_("{name} is empty.").format(name=name), _("Give a file with one example per line."))
    (line, first), rest = found.records[0], found.records[1:]
    header = columns.is_header(first, [fields for _line, fields in rest], asked) if wanted.header is None else wanted.header
    repeated: tuple[str, ...] = ()
    if header:
        first, repeated = _header(first, line, asked)
        if not rest:
            raise InputError(_("{name} has a header, but no rows.").format(name=name), _("Give a file with one example per line."))
    ends = [fields for _line, fields in rest if len(fields) == len(first) + 1 and not fields[-1].strip()] if header else []
    for fields in ends:
        # pandas would take each value for that of the column before it.
        fields.pop()
    if ends:
        repeated += (_("Lines that end with a separator, behind which no column is named: {n}.").format(n=len(ends)),)
    names = tuple((header and cell.strip()) or columns.unnamed(i) for i, cell in enumerate(first))
    body = rest if header else found.records
    notes = (*found.notes, *repeated, *(() if header or wanted.header is False else (_("The first row is an example: no header was found."),)))
    rows, numbers = [fields for _line, fields in body], [number for number, _fields in body]
    made = Table(names, rows, numbers, header, _("Line"), notes, replace(found.format, header=header))
    for row, fields in enumerate(made.rows):
        _check_width(made, row, len(fields))
    return made


def _header(cells: list[str], line: int, asked: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """The names of the columns, and what to note of them. Of two columns of one name the second gets its number, as long as nobody could mean
    either by it: of two that are called "text" none is taken."""
    seen: dict[str, int] = {}
    names, notes = [], []
    for number, cell in enumerate((cell.strip() for cell in cells), 1):
        where = {"line": line, "name": cell, "one": seen.get(cell), "two": number}
        if cell and cell in seen and columns.known([cell, cell], asked):
            message = _('Line {line}: the header names "{name}" twice, in columns {one} and {two}.')
            raise InputError(message.format(**where), _("Rename one of them."))
        if cell and cell in seen:
            notes.append(_('The header names "{name}" twice: column {two} is called "{name} ({two})" here.').format(**where))
            cell = f"{cell} ({number})"
        seen[cell] = number
        names.append(cell)
    return names, tuple(notes)


def _check_width(made: Table, row: int, found: int) -> None:
    wanted = len(made.names)
    if found == wanted:
        return
    line = made.lines[row]
    if found < wanted:
        message = _("Line {line} has {found} of {wanted} fields: column {column} is missing.")
        advice = _("Fill it in, or delete the line.")
        raise InputError(message.format(line=line, found=found, wanted=wanted, column=made.column(found)), advice)
    message = _("Line {line} has {found} fields where {wanted} are expected: column {column} has no name.")
    separator = made.format.separator if made.format else None
    advice = _("Delete a tab.") if separator == "\t" else _("Put a text that holds {separator!r} into double quotes.").format(separator=separator)
    raise InputError(message.format(line=line, found=found, wanted=wanted, column=wanted + 1), advice)
