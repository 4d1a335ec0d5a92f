"""Classification: a model with a classification head, or the bundled BERT with its linear sentiment classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from explorer.i18n import _
from explorer.tasks.base import Batch, Item, Outcome, Scores, Task, encoded
from explorer.tasks.data import Examples
from explorer.tasks.matching import class_names, fitted
from models import InputError, Model
from models.opening import catalogue, last_token
from models.sentiment import LinearClassifier, load_sentiment
from models.surgery import cutting
from models.surgery.resume import Runner

_ACCIDENT = 0.05
"""Chance of so few right answers by guessing, below which they are no accident."""


class Classify(Task):
    """Accuracy and cross-entropy of the labels.

    Attributes:
        labels: names of the model's classes.
        match: which of them each class of the examples is.
        probe: the linear classifier that stands in for a head, or None.
    """

    kind = "classify"
    answers = "class"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.check(model)
        self.classifier, self.labels = head_of(model)
        self.match, _number_of, noted = fitted(examples, self.labels, None if self.classifier else model.network.config)
        texts, notes = encoded(model, [(e.text, e.pair) for e in examples.examples])
        items = []
        for number, (inputs, example) in enumerate(zip(texts, examples.examples, strict=True)):
            if example.label is None:
                raise InputError(_("Example {number} has no label.").format(number=number + 1), _("Name the column of labels."))
            items.append(Item(as_read(model, inputs), self.match.classes[example.label], number))
        super().__init__(model, items, noted + notes)

    @classmethod
    def check(cls, model: Model) -> None:
        head_of(model)
        if says_several(model):
            message = _("{name} may give a text several labels at once.").format(name=model.name)
            raise InputError(message, _("Choose the task of several labels."))

    def doubt(self, full: Scores) -> str:
        """Whether the model is right less often than by guessing, and not by accident (binomial test at 5 %)."""
        right, n, chance = int(full.correct.sum()), len(full.correct), 1 / len(self.labels)
        if binomtest(right, n, chance, alternative="less").pvalue >= _ACCIDENT:
            return ""
        return _(
            "With all heads, {right} of {n} examples are right: fewer than by guessing among {k} classes. "
            "Are the labels matched to the right classes?"
        ).format(right=right, n=n, k=len(self.labels))

    def differ(self, one: Scores, other: Scores) -> np.ndarray:
        return one.predicted != other.predicted

    def columns(self, before: Scores, after: Scores) -> dict[str, object]:
        names = np.array(self.labels)
        right = names[[item.target for item in self.items]]
        return {"label": right, "before": names[before.predicted], "after": names[after.predicted]}

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        if self.classifier is None:
            logits = runner.answer(forward, batch.inputs).float()
        else:
            hidden = forward(batch.inputs).last_hidden_state.float()
            logits = self.classifier.logits(hidden, torch.ones(hidden.shape[:2], device=hidden.device))
        loss = nn.functional.cross_entropy(logits, batch.targets, reduction="none")
        predicted = logits.argmax(-1)
        return Outcome(loss, predicted == batch.targets, predicted, torch.ones_like(predicted))


def chance(task: Task) -> float | None:
    """The share that is right for who always says the most frequent class; None where a task has no classes."""
    if not isinstance(task, Classify):
        return None
    return float(np.bincount([item.target for item in task.items]).max() / len(task))


def as_read(model: Model, inputs: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Ids up to the one at which a decoder reads its answer; what comes after it has no part in it."""
    read = last_token.row(model.network, inputs["input_ids"]) + 1
    return {name: ids[:read] for name, ids in inputs.items()}


def labels_texts(model: Model) -> bool:
    """Whether a network ends in a head that reads a whole text, as transformers calls them."""
    return type(model.network).__name__.endswith("ForSequenceClassification")


def labels_words(model: Model) -> bool:
    """Whether it ends in a head that reads each token."""
    return type(model.network).__name__.endswith("ForTokenClassification")


def says_several(model: Model) -> bool:
    """Whether a model says that several of its labels may apply to one text (`problem_type` of its configuration)."""
    return getattr(model.network.config, "problem_type", None) == "multi_label_classification"


def labels_of(model: Model) -> tuple[str, ...]:
    """What a model calls the classes or labels that it predicts: of a text, or of each word. Raises InputError where it predicts none."""
    if labels_words(model):
        return class_names(model.network.config)
    return head_of(model)[1]


def head_of(model: Model) -> tuple[LinearClassifier | None, tuple[str, ...]]:
    """The classifier that stands in for a classification head, None where there is a head, and the names of the classes.

    Raises:
        InputError: the model has neither.
    """
    config = model.network.config
    if labels_texts(model):
        # Of several labels that may apply, one alone may be all there is.
        if (config.num_labels < 2 and not says_several(model)) or getattr(config, "problem_type", None) == "regression":
            raise InputError(_("{name} predicts a number, not a class.").format(name=model.name), _("Choose the task of a number."))
        return None, class_names(config)
    if catalogue.BUNDLED_BERT in (model.name, getattr(config, cutting.FROM, None)):
        classifier = load_sentiment()
        return classifier, tuple(classifier.labels)
    raise InputError(
        _("{name} has no classification head.").format(name=model.name),
        _("Choose a classifier, such as the bundled BERT or DistilBERT SST-2, or another task."),
    )
