"""Files of text in a data set of the hub, read as one's own files are.

`datasets` gives them to pandas: a quote that opens in one row of a TSV and closes in another swallows what is between, the first example of a
file without a header becomes its names, "007" is 7, and a text that is a date is none any more.
"""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from explorer.i18n import _
from explorer.tasks import columns, tables
from explorer.tasks.formats import Format
from models.errors import InputError

if TYPE_CHECKING:
    from datasets import DatasetBuilder

_MOST_BYTES = 10_000_000
"""Of larger files `datasets` fetches the beginning alone."""
_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".txt")
_OURS = ("name", "version", "data_dir", "data_files", "description", "sep", "delimiter", "keep_default_na")
"""Settings of a data set that are followed here, or have no say in how a file is read."""


def of_part(builder: DatasetBuilder, part: str, limit: int, asked: tuple[str, ...], wanted: Format, lists: bool) -> tables.Table | None:
    """The first rows of one part of a data set.

    Args:
        builder: of a data set whose owner does not say what its columns hold; which files it may read has been looked at.
        part: train, test, ..
        limit: so many rows at most.
        asked: names of columns that the caller wants.
        wanted: how a file is to be read, where somebody says it.
        lists: whether columns of lists are kept.

    Returns:
        None where the files are not of text, large, or described by their owner in more ways than are known here, and where one of them
        cannot be read as a table: then `datasets` reads them.
    """
    config = builder.config
    files = [str(file) for file in (config.data_files or {}).get(part, ())]
    if not files or not all(_is_plain(file) for file in files):
        return None
    usual = {field.name: field.default for field in dataclasses.fields(config) if field.name not in _OURS}
    if any(getattr(config, name) != value for name, value in usual.items() if value is not dataclasses.MISSING):
        return None
    separator = getattr(config, "sep", None)
    if separator not in (None, ",", "\t"):
        wanted = dataclasses.replace(wanted, separator=wanted.separator or separator)
    try:
        return _plain(_joined([_table(data, name, asked, wanted) for name, data in _read(files, limit)], limit), lists)
    except (InputError, OSError, ValueError):
        return None


def _is_plain(file: str) -> bool:
    return "::" not in file and PurePosixPath(file).suffix in _SUFFIXES


def _read(files: list[str], limit: int) -> list[tuple[str, bytes]]:
    """Names and contents of the files that hold the first rows. Raises ValueError where they are too large."""
    from datasets.utils.file_utils import xopen

    found, size, lines = [], 0, 0
    for file in files:
        with xopen(file, "rb") as opened:
            data = opened.read(_MOST_BYTES - size + 1)
        size += len(data)
        if size > _MOST_BYTES:
            raise ValueError("too large to be read whole")
        if data.strip():
            found.append((PurePosixPath(file).name, data))
        lines += data.count(b"\n")
        if lines > 50 * limit:
            break  # no row is as long as that
    return found


def _table(data: bytes, name: str, asked: tuple[str, ...], wanted: Format) -> tables.Table:
    made = tables.table(data, name, asked, wanted)
    if made.header or made.format is None or made.format.separator is None or wanted.header is not None:
        return made
    # The hub takes a first row for names unless it is seen to be an example.
    if columns.is_example([str(cell) for cell in made.rows[0]], [[str(cell) for cell in row] for row in made.rows[1:]]):
        return made
    return tables.table(data, name, asked, dataclasses.replace(wanted, header=True))


def _joined(parts: list[tables.Table], limit: int) -> tables.Table:
    """Tables of the same columns as one. Raises ValueError where they differ."""
    if not parts or any(part.names != parts[0].names for part in parts):
        raise ValueError("not one table")
    rows = [row for part in parts for row in part.rows][:limit]
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return tables.Table(parts[0].names, rows, list(range(1, len(rows) + 1)), parts[0].header, _("Row"), notes)


def _plain(made: tables.Table, lists: bool) -> tables.Table:
    """A table without columns of objects, and of lists where these are not wanted. Raises ValueError where none is left."""
    left_out = dict if lists else (dict, list)
    kept = [i for i in range(len(made.names)) if not any(isinstance(row[i], left_out) for row in made.rows)]
    if not kept:
        raise ValueError("no column of plain values")
    return dataclasses.replace(made, names=tuple(made.names[i] for i in kept), rows=[[row[i] for i in kept] for row in made.rows])
