"""What an example may be labelled with besides one class: several labels at once, or a number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from explorer.i18n import _
from explorer.tasks import columns, labels, tables
from explorer.tasks.examples import Asked
from models.errors import InputError

KINDS = ("class", "many", "number", "words")
"""One class, several labels, a number, or a label for each word."""
_YES_OR_NO = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
_GROUPED = re.compile(r"[+-]?\d[\d.,'\s]*")
"""Digits with what some countries write between thousands, and others before a fraction."""
_BETWEEN = re.compile(r"[,;|]")
_NAME = re.compile(r"""'([^'\\]+)'|"([^"\\]+)\"""")
"""A name in quotes."""


def several(values: Sequence[object], where: Callable[[int], str]) -> list[tuple[str, ...]]:
    """All labels that each row carries, in the order in which they are written; none where a cell is empty.

    Args:
        values: lists of names or numbers, as JSON holds them; or text, in which a comma, a semicolon or a bar parts the labels. Lists of 0
            and 1 that are all equally long say of each label whether it applies, as networks are trained on them: then labels are numbers.
        where: the place of a row's cell in a viewer's words.

    Raises:
        InputError: a cell that is none of these, or a label twice.
    """
    if (places := vectors(values)) is not None:
        return [tuple(str(i) for i, one in enumerate(row) if one) for row in places]
    found = []
    for row, value in enumerate(values):
        given = [] if value is None else value
        if isinstance(given, str):
            given = _quoted(given) or [part for part in _BETWEEN.split(given.strip().strip("[]")) if part.strip()]
        elif isinstance(given, int) and not isinstance(given, bool):
            given = [given]
        if not isinstance(given, list) or any(isinstance(one, bool) or not isinstance(one, str | int) for one in given):
            message = _("{where}: {value!r:.40} is no list of labels.").format(where=where(row), value=value)
            raise InputError(message, _('Write the labels as "joy, love", as ["joy", "love"], or a column of 0 and 1 for each.'))
        carried = tuple(labels.bare(labels.bare(str(one)).strip("'\"")) for one in given)
        if len(set(carried)) < len(carried):
            raise InputError(_("{where}: a label stands there twice.").format(where=where(row)), _("Take one of them out."))
        found.append(carried)
    return found


def _quoted(given: str) -> list[str]:
    """The names of a list as Python, JSON and numpy write it, each in quotes, so that a comma may stand in one; [] for any other text."""
    inside = given.strip()
    if not (inside.startswith("[") and inside.endswith("]")):
        return []
    inside = inside[1:-1]
    return [] if _NAME.sub("", inside).strip(", \n") else [one or other for one, other in _NAME.findall(inside)]


def vectors(values: Sequence[object]) -> list[list[bool]] | None:
    """Lists such as [0, 1, 1], also as text, that say of each label whether it applies; None where the values are no such lists."""
    rows: list[list[bool]] = []
    for value in values:
        if isinstance(value, str) and value.strip().startswith("[") and value.strip().endswith("]"):
            # As JSON and as numpy ("1.") write them.
            value = [one.removesuffix(".") for one in re.split(r"[,;|\s]+", value.strip().strip("[]").strip())]
        said = [_said(one) for one in value] if isinstance(value, list) else []
        if len(said) < 2 or None in said or len(said) != len(rows[0] if rows else said):
            return None
        rows.append(said)
    return rows or None


def numbers(values: Sequence[object], where: Callable[[int], str]) -> list[float]:
    """A number for each row. Raises InputError for a cell that holds none, or one that is not finite."""
    found = []
    for row, value in enumerate(values):
        try:
            # Python takes 1_0 for ten, and nobody else does.
            number = math.nan if isinstance(value, bool) or "_" in str(value) else float(labels.bare(value) if isinstance(value, str) else value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            message = _("{where}: {value!r:.40} is not a number.").format(where=where(row), value=value)
            advice = _("Choose the column that holds the numbers to predict.")
            if isinstance(value, str) and _GROUPED.fullmatch(labels.bare(value)):
                advice = _("Write numbers with a point and nothing between thousands, as in 1234.5: a comma is read in two ways.")
            raise InputError(message, advice)
        found.append(number)
    return found


def gathered(table: tables.Table, asked: Asked) -> tuple[tables.Table, Asked]:
    """A table in which each label has a column of 0 and 1, with one more column that holds lists of labels; any other table as it is.

    The columns are those that were asked for ("toxic, insult"); else, where no column is called "labels" or the like, all that hold 0 and 1
    alone, if there are two or more.
    """
    if asked.label and "," in asked.label and asked.label not in table.names:
        taken = [columns.asked(table.names, name) for name in asked.label.split(",")]
    elif asked.label is None and not any(columns.is_called_label(name) for name in table.names):
        taken = [i for i in range(len(table.names)) if _is_yes_or_no(table.values(i))]
        taken = taken if len(taken) > 1 else []
    else:
        taken = []
    if not taken:
        return table, asked
    for i in taken:
        odd = next((row for row, value in enumerate(table.values(i)) if _said(value) is None), None)
        if odd is not None:
            message = _("{where}: {value!r:.40} is neither 0 nor 1.").format(where=table.at(odd, i), value=table.rows[odd][i])
            raise InputError(message, _("Name columns that say with 1 that a label applies."))
    names = [table.names[i] for i in taken]
    rows = [[*row, [table.names[i] for i in taken if _said(row[i])]] for row in table.rows]
    title = " + ".join(names)
    return replace(table, names=(*table.names, title), rows=rows), replace(asked, label=title)


def look_like(values: Sequence[object], kind: str) -> bool:
    """Whether a column looks like answers of a kind."""
    if kind == "number":
        return all(not isinstance(value, list | dict) and value is not None and labels.is_number(str(value)) for value in values)
    if kind == "many":
        # A lone column of 0 and 1 says whether something applies, and is no number of a label.
        plain = all(isinstance(value, bool | int) or labels.is_number(str(value)) for value in values)
        return any(isinstance(value, list) for value in values) or (labels.look_like(values) and not plain)
    return labels.look_like(values)


def _is_yes_or_no(values: Sequence[object]) -> bool:
    return all(_said(value) is not None for value in values)


def _said(value: object) -> bool | None:
    return _YES_OR_NO.get(labels.bare(str(value)).lower())
