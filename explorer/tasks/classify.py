"""Classification: a model with a classification head, or the bundled BERT with its linear sentiment classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from explorer.i18n import _
from explorer.tasks.base import Batch, Item, Outcome, Task, encoded
from explorer.tasks.data import Examples
from models import InputError, Model
from models.opening import catalogue
from models.sentiment import LinearClassifier, load_sentiment
from models.surgery.resume import Runner


class Classify(Task):
    """Accuracy and cross-entropy of the labels.

    Attributes:
        labels: names of the model's classes.
        probe: the linear classifier that stands in for a head, or None.
    """

    kind = "classify"

    def __init__(self, model: Model, examples: Examples) -> None:
        self.classifier, self.labels = head_of(model)
        classes, message = _classes(examples.labels, self.labels)
        texts, notes = encoded(model, [(e.text, e.pair) for e in examples.examples])
        items = []
        for number, (inputs, example) in enumerate(zip(texts, examples.examples, strict=True)):
            if example.label is None:
                raise InputError(_("Example {number} has no label.").format(number=number + 1), _("Name the column of labels."))
            items.append(Item(inputs, classes[example.label], number))
        super().__init__(model, items, (*message, *notes))

    def outcome(self, runner: Runner, batch: Batch, forward: Callable[[Mapping[str, Tensor]], object]) -> Outcome:
        output = forward(batch.inputs)
        if self.classifier is None:
            logits = output.logits.float()
        else:
            hidden = output.last_hidden_state.float()
            logits = self.classifier.logits(hidden, torch.ones(hidden.shape[:2], device=hidden.device))
        loss = nn.functional.cross_entropy(logits, batch.targets, reduction="none")
        predicted = logits.argmax(-1)
        return Outcome(loss, predicted == batch.targets, predicted, torch.ones_like(predicted))


def head_of(model: Model) -> tuple[LinearClassifier | None, tuple[str, ...]]:
    """The classifier that stands in for a classification head, None where there is a head, and the names of the classes.

    Raises:
        InputError: the model has neither.
    """
    config = model.network.config
    if type(model.network).__name__.endswith("ForSequenceClassification"):
        if config.num_labels < 2:
            raise InputError(_("{name} predicts a number, not a class.").format(name=model.name), _("Choose a classifier."))
        return None, tuple(config.id2label[i] for i in range(config.num_labels))
    if model.name == catalogue.BUNDLED_BERT:
        classifier = load_sentiment()
        return classifier, tuple(classifier.labels)
    raise InputError(
        _("{name} has no classification head.").format(name=model.name),
        _("Choose a classifier, such as the bundled BERT or DistilBERT SST-2, or another task."),
    )


def _classes(given: Sequence[str], known: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    """For every class of the examples, the number of the model's class: by name where the names match, else by order, and a note."""
    names = {_normalised(name): i for i, name in enumerate(known)}
    if all(_normalised(name) in names for name in given):
        return [names[_normalised(name)] for name in given], ()
    if len(given) > len(known):
        raise InputError(
            _("The examples have {n} classes ({given}), the model has {m} ({known}).").format(
                n=len(given), given=", ".join(given[:6]), m=len(known), known=", ".join(known[:6])
            ),
            _("Choose examples that fit the model."),
        )
    pairs = ", ".join(f"{mine} = {theirs}" for mine, theirs in zip(given, known, strict=False))
    return list(range(len(given))), (_("Classes were matched by their order: {pairs}.").format(pairs=pairs),)


def _normalised(name: str) -> str:
    name = name.strip().lower().removeprefix("label_")
    return {"pos": "positive", "neg": "negative", "1": "positive", "0": "negative"}.get(name, name)
