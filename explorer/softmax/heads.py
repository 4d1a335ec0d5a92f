"""The softmax of a real model's heads: its scores before and after scaling, how far it is saturated, and what uniform weights pass on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import entr

from explorer.capture import Capture
from explorer.i18n import _
from models import InputError
from models.attention import scoring

SATURATED = 0.9
"""A row whose largest weight is above this is called saturated."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Progress = Callable[[float], None]
_SCORES = 2**20
"""Of one head, at most so many scores are looked at: those of rows that lie evenly over the text."""


@dataclass(frozen=True, eq=False)
class Softmax:
    """How the weights of each head are spread, over rows that see two keys or more; float (layers, heads), nan where there is no head.

    Attributes:
        saturated: share of rows whose largest weight is above `SATURATED`.
        entropy: mean entropy of a row, in nats.
        relative: mean of entropy / log(keys that the row sees): 1 is uniform, 0 one-hot.
        most: mean of log(keys that a row sees), in nats: the largest mean entropy that there could be.
    """

    saturated: np.ndarray
    entropy: np.ndarray
    relative: np.ndarray
    most: float


@dataclass(frozen=True, eq=False)
class Spread:
    """Quantiles (`QUANTILES`) of each head's scores over all pairs that are visible, float (layers, heads, quantiles).

    Attributes:
        raw: of q.k.
        scaled: of the model's scale times q.k, as the softmax gets it, but for position biases.
        variance_raw, variance_scaled: (layers, heads).
        scale: the factor of each head, (layers, heads).
    """

    raw: np.ndarray
    scaled: np.ndarray
    variance_raw: np.ndarray
    variance_scaled: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, eq=False)
class Uniform:
    """What a head reads and passes on.

    Attributes:
        values: of the tokens attended to, (key, value dim).
        uniform: its output where all weights that may be are equal, (query, value dim).
        learned: its output z, (query, value dim).
    """

    values: np.ndarray
    uniform: np.ndarray
    learned: np.ndarray


def softmax(capture: Capture, part: str | None = None, progress: Progress | None = None) -> Softmax:
    """Saturation and entropy of every head of a part, one head and a block of rows at a time.

    Args:
        progress: told the share that is done.
    """
    found = np.full((3, *_shape(capture, part)), np.nan)
    most = np.nan
    for i, site in enumerate(capture.sites(part)):
        _tell(progress, i, capture, part)
        seen = capture.visible(site.layer, part).sum(axis=1)
        several = seen > 1
        if not several.any() or not site.heads:
            continue
        most = float(np.log(seen[several]).mean())
        largest, entropy = _rows(capture, site.layer, part)
        found[0, site.layer, : site.heads] = (largest[:, several] > SATURATED).mean(axis=1)
        found[1, site.layer, : site.heads] = entropy[:, several].mean(axis=1)
        found[2, site.layer, : site.heads] = (entropy[:, several] / np.log(seen[several])).mean(axis=1)
    return Softmax(*found, most)


def spread(capture: Capture, part: str | None = None, progress: Progress | None = None) -> Spread:
    """The scores of every head of a part.

    Args:
        progress: told the share that is done.

    Raises:
        InputError: the model is view-only, or its attention has no scores.
    """
    shape = _shape(capture, part)
    raw, scaled = (np.full((*shape, len(QUANTILES)), np.nan) for _i in range(2))
    variances, scale = np.full((2, *shape), np.nan), np.full(shape, np.nan)
    for i, site in enumerate(capture.sites(part)):
        for head in range(site.heads):
            _tell(progress, i + head / site.heads, capture, part)
            at = site.layer, head
            scores = raw_scores(capture, *at, part)
            scale[at] = factor(capture, *at, part)
            raw[at] = np.quantile(scores, QUANTILES)
            # The scale is above 0, so that quantiles go with it.
            scaled[at], variances[:, *at] = raw[at] * scale[at], np.array([1, scale[at] ** 2]) * scores.var()
    return Spread(raw, scaled, *variances, scale)


def raw_scores(capture: Capture, layer: int, head: int, part: str | None = None) -> np.ndarray:
    """q.k of all visible pairs of one head, float32; of a text of more than a thousand tokens those of some rows.

    Raises:
        InputError: the model is view-only, or its attention has no scores.
    """
    record = capture.record(layer, part)
    if record.normaliser == "linear":
        raise InputError(_("Linear attention has no scores."), _("Choose a model with a softmax."))
    keys = record.key[0, head // record.group].float()
    rows = record.query.shape[2]
    chosen = torch.linspace(0, rows - 1, min(rows, max(1, _SCORES // len(keys)))).round().long()
    scores = record.query[0, head, chosen].float() @ keys.T
    return scores[record.visible(head)[chosen]].numpy()


def factor(capture: Capture, layer: int, head: int, part: str | None = None) -> float:
    """The model's own scale of one head."""
    return float(capture.record(layer, part).scale[0, head])


def uniform(capture: Capture, layer: int, head: int, part: str | None = None) -> Uniform:
    """One head with uniform weights, as `models.attention` computes it. Raises InputError for a view-only model."""
    record = capture.record(layer, part)
    values = record.value[0, head // record.group].float()
    return Uniform(values.numpy(), record.uniform()[head].numpy(), record.output(head).numpy())


def deviation_from_mean(capture: Capture, part: str | None = None, progress: Progress | None = None) -> float:
    """Largest |output - mean of the visible values| over all heads and tokens where weights are uniform; the mean in double precision.

    Args:
        progress: told the share that is done.

    Raises:
        InputError: the model is view-only.
    """
    largest = 0.0
    for i, site in enumerate(capture.sites(part)):
        record = capture.record(site.layer, part)
        outputs = record.uniform().double()
        for head in range(site.heads):
            _tell(progress, i + head / site.heads, capture, part)
            seen = record.visible(head)
            for rows in scoring.row_blocks(len(seen), 8 * seen.shape[1]):
                weights = seen[rows].double()
                means = weights @ record.value[0, head // record.group].double() / weights.sum(dim=1, keepdim=True).clamp(min=1)
                largest = max(largest, float((outputs[head, rows] - means).abs().max()))
    return largest


def _rows(capture: Capture, layer: int, part: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Largest weight and entropy of each row, (heads, query)."""
    n_keys, n_rows = len(capture.keys(part)), len(capture.queries(part))
    largest, entropy = [], []
    for rows in scoring.row_blocks(n_rows, 4 * n_keys * capture.site(layer, part).heads):
        weights = capture.patterns(layer, part, rows)
        largest.append(weights.max(axis=-1))
        entropy.append(entropies(weights))
    return np.concatenate(largest, axis=1), np.concatenate(entropy, axis=1)


def entropies(weights: np.ndarray) -> np.ndarray:
    """Entropy over the last axis, in nats."""
    return entr(weights).sum(axis=-1)


def _tell(progress: Progress | None, layers: float, capture: Capture, part: str | None) -> None:
    if progress:
        progress(layers / len(capture.sites(part)))


def _shape(capture: Capture, part: str | None) -> tuple[int, int]:
    sites = capture.sites(part)
    return len(sites), max(site.heads for site in sites)
