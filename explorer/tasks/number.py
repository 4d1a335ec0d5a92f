"""A number for each text, such as how alike two sentences are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from explorer.i18n import _
from explorer.tasks.base import Batch, Item, Outcome, Scores, Task, encoded
from explorer.tasks.classify import as_read, labels_texts, says_several
from explorer.tasks.examples import Examples
from explorer.tasks.score import rounding
from models import InputError, Model
from models.surgery.resume import Runner

_SAME = 1e-4
"""Predictions of one text that are no further apart than this share of what lies between the smallest and the largest of all are the same."""


class Number(Task):
    """Pearson's correlation of what is predicted with what is right, as STS-B is scored (Cer et al. 2017), and squared error."""

    kind = "regression"
    answers = "number"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.check(model)
        texts, notes = encoded(model, [(e.text, e.pair) for e in examples.examples])
        items = []
        for number, (inputs, example) in enumerate(zip(texts, examples.examples, strict=True)):
            if example.value is None:
                raise InputError(_("Example {number} has no number.").format(number=number + 1), _("Name the column of numbers."))
            items.append(Item(as_read(model, inputs), float(example.value), number))
        super().__init__(model, items, notes)

    @classmethod
    def check(cls, model: Model) -> None:
        if not labels_texts(model) or model.network.config.num_labels != 1 or says_several(model):
            raise InputError(_("{name} has no head that predicts a number.").format(name=model.name), _("Choose one that was trained for it."))

    def doubt(self, full: Scores) -> str:
        """Whether predictions lie on another scale than the numbers (0 to 1, and 0 to 5): further apart than their mean would be."""
        right = full.correct[:, 1]
        if full.mean_loss <= right.var():
            return ""
        return _(
            "With all heads, predictions are further off (mean squared error {error:.3g}) than the mean of all numbers would be "
            "({variance:.3g}). Are they on the model's scale? The correlation does not mind."
        ).format(error=full.mean_loss, variance=right.var())

    def empty(self) -> Scores:
        found = super().empty()
        return Scores(found.loss, np.full((len(self), 2), np.nan), found.predicted, found.count)

    def differ(self, one: Scores, other: Scores) -> np.ndarray:
        # The same sums in another order (another batch, a layer that is skipped) end in other last bits: that is no other answer.
        said, instead = one.correct[:, 0], other.correct[:, 0]
        return np.abs(instead - said) > _SAME * np.ptp(said) + rounding(said)

    def columns(self, before: Scores, after: Scores) -> dict[str, object]:
        return {"number": before.correct[:, 1], "before": before.correct[:, 0], "after": after.correct[:, 0]}

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        said, right = runner.answer(forward, batch.inputs)[:, 0].float(), batch.targets.float()
        none = torch.full(said.shape, -1, device=said.device)
        return Outcome((said - right) ** 2, torch.stack([said.detach(), right], dim=-1), none, torch.ones_like(none))
