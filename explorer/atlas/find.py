"""Heads by what they do: conditions such as "previous > .8 and distance > 5"."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.atlas.sums import NAMES
from explorer.i18n import _
from explorer.scores.definitions import BY_NAME
from explorer.scores.roles import ROLES
from models import InputError

_SIGNS: dict[str, Callable] = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "≥": operator.ge, "≤": operator.le}
_ONE = re.compile(r"(?P<name>[^<>=≤≥]+?)\s*(?P<sign>>=|<=|[<>=≤≥])\s*(?P<value>.+)")
_JOINED = re.compile(r"\s+and\s+|\s*[,;，；且]\s*", re.IGNORECASE)
_ROLE = "role"


@dataclass(frozen=True)
class Condition:
    """One condition: a metric and a number, or "role" and the name of one."""

    name: str
    sign: str
    value: float | str

    def holds(self, heads: pd.DataFrame) -> np.ndarray:
        """Of which heads, lines of `Atlas.heads`, it is true; bool (heads,). A metric that a head has not is not true of it."""
        if self.name == _ROLE:
            return np.array([self.value in roles for roles in heads["roles"]], bool)
        return _SIGNS[self.sign](heads[self.name].to_numpy(), self.value)


def parse(text: str) -> list[Condition]:
    """Conditions from text, all of which have to hold. Names are those of metrics, or their titles in the language of the viewer.

    Raises:
        InputError: what is no condition, an unknown name, or no number.
    """
    return [_one(part.strip()) for part in _JOINED.split(text.strip()) if part.strip()]


def heads(table: pd.DataFrame, text: str) -> np.ndarray:
    """Of which heads all conditions of a text hold, bool (heads,); of all where there are none. Raises InputError as `parse`."""
    held = np.ones(len(table), bool)
    for condition in parse(text):
        held &= condition.holds(table)
    return held


def _one(text: str) -> Condition:
    found = _ONE.fullmatch(text)
    if not found:
        raise InputError(_("{text!r} is no condition.").format(text=text), _("Write such as: previous > .8 and distance < 3"))
    word, sign, value = found["name"].strip().lower(), found["sign"], found["value"].strip()
    if word in (_ROLE, _("role").lower()):
        roles = {role.name: role.name for role in ROLES} | {_(role.title).lower(): role.name for role in ROLES}
        if sign != "=" or value.lower() not in roles:
            raise InputError(
                _("{value!r} is no role.").format(value=value),
                _("Write role = and one of {roles}.").format(roles=", ".join(r.name for r in ROLES)),
            )
        return Condition(_ROLE, "=", roles[value.lower()])
    names = {name: name for name in NAMES} | {_(BY_NAME[name].title).lower(): name for name in NAMES if name in BY_NAME}
    if word not in names:
        raise InputError(_("There is no metric {name!r}.").format(name=word), _("There are {names}.").format(names=", ".join(NAMES)))
    if sign not in _SIGNS:
        raise InputError(_("A metric is compared by < or >."), _("Write such as: previous > .8 and distance < 3"))
    try:
        return Condition(names[word], sign, float(value))
    except ValueError as error:
        raise InputError(_("{value!r} is no number.").format(value=value), _("Write such as: previous > .8 and distance < 3")) from error
