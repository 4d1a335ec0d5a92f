"""The examples of a task: our own sentences and passage, an uploaded file, or a data set of the Hugging Face hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import HfApi
from huggingface_hub.errors import LocalEntryNotFoundError

from explorer.i18n import _, language
from explorer.tasks import columns, hub_files, tables, tagged
from explorer.tasks.examples import Asked, Examples, Labelled, Read
from explorer.tasks.of_rows import of_table
from models.errors import InputError
from models.opening import hub as model_hub
from models.paths import is_folder, typed

if TYPE_CHECKING:
    from datasets import DatasetBuilder, IterableDataset

__all__ = ["Asked", "Examples", "Labelled", "Read", "hub", "passage", "read", "sentiment"]

_TEXTS = Path(__file__).parent / "texts"
_SPLITS = ("validation", "validation_matched", "dev", "test", "train")
"""Best first: test parts of many benchmarks come without labels, and models were fitted to the training part."""
_TIMEOUT_S = 10
_LANGUAGES = 4
"""Our own examples are kept in so many languages: their names are words."""


def sentiment() -> Examples:
    """Our own short sentences, 0 negative and 1 positive in turn, each with its kind: plain, negation, contrast, irony, .."""
    return _sentiment(language())


@lru_cache(maxsize=_LANGUAGES)
def _sentiment(_language: str) -> Examples:
    path = _TEXTS / "sentiment.tsv"
    table = tables.table(path, path.name)
    found = of_table(table, _("Short sentences, negative and positive"), Asked("sentence", "label", ""))
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
    return of_table(table, _("The keeper's clock, a short story"), Asked(label="", pair=""))


def read(data: bytes | Path, name: str, asked: Asked | None = None, answers: str | None = None) -> Examples:
    """Examples from a CSV, TSV, JSON lines or text file.

    Columns are guessed by their names, else by what is in them; a first row that names nothing is an example. A text file holds
    one text per line; where blank lines part it, one text per paragraph. Texts stay as they are, labels lose surrounding spaces.

    Args:
        data: the file's bytes, or where it lies.
        name: its name; the ending says what it is.
        asked: what is not to be guessed.
        answers: what a task needs beside the texts, of `answers.KINDS`: a file without is refused then. Where None, classes are read where
            there are any.

    Raises:
        InputError: naming line and column of what is wrong.
    """
    asked = asked or Asked()
    if answers == "words":
        return dataclasses.replace(tagged.read(data, name, asked), classes=asked.classes)
    table = tables.table(data, name, tuple(wanted for wanted in (asked.text, asked.label, asked.pair) if wanted), asked.format)
    return of_table(table, name, asked, answers)


def hub(
    name: str,
    split: str | None = None,
    limit: int = 2000,
    asked: Asked | None = None,
    answers: str | None = None,
    *,
    folder: bool = False,
    progress: Callable[[float], object] | None = None,
) -> Examples:
    """Examples from a data set of the Hugging Face hub, or from a local folder of parquet, csv or json files.

    Only data is read, a part at a time; a data set that needs code of its own is refused.

    Args:
        name: "owner/name", or "owner/name:configuration", e.g. "nyu-mll/glue:sst2".
        split: e.g. "validation"; None for the first there is of validation, dev, test, train.
        limit: read this many rows at most, from the start, and no more than a file may hold.
        asked, answers: as in `read`.
        folder: the name is that of a folder of this machine; else no file of it is ever read, whatever the name.
        progress: told the share that is read, row by row; what it raises ends it.

    Raises:
        InputError: hub unreachable, data set unknown, gated or with code; no such configuration, split or column; a bad row.
    """
    asked = asked or Asked()
    where, configuration = _address(name, folder)
    if limit < 1:
        raise InputError(_("At least one example must be read."), _("Raise the limit."))
    try:
        if not folder:
            _ask(where)
        builder, data, part, others = _stream(where, configuration, split, folder)
        wanted = tuple(name for name in (asked.text, asked.label, asked.pair) if name)
        lists = answers in ("many", "words")
        own = builder and hub_files.of_part(builder, part, limit, wanted, asked.format, lists)
        rows, size, kept, classes = ([], 0, own.names, {}) if own else ([], 0, *_columns(data, lists))
        for row in own.rows if own else islice(data, limit):
            values = row if own else [_value(row, column) for column in kept]
            size += sum(len(str(value)) for value in values)
            if size > tables.MAX_BYTES:
                break
            rows.append(values)
            if progress:
                progress(len(rows) / limit)
    except InputError:
        raise
    except Exception as error:
        raise _explained(name, error, folder) from error
    large = size > tables.MAX_BYTES
    if large and not rows:
        raise InputError(
            _("The first row of {name} has {size:.0f} MB; at most {most:.0f} MB are read.").format(
                name=name, size=size / 1e6, most=tables.MAX_BYTES / 1e6
            ),
            _("Choose another data set."),
        )
    if not rows:
        raise InputError(_("The part {split} of {name} is empty.").format(split=part, name=name), _("Choose another part."))
    notes = [_("Part: {split}.").format(split=part) + (_(" There are also {others}.").format(others=", ".join(others)) if others else "")]
    if large:
        notes.append(_("The first {n} rows were read: no more than {most:.0f} MB.").format(n=len(rows), most=tables.MAX_BYTES / 1e6))
    elif len(rows) == limit:
        notes.append(_("The first {n} rows were read.").format(n=limit))
    notes += own.notes if own else ()
    table = tables.Table(tuple(kept), rows, list(range(1, len(rows) + 1)), own.header if own else True, _("Row"), tuple(notes))
    return of_table(table, name, asked, answers, classes)


def _address(name: str, folder: bool) -> tuple[str, str | None]:
    """Data set (or folder) and configuration."""
    name, advice = name.strip(), _("Give a hub id: owner/name, or owner/name:configuration.")
    if not name:
        raise InputError(_("No data set was named."), advice)
    if folder:
        return str(typed(name)), None
    where, _colon, configuration = name.partition(":")
    # A folder of that name, below the one that the server runs in, would be read instead.
    if not model_hub.is_id(where) or is_folder(Path(where)):
        raise InputError(_("{name:.80} is no hub id.").format(name=where), advice)
    return where, configuration or None


def _ask(repo: str) -> None:
    """Asks once, with a time limit: without a network `datasets` would try again for half a minute."""
    api = HfApi()
    if api.dataset_info(repo, timeout=_TIMEOUT_S).gated:
        api.auth_check(repo, repo_type="dataset")


def _stream(
    where: str, configuration: str | None, split: str | None, folder: bool
) -> tuple[DatasetBuilder | None, IterableDataset, str, list[str]]:
    """A data set, None where its owner says what its columns hold; the rows of one part, its name, and the names of the others."""
    from datasets import load_dataset_builder  # takes a second, which nobody waits for who needs no data set

    builder = load_dataset_builder(where, configuration)
    if not folder:
        _check_own(where, builder.config.data_files or {})
    if hasattr(builder.config, "keep_default_na"):
        builder.config.keep_default_na = False  # pandas would take a label or a text that reads None, NA or null for nothing
    described = builder.info.features is not None  # streaming guesses them
    parts = builder.as_streaming_dataset()
    wanted = split or next((part for part in _SPLITS if part in parts), next(iter(parts)))
    if wanted not in parts:
        message = _("{name} has no part {split}.").format(name=where, split=wanted)
        raise InputError(message, _("It has {parts}.").format(parts=", ".join(parts)))
    return None if described else builder, parts[wanted], wanted, [part for part in parts if part != wanted]


def _check_own(where: str, files: Mapping[str, Sequence[str]]) -> None:
    """Refuses a data set whose description names files that are not its own, before any is read: `datasets` would open every path of this
    machine and every address that stands there."""
    if any(not str(file).startswith(f"hf://datasets/{where}@") for part in files.values() for file in part):
        raise InputError(_("{name} names files that are not its own; they are not read.").format(name=where), _("Choose another data set."))


def _columns(data: IterableDataset, lists: bool) -> tuple[list[str], dict[str, list[str]]]:
    """Columns of plain values (images and sound are never fetched), lists of them where wanted, and the names of classes by column."""
    from datasets import ClassLabel, List, Value

    features = _flat(data.features or {column: Value("string") for column in next(iter(data), {})})
    if lists:
        features = {column: feature.feature if isinstance(feature, List) else feature for column, feature in features.items()}
    kept = [column for column, feature in features.items() if isinstance(feature, ClassLabel | Value)]
    if not kept:
        raise InputError(_("This data set has no column of texts."), _("It has {columns}.").format(columns=", ".join(features) or "none"))
    return kept, {column: features[column].names for column in kept if isinstance(features[column], ClassLabel)}


def _flat(features: Mapping[str, object]) -> dict[str, object]:
    """Columns by their path: of a text and its translations, {"translation": {"en": .., "fr": ..}}, each."""
    from datasets import Translation, Value

    flat: dict[str, object] = {}
    for column, feature in features.items():
        inside = {language: Value("string") for language in feature.languages} if isinstance(feature, Translation) else feature
        spoken = isinstance(inside, dict) and columns.are_translations(column, tuple(inside))
        flat |= {f"{column}.{key}": of for key, of in inside.items()} if spoken else {column: feature}
    return flat


def _value(row: Mapping[str, object], column: str) -> object:
    """What a row holds at a path."""
    if column in row:
        return row[column]
    outer, _dot, inner = column.partition(".")
    return (row.get(outer) or {}).get(inner)


def _explained(name: str, error: Exception, folder: bool) -> InputError:
    other = _("Choose our own sentences, or give a file.")
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "scripts are no longer supported" in first:
        return InputError(_("{name} needs Python code of its own, which is not run here.").format(name=name), other)
    if first.startswith(("Config name is missing", "BuilderConfig")):
        message = " ".join(str(error).split())
        return InputError(_("{name}: {why}").format(name=name, why=message[:300]), _("Write owner/name:configuration."))
    if isinstance(error, FileNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        if not folder:
            # `datasets` says which folder of this machine it looked in, too.
            return InputError(_("{name} holds no data that can be read.").format(name=name), other)
        return InputError(_("{name} holds no data that can be read: {why}.").format(name=name, why=first.rstrip(".")), other)
    known = model_hub.explained(name, error, _("data set"), other)
    return InputError(known.problem, known.advice)
