"""Several labels at once: each is predicted for itself, by the sigmoid of its logit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from explorer.i18n import _
from explorer.tasks.base import Batch, Item, Outcome, Scores, Task, encoded
from explorer.tasks.classify import as_read, labels_of, labels_texts, says_several
from explorer.tasks.examples import Examples
from explorer.tasks.matching import fitted
from models import InputError, Model
from models.surgery.resume import Runner


class Several(Task):
    """Share of labels that are told rightly (1 - Hamming loss; Tsoumakas & Katakis 2007, section 4.2), and binary cross-entropy.

    A label is predicted where its probability is above one half. The loss of an example is the mean over the labels, in nats.

    Attributes:
        labels: names of the model's labels.
    """

    kind = "multilabel"
    answers = "many"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.check(model)
        self.labels = labels_of(model)
        if len(self.labels) == 1 and set(examples.labels) <= {"0", "1"}:
            examples = _yes_or_no(examples, self.labels[0])
        self.match, number_of, noted = fitted(examples, self.labels, model.network.config, by_order=False)
        texts, notes = encoded(model, [(e.text, e.pair) for e in examples.examples])
        items = []
        for number, (inputs, example) in enumerate(zip(texts, examples.examples, strict=True)):
            target = [0.0] * len(self.labels)
            for label in example.labels:
                target[number_of[label]] = 1.0
            items.append(Item(as_read(model, inputs), target, number))
        super().__init__(model, items, noted + notes)

    @classmethod
    def check(cls, model: Model) -> None:
        if not (labels_texts(model) and says_several(model)):
            message = _("{name} has no head that gives several labels at once.").format(name=model.name)
            raise InputError(message, _('Choose a model whose config.json says "problem_type": "multi_label_classification".'))

    def empty(self) -> Scores:
        found = super().empty()
        return Scores(found.loss, found.correct, np.full((len(self), len(self.labels)), -1, dtype=np.int8), found.count)

    def differ(self, one: Scores, other: Scores) -> np.ndarray:
        return (one.predicted != other.predicted).any(axis=1)

    def columns(self, before: Scores, after: Scores) -> dict[str, object]:
        right = np.array([item.target for item in self.items])
        return {name: self._said(held) for name, held in (("labels", right), ("before", before.predicted), ("after", after.predicted))}

    def per_label(self, scores: Scores) -> dict[str, np.ndarray]:
        """Of each label, (labels,): how many examples carry it, accuracy, precision, recall and F1; nan where nothing can be divided."""
        right = np.array([item.target for item in self.items]) == 1
        said = scores.predicted == 1
        both = (right & said).sum(axis=0)
        with np.errstate(invalid="ignore"):
            precision, recall = both / said.sum(axis=0), both / right.sum(axis=0)
            f1 = 2 * both / (said.sum(axis=0) + right.sum(axis=0))
        return {"examples": right.sum(axis=0), "accuracy": (right == said).mean(axis=0), "precision": precision, "recall": recall, "f1": f1}

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        logits = runner.answer(forward, batch.inputs).float()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, batch.targets, reduction="none").mean(dim=-1)
        predicted = logits > 0
        right = (predicted == (batch.targets > 0)).float().mean(dim=-1)
        return Outcome(loss, right, predicted.to(torch.int8), torch.full(loss.shape, logits.shape[-1], device=loss.device))

    def _said(self, held: np.ndarray) -> list[str]:
        return [", ".join(name for name, one in zip(self.labels, row, strict=True) if one == 1) for row in held]


def _yes_or_no(examples: Examples, label: str) -> Examples:
    """Of a model with one label, 1 says that it applies and 0 that it does not; neither is its number."""
    said = tuple(replace(example, labels=(label,) if "1" in example.labels else ()) for example in examples.examples)
    return replace(examples, examples=said, labels=(label,))
