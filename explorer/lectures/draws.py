"""Random numbers and small pieces of arithmetic that several demos use."""

from __future__ import annotations

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis; the largest score is taken off first, so that nothing overflows."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def entropy(weights: np.ndarray) -> np.ndarray:
    """In nats, over the last axis; 0 log 0 is 0."""
    return -np.where(weights > 0, weights * np.log(np.where(weights > 0, weights, 1)), 0).sum(axis=-1)


def histogram(values: np.ndarray, low: float, high: float, bins: int = 41) -> tuple[np.ndarray, np.ndarray]:
    """Edges (bins + 1,) and the share of all values in each bin (bins,); what lies outside is in none."""
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    return edges, counts / max(1, values.size)
