"""Tasks with exact answers, generated on the fly, for the toys to learn.

- `base`: what they share: seeded examples, exact answers, a held-out part
- `induction`, `recall`: what came after, what belongs to a key
- `rewriting`: copying, reversal, sorting
- `order`, `arithmetic`, `counting`: word order; modular addition; brackets and majority
- `translation`: a small grammar, English to Chinese, for encoder-decoders
- `characters`: the next character of a text that the viewer supplies
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from models.errors import InputError
from models.toy.tasks.arithmetic import ModularAddition
from models.toy.tasks.base import END, IGNORED, START, Batch, ToyTask
from models.toy.tasks.characters import Characters
from models.toy.tasks.counting import Brackets, Majority
from models.toy.tasks.induction import Induction
from models.toy.tasks.order import WordOrder
from models.toy.tasks.recall import Recall
from models.toy.tasks.rewriting import Copying, Reversal, Sorting
from models.toy.tasks.translation import Translation
from models.words import told

TASKS: dict[str, type[ToyTask]] = {
    task.name: task
    for task in (*(Induction, Recall, Copying, Reversal, Sorting, WordOrder, ModularAddition, Brackets, Majority, Translation, Characters),)
}

__all__ = ["END", "IGNORED", "START", "TASKS", "Batch", "ToyTask", "make"]


def make(name: str, settings: Mapping[str, object] | None = None) -> ToyTask:
    """A task of `TASKS` with these settings, its defaults for the rest.

    Raises:
        InputError: an unknown name or setting, with the known ones; settings that make no sense.
    """
    if name not in TASKS:
        raise InputError(told("There is no task {task!r}.", task=name), told("Choose one of {tasks}.", tasks=", ".join(TASKS)))
    known = [field.name for field in fields(TASKS[name])]
    if unknown := set(settings or {}) - set(known):
        raise InputError(
            told("{name} has no setting {unknown}.", name=name, unknown=", ".join(sorted(unknown))),
            told("It has {names}.", names=", ".join(known)) if known else "",
        )
    return TASKS[name](**(settings or {}))
