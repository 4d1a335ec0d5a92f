"""Toy tasks: does a toy answer everything that an example asks, on examples that it was never trained on?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from explorer.i18n import _
from explorer.tasks.base import Batch, Item, Outcome, encoded
from explorer.tasks.data import Examples, Labelled
from explorer.tasks.language import Language
from models import InputError, Model
from models.surgery.resume import Runner
from models.toy import tasks
from models.toy.tasks import ToyTask

EXAMPLES = 1000
"""Held-out examples, where a task has so many."""


class Exact(Language):
    """Exact matches, and the cross-entropy of all that is asked, on examples of the toy task that the model was trained on.

    An example is its text; the answers follow from it.

    Attributes:
        toy_task: what the model was trained on.
    """

    kind = "exact"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.toy_task = toy_task(model)
        texts, notes = encoded(model, [(example.text, "") for example in examples.examples])
        items = []
        for number, inputs in enumerate(texts):
            ids = inputs["input_ids"]
            try:
                if model.tokenizer.unk_token_id in ids:
                    raise InputError(_("It holds a word that the model does not know."), _("Write it with the words of the task."))
                targets = self.toy_task.answers(torch.tensor([ids]))[0].tolist()
            except InputError as error:
                message = _("Example {number} is none of the task {task}. {problem}")
                raise InputError(message.format(number=number + 1, task=self.toy_task.name, problem=_(error.problem)), error.advice) from error
            if model.kind == "encoder-decoder":
                inputs = {"input_ids": ids, "decoder_input_ids": [model.network.config.decoder_start_token_id, *targets[:-1]]}
            items.append(Item(inputs, targets, number))
        super().__init__(model, items, notes)

    @classmethod
    def check(cls, model: Model) -> None:
        toy_task(model)

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        found = super().outcome(runner, batch, forward)
        return replace(found, correct=(found.correct == 1).float())


def toy_task(model: Model) -> ToyTask:
    """The toy task that a model was trained on. Raises InputError where it was trained on none with exact answers."""
    name = getattr(model.network.config, "task", "")
    if name not in tasks.TASKS or not tasks.TASKS[name].exact:
        raise InputError(
            _("{name} was not trained on a toy task with exact answers.").format(name=model.name),
            _("Choose a toy, such as one that `python -m explorer train` makes, or another task."),
        )
    return tasks.make(name, model.network.config.task_settings)


def held_out(model: Model, n: int = EXAMPLES) -> Examples:
    """Held-out examples of the task that a toy was trained on, always the same ones. Raises InputError."""
    task = toy_task(model)
    texts = [task.text(ids) for batch in task.held_out(n) for ids in batch.input_ids.tolist()]
    return Examples(_("Held-out examples of {task}").format(task=task.name), tuple(Labelled(text, None) for text in texts))
