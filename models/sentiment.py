"""A linear classifier on the mean of a network's last hidden states: gives the bundled BERT, which has no head, a sentiment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch.nn import functional

from models import digests
from models.errors import ModelError
from models.opening import catalogue
from models.opening.catalogue import SHIPPED
from models.words import told

NAME = "minilm-sst2-probe"
FORMAT = "probe 1"


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """A linear classifier, shared between viewers: nothing in it changes.

    Attributes:
        weight: float32 (classes, width), on the cpu.
        bias: float32 (classes,), on the cpu.
        labels: names of the classes, by number.
        skip_ends: whether the first and the last token of each text, [CLS] and [SEP], are left out of the mean.
        normalise: whether the mean is scaled to length 1 first.
        base: name of the model whose hidden states it reads.
        base_sha256: of that model's model.safetensors.
        trained_on: what it was trained on, in words.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    labels: tuple[str, ...]
    skip_ends: bool
    normalise: bool
    base: str
    base_sha256: str
    trained_on: str

    def logits(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Scores of the classes, on the device of `hidden`; gradients flow back into it.

        Args:
            hidden: last hidden states, (batch, tokens, width), of any floating type.
            attention_mask: 1 for a token, [CLS] and [SEP] among them, 0 for padding on either side, (batch, tokens).

        Returns:
            float32 (batch, classes).
        """
        mean = pooled(hidden, attention_mask, self.skip_ends, self.normalise)
        return functional.linear(mean, self.weight.to(mean.device), self.bias.to(mean.device))


def pooled(hidden: torch.Tensor, attention_mask: torch.Tensor, skip_ends: bool, normalise: bool) -> torch.Tensor:
    """Mean of the states of a text's tokens, float32 (batch, width); 0 where a text has none.

    With [CLS] and [SEP] and at length 1 it is the sentence embedding that all-MiniLM-L6-v2 was trained to give (Reimers and
    Gurevych 2019); the sentiment is told a little better without them.

    Args:
        hidden: (batch, tokens, width).
        attention_mask: 0 for padding, on either side, (batch, tokens).
        skip_ends: leave out the first and the last token that is not padding.
        normalise: scale the mean to length 1.
    """
    mask = attention_mask.to(hidden.device) != 0  # (batch, tokens)
    if skip_ends:
        place = mask.cumsum(dim=1)  # 1 at the first token
        mask = mask & (place > 1) & (place < place[:, -1:])
    mask = mask.unsqueeze(-1)
    # Not a product with the mask: what stands at padding may be anything, and 0 * inf is not 0.
    mean = hidden.float().masked_fill(~mask, 0.0).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    return functional.normalize(mean, dim=-1) if normalise else mean


@cache
def load_sentiment() -> LinearClassifier:
    """The shipped sentiment classifier of the bundled BERT: class 0 is negative, 1 positive.

    Raises:
        ModelError: its file is missing or broken, or the bundled BERT is not the one that it was trained on.
    """
    classifier = read(SHIPPED / f"{NAME}.safetensors")
    folder = catalogue.bundled_folder(classifier.base)
    if folder is None or digests.of_file(folder / "model.safetensors") != classifier.base_sha256:
        raise ModelError(
            told("The sentiment classifier was trained on other weights of {base}.", base=classifier.base),
            told("Run `python -m models.training.sentiment` again."),
        )
    return classifier


def read(path: Path) -> LinearClassifier:
    """A classifier from a safetensors file. Raises ModelError for a file that is missing, broken, or of another kind."""
    advice = told("Fetch the project's files again, or run `python -m models.training.sentiment`.")
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            if about.get("format") != FORMAT:
                raise ModelError(told("{path} is not a classifier of this project.", path=path), advice)
            weight, bias = file.get_tensor("weight").float(), file.get_tensor("bias").float()
        labels = tuple(json.loads(about["labels"]))
        classifier = LinearClassifier(
            weight=weight,
            bias=bias,
            labels=labels,
            skip_ends=about["skip_ends"] == "true",
            normalise=about["normalise"] == "true",
            base=about["base"],
            base_sha256=about["base_sha256"],
            trained_on=about["trained_on"],
        )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ModelError(told("The classifier in {path} cannot be read: {error}.", path=path, error=error), advice) from error
    if (
        weight.ndim != 2
        or weight.shape[0] != len(labels)
        or bias.shape != weight.shape[:1]
        or not (weight.isfinite().all() and bias.isfinite().all())
    ):
        raise ModelError(
            told(
                "The classifier in {path} has weights {weights} and {bias} for {labels} labels.",
                path=path,
                weights=tuple(weight.shape),
                bias=tuple(bias.shape),
                labels=len(labels),
            ),
            advice,
        )
    return classifier
