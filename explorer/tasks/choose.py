"""A task and its examples, by name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from explorer.i18n import _
from explorer.tasks import data, exact
from explorer.tasks.base import Task
from explorer.tasks.classify import Classify
from explorer.tasks.data import Asked, Examples
from explorer.tasks.exact import Exact
from explorer.tasks.formats import Format
from explorer.tasks.language import Masked, Next
from explorer.tasks.number import Number
from explorer.tasks.several import Several
from explorer.tasks.words import Words
from models import InputError, Model
from models.paths import is_file, typed

TASKS: dict[str, type[Task]] = {task.kind: task for task in (Classify, Several, Words, Number, Masked, Next, Exact)}

OWN = ("classify", "masked", "next", "exact")
"""Tasks that there are examples of our own for."""

__all__ = ["HUB", "OWN", "TASKS", "Asked", "Format", "built_in", "make", "named", "possible", "told"]

HUB = "hub:"
"""What a name of a data set on the hub starts with."""


def make(kind: str, model: Model, examples: Examples) -> Task:
    """A task of `TASKS` on a model. Raises InputError where the model cannot do it, or the examples do not fit."""
    return TASKS[kind](model, examples)


def possible(model: Model) -> list[str]:
    """The tasks that a model can do."""
    if model.view_only:
        return []
    found = []
    for kind, task in TASKS.items():
        with suppress(InputError):
            task.check(model)
            found.append(kind)
    # A toy knows the words of its own task only.
    return [Exact.kind] if Exact.kind in found else found


def built_in(kind: str, model: Model | None = None) -> Examples:
    """The project's own examples for a task: labelled sentences, a passage, or held-out examples of a toy's own task.

    Raises:
        InputError: "exact" without a model that was trained on a toy task; a task that there are no examples of our own for.
    """
    if kind not in OWN:
        raise InputError(_("There are no examples of our own for this task."), _("Give a file, or a data set of the hub."))
    if kind == Exact.kind:
        if model is None:
            raise InputError(_("The examples of a toy task come from the toy."), _("Name the model."))
        return exact.held_out(model)
    return data.sentiment() if kind == "classify" else data.passage()


def told(kind: str, asked: Asked | None = None) -> dict[str, object]:
    """Arguments of `data.read` and `data.hub` for a task: labels are read where it needs some, and left alone otherwise."""
    asked, answers = asked or Asked(), TASKS[kind].answers
    return {"asked": asked, "answers": answers} if answers else {"asked": replace(asked, label="")}


def named(name: str | None, kind: str, model: Model | None = None, asked: Asked | None = None) -> Examples:
    """Examples from a file, from the hub ("hub:owner/name"), or the built-in ones where there is no name.

    Args:
        name: of a file or a data set.
        kind: of task, see `TASKS`.
        model: that will do the task; needed for the examples of a toy.
        asked: what is not to be guessed about a file or data set.

    Raises:
        InputError: no such file, or one that cannot be read.
    """
    if not name:
        return built_in(kind, model)
    if name.startswith(HUB):
        return data.hub(name.removeprefix(HUB), **told(kind, asked))
    path = typed(name)
    if not is_file(path):
        raise InputError(_("There is no file {path}.").format(path=path), _("Give a CSV, TSV, JSONL or text file."))
    return data.read(path, path.name, **told(kind, asked))
