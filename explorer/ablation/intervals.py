"""How sure a score is that is read on examples: bootstrap intervals (Efron & Tibshirani 1993, chapter 13)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from explorer.tasks.score import pearson, score_of

RESAMPLES = 2_000
_BLOCK = 2**21
"""Drawn values that are held at once: 16 MiB."""


def interval(values: np.ndarray, level: float = 0.95, between: Callable[[], None] | None = None) -> tuple[float, float]:
    """Percentile bootstrap interval of a score; the same values give the same interval.

    Args:
        values: (examples,), of which the mean is the score; or (examples, 2), of which the correlation is (see `score_of`).
        level: share of the resampled scores that lie within.
        between: called between blocks of resamples; what it raises ends the work.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if n < 2 or np.ptp(values, axis=0).min() == 0:
        return score_of(values), score_of(values)
    draw, found, step = np.random.default_rng(0), np.empty(RESAMPLES), max(1, _BLOCK // n)
    for start in range(0, RESAMPLES, step):
        if between is not None:
            between()
        rows = min(step, RESAMPLES - start)
        drawn = values[draw.integers(0, n, (rows, n))]
        found[start : start + rows] = drawn.mean(axis=1) if values.ndim == 1 else pearson(drawn)
    low, high = np.percentile(found, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
