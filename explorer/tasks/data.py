"""The examples of a task: our own sentences and passage, an uploaded file, or a data set of the Hugging Face hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import HfApi
from huggingface_hub.errors import LocalEntryNotFoundError

from explorer.i18n import _, language
from explorer.reading import half_character
from explorer.tasks import columns, labels, tables
from explorer.tasks.formats import Format
from models.errors import InputError
from models.opening import hub as model_hub
from models.paths import is_folder, typed

if TYPE_CHECKING:
    from datasets import IterableDataset

_TEXTS = Path(__file__).parent / "texts"
_SPLITS = ("validation", "validation_matched", "dev", "test", "train")
"""Best first: test parts of many benchmarks come without labels, and models were fitted to the training part."""
_TIMEOUT_S = 10
_LANGUAGES = 4
"""Our own examples are kept in so many languages: their names are words."""


@dataclass(frozen=True)
class Labelled:
    """One example.

    Attributes:
        text: what the model reads.
        label: number of its class, or None where there is none.
        pair: a second text; "" where there is none.
        kind: what is special about it ("negation", "irony", ..); "" where nobody said.
    """

    text: str
    label: int | None
    pair: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Asked:
    """What somebody says about a file; whatever is None is guessed.

    Attributes:
        text, label, pair: a column by name or by number from 1; "" for no label or no pair.
        format: encoding, separator, quotes, header.
        classes: (class of the examples, class of the model by name or number), for all classes or none.
    """

    text: str | None = None
    label: str | None = None
    pair: str | None = None
    format: Format = field(default_factory=Format)
    classes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Read:
    """How a file was read.

    Attributes:
        names: of its columns.
        choice: which of them is what; None where that could not be told.
        format: encoding, separator, quotes, header.
    """

    names: tuple[str, ...]
    choice: columns.Choice | None
    format: Format | None


@dataclass(frozen=True)
class Examples:
    """The examples of a task.

    Attributes:
        name: where they come from, for a viewer.
        examples: in the order of the file.
        labels: names of the classes, by number; empty where nothing is labelled.
        columns: what was taken for what, e.g. {"text": '"sentence" (2)', "label": '"label" (1)'}.
        notes: what a viewer should know.
        read: how the file was read; None for what came from elsewhere.
        classes: the model's class of each class here, by name or number, where somebody chose it.
    """

    name: str
    examples: tuple[Labelled, ...]
    labels: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    read: Read | None = None
    classes: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.examples)

    def first(self, n: int | None) -> Examples:
        """The first n of them; all where None."""
        return dataclasses.replace(self, examples=self.examples[:n])


def sentiment() -> Examples:
    """Our own short sentences, 0 negative and 1 positive in turn, each with its kind: plain, negation, contrast, irony, .."""
    return _sentiment(language())


@lru_cache(maxsize=_LANGUAGES)
def _sentiment(_language: str) -> Examples:
    path = _TEXTS / "sentiment.tsv"
    table = tables.table(path, path.name)
    found = _examples(table, _("Short sentences, negative and positive"), columns.choose(table.names, table.rows, "sentence", "label"))
    kinds = table.values(table.names.index("kind"))
    marked = tuple(dataclasses.replace(example, kind=kind) for example, kind in zip(found.examples, kinds, strict=True))
    # Names of classes are not translated: a model's own classes are found by them.
    return dataclasses.replace(found, examples=marked, labels=("negative", "positive"))


def passage() -> Examples:
    """Our own story of a lighthouse, one example a paragraph, without labels."""
    return _passage(language())


@lru_cache(maxsize=_LANGUAGES)
def _passage(_language: str) -> Examples:
    path = _TEXTS / "passage.txt"
    table = tables.table(path, path.name)
    return _examples(table, _("The keeper's clock, a short story"), columns.Choice(0, None, None))


def read(data: bytes | Path, name: str, asked: Asked | None = None, *, need_label: bool = False) -> Examples:
    """Examples from a CSV, TSV, JSON lines or text file.

    Columns are guessed by their names, else by what is in them; a first row that names nothing is an example. A text file holds
    one text per line; where blank lines part it, one text per paragraph. Texts stay as they are, labels lose surrounding spaces.

    Args:
        data: the file's bytes, or where it lies.
        name: its name; the ending says what it is.
        asked: what is not to be guessed.
        need_label: refuse a file without labels.

    Raises:
        InputError: naming line and column of what is wrong.
    """
    asked = asked or Asked()
    table = tables.table(data, name, tuple(wanted for wanted in (asked.text, asked.label, asked.pair) if wanted), asked.format)
    found = _examples(table, name, _choice(table, name, asked, need_label))
    return dataclasses.replace(found, classes=asked.classes)


def hub(
    name: str,
    split: str | None = None,
    limit: int = 2000,
    asked: Asked | None = None,
    *,
    need_label: bool = False,
) -> Examples:
    """Examples from a data set of the Hugging Face hub, or from a local folder of parquet, csv or json files.

    Only data is read, a part at a time; a data set that needs code of its own is refused.

    Args:
        name: "owner/name", or "owner/name:configuration", e.g. "nyu-mll/glue:sst2".
        split: e.g. "validation"; None for the first there is of validation, dev, test, train.
        limit: read this many rows at most, from the start.
        asked, need_label: as in `read`.

    Raises:
        InputError: hub unreachable, data set unknown, gated or with code; no such configuration, split or column; a bad row.
    """
    where, configuration = _address(name)
    if limit < 1:
        raise InputError(_("At least one example must be read."), _("Raise the limit."))
    try:
        if not is_folder(typed(where)):
            _ask(where)
        data, part, others = _stream(where, configuration, split)
        kept, classes = _columns(data)
        rows = [[row[column] for column in kept] for row in islice(data, limit)]
    except InputError:
        raise
    except Exception as error:
        raise _explained(name, error) from error
    if not rows:
        raise InputError(_("The part {split} of {name} is empty.").format(split=part, name=name), _("Choose another part."))
    notes = [_("Part: {split}.").format(split=part) + (_(" There are also {others}.").format(others=", ".join(others)) if others else "")]
    if len(rows) == limit:
        notes.append(_("The first {n} rows were read.").format(n=limit))
    table = tables.Table(tuple(kept), rows, list(range(1, len(rows) + 1)), True, _("Row"), tuple(notes))
    asked = asked or Asked()
    choice = _choice(table, name, asked, need_label)
    found = _examples(table, name, choice, classes.get(kept[choice.label]) if choice.label is not None else None)
    return dataclasses.replace(found, classes=asked.classes)


def _choice(table: tables.Table, name: str, asked: Asked, need_label: bool) -> columns.Choice:
    choice = columns.choose(table.names, table.rows, asked.text, asked.label, asked.pair)
    if need_label and choice.label is None:
        if len(table.names) == 1:
            message = _("{name} has only one column, {column}; a column of labels is needed beside it ({word} {line}).")
        else:
            message = _("{name} has no column of labels that could be told from its name or its values ({word} {line}).")
        where = {"column": table.column(0), "word": table.row_word.lower(), "line": table.lines[0]}
        advice = _('Call it "label", and the texts "sentence".')
        if table.format and table.format.separator:
            separator = {"\t": _("a tab")}.get(table.format.separator, table.format.separator)
            advice = _('Call it "label", and the texts "sentence", or say which separator parts the columns (taken was: {separator}).').format(
                separator=separator
            )
        raise InputError(message.format(name=name, **where), advice)
    return choice


def _examples(table: tables.Table, name: str, choice: columns.Choice, names: Sequence[str] | None = None) -> Examples:
    texts = [_text(table, row, choice.text) for row in range(len(table.rows))]
    pairs = [""] * len(texts) if choice.pair is None else [_text(table, row, choice.pair) for row in range(len(texts))]
    notes = list(table.notes)
    numbers: Sequence[int | None] = [None] * len(texts)
    called: tuple[str, ...] = ()
    if choice.label is not None and names is not None:
        numbers, called = _numbered(table, choice.label, names), tuple(names)
    elif choice.label is not None:
        found = labels.classes(table.values(choice.label), lambda row: table.at(row, choice.label))
        numbers, called = found.labels, found.names
    unlabelled = sum(number is None for number in numbers)
    if choice.label is not None and unlabelled:
        notes.append(_("{n} examples carry no label.").format(n=unlabelled))
    roles = {"text": choice.text, "label": choice.label, "pair": choice.pair}
    told = {role: table.column(column) for role, column in roles.items() if column is not None}
    notes += [_("The column of {role} was guessed by its values.").format(role=role) for role in choice.guessed if len(table.names) > 1]
    made = tuple(Labelled(*example) for example in zip(texts, numbers, pairs, strict=True))
    return Examples(name, made, called, told, tuple(notes), Read(table.names, choice, table.format))


def _text(table: tables.Table, row: int, column: int) -> str:
    value, where = table.rows[row][column], table.at(row, column)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InputError(_("{where}: the text is missing.").format(where=where), _("Fill it in, or delete the row."))
    if not isinstance(value, str):
        raise InputError(_("{where}: {value!r:.40} is not a text.").format(where=where, value=value), _("Choose the column of texts."))
    at = half_character(value)
    if at is not None:  # JSON can write one: "\ud83d"
        message = _("{where}: half of a character (U+{code:04X}).").format(where=where, code=ord(value[at]))
        raise InputError(message, _("Write the whole character."))
    return value


def _numbered(table: tables.Table, column: int, names: Sequence[str]) -> list[int | None]:
    """Class numbers whose names the hub knows; -1 is its sign for a label that is kept secret."""
    numbers: list[int | None] = []
    for row, value in enumerate(table.values(column)):
        if value is not None and not (isinstance(value, int) and -1 <= value < len(names)):
            message = _("{where}: {value!r:.40} is none of the {n} classes.")
            raise InputError(message.format(where=table.at(row, column), value=value, n=len(names)), _("Choose another column."))
        numbers.append(None if value is None or value < 0 else value)
    return numbers


def _address(name: str) -> tuple[str, str | None]:
    """Data set (or folder) and configuration."""
    name = name.strip()
    if not name:
        raise InputError(_("No data set was named."), _("Give a hub id: owner/name, or owner/name:configuration."))
    if is_folder(typed(name)):
        return str(typed(name)), None
    where, _colon, configuration = name.partition(":")
    return where, configuration or None


def _ask(repo: str) -> None:
    """Asks once, with a time limit: without a network `datasets` would try again for half a minute."""
    api = HfApi()
    if api.dataset_info(repo, timeout=_TIMEOUT_S).gated:
        api.auth_check(repo, repo_type="dataset")


def _stream(where: str, configuration: str | None, split: str | None) -> tuple[IterableDataset, str, list[str]]:
    """The rows of one part, its name, and the names of the other parts."""
    from datasets import load_dataset  # takes a second, which nobody waits for who needs no data set

    parts = load_dataset(where, configuration, streaming=True)
    wanted = split or next((part for part in _SPLITS if part in parts), next(iter(parts)))
    if wanted not in parts:
        message = _("{name} has no part {split}.").format(name=where, split=wanted)
        raise InputError(message, _("It has {parts}.").format(parts=", ".join(parts)))
    return parts[wanted], wanted, [part for part in parts if part != wanted]


def _columns(data: IterableDataset) -> tuple[list[str], dict[str, list[str]]]:
    """Columns of plain values (images and sound are never fetched), and the names of classes by column."""
    from datasets import ClassLabel, Value

    features = data.features or {column: Value("string") for column in next(iter(data), {})}
    kept = [column for column, feature in features.items() if isinstance(feature, ClassLabel | Value)]
    if not kept:
        raise InputError(_("This data set has no column of texts."), _("It has {columns}.").format(columns=", ".join(features) or "none"))
    return kept, {column: features[column].names for column in kept if isinstance(features[column], ClassLabel)}


def _explained(name: str, error: Exception) -> InputError:
    other = _("Choose our own sentences, or give a file.")
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "scripts are no longer supported" in first:
        return InputError(_("{name} needs Python code of its own, which is not run here.").format(name=name), other)
    if first.startswith(("Config name is missing", "BuilderConfig")):
        message = " ".join(str(error).split())
        return InputError(_("{name}: {why}").format(name=name, why=message[:300]), _("Write owner/name:configuration."))
    if isinstance(error, FileNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return InputError(_("{name} holds no data that can be read: {why}.").format(name=name, why=first.rstrip(".")), other)
    known = model_hub.explained(name, error, _("data set"), other)
    return InputError(known.problem, known.advice)
