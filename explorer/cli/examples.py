"""On which examples a command works: a file, a data set or the project's own, and what of a file is not to be guessed."""

from __future__ import annotations

import argparse

from explorer.cli.shared import note
from explorer.i18n import N_, _
from explorer.tasks.base import Task
from explorer.tasks.choose import make, named
from explorer.tasks.data import Asked, Examples
from explorer.tasks.formats import Format
from models import Model
from models.errors import InputError
from models.words import told

_DATA = N_("CSV, TSV, JSON, JSONL or text file; hub:owner/name; default: the project's own")
_NAMED_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


def example_arguments(parser: argparse.ArgumentParser, data: str = _DATA) -> None:
    """Adds --data, --limit, and what can be said about a file."""
    parser.add_argument("--data", metavar="F", help=_(data))
    parser.add_argument("--limit", type=int, metavar="N", help=_("first N examples only"))
    group = parser.add_argument_group(_("how the file is read (guessed where it is not said; what was found is noted)"))
    group.add_argument("--text", metavar="COLUMN", help=_("column of the texts: its name, or its number from 1"))
    group.add_argument("--pair", metavar="COLUMN", help=_('column of the second texts; "" for none'))
    group.add_argument("--label", metavar="COLUMN", help=_("column of the labels"))
    classes = _(
        "the model's class of each label, by name or number: bad=NEGATIVE,good=POSITIVE, or 0=1,1=0; nothing behind a = leaves its rows out"
    )
    group.add_argument("--labels", type=_labels, metavar="L=C,..", help=classes)
    group.add_argument("--separator", metavar="S", help=_('one character, such as ";" or "|", or the word tab'))
    group.add_argument("--encoding", metavar="E", help=_("such as gb18030, cp1252, utf-16"))
    group.add_argument("--quotes", action=argparse.BooleanOptionalAction, help=_("double quotes enclose a field, or are characters of it"))
    group.add_argument("--header", action=argparse.BooleanOptionalAction, help=_("the first row names the columns, or is an example"))


def asked(given: argparse.Namespace) -> Asked:
    """What was said about a file."""
    separator = _NAMED_SEPARATORS.get(given.separator, given.separator)
    return Asked(given.text, given.label, given.pair, Format(given.encoding, separator, given.quotes, given.header), given.labels or ())


def examples_of(given: argparse.Namespace, kind: str, model: Model | None = None) -> Examples:
    """The examples of --data, as many as --limit allows.

    Raises:
        InputError: no such examples.
    """
    examples = named(given.data, kind, model, asked(given))
    if given.limit is not None and given.limit < 1:
        raise InputError(told("--limit wants a number from 1."))
    return examples.first(given.limit)


def task_of(given: argparse.Namespace, model: Model, kind: str) -> Task:
    """The task on the examples of --data; what there is to note about them goes to stderr.

    Raises:
        InputError: no such examples, or a model that cannot do the task.
    """
    examples = examples_of(given, kind, model)
    task = make(kind, model, examples)
    note(*how_read(examples), *task.notes)
    return task


def how_read(examples: Examples) -> list[str]:
    """What a file's columns and its format were taken for, and the notes of the examples."""
    found = []
    if examples.read is not None and examples.read.format is not None:
        of = {name: value for name, value in vars(examples.read.format).items() if value is not None}
        read = [f"{name} {value!r}" if isinstance(value, str) else f"{name} {'yes' if value else 'no'}" for name, value in of.items()]
        found.append(f"{examples.name}: " + ", ".join([*read, *(f"{role} in column {column}" for role, column in examples.columns.items())]))
    return [*found, *examples.notes]


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [one.rpartition("=") for one in text.split(",")]
    if not all(equals and label.strip() for label, equals, _of in pairs):
        raise argparse.ArgumentTypeError(f"pairs such as 0=NEGATIVE,1=POSITIVE are wanted, not {text!r}")
    return tuple((label.strip(), of.strip()) for label, _equals, of in pairs)
