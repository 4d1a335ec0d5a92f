"""How sure a mean over examples is: bootstrap intervals (Efron & Tibshirani 1993, chapter 13)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 2_000
_BLOCK = 2**21
"""Drawn values that are held at once: 16 MiB."""


def interval(values: np.ndarray, level: float = 0.95, between: Callable[[], None] | None = None) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean; the same values give the same interval.

    Args:
        values: (examples,).
        level: share of the resampled means that lie within.
        between: called between blocks of resamples; what it raises ends the work.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if n < 2 or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    draw, means, step = np.random.default_rng(0), np.empty(RESAMPLES), max(1, _BLOCK // n)
    for start in range(0, RESAMPLES, step):
        if between is not None:
            between()
        rows = min(step, RESAMPLES - start)
        means[start : start + rows] = values[draw.integers(0, n, (rows, n))].mean(axis=1)
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
