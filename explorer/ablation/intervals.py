"""How sure a score is that is read on examples: bootstrap intervals (Efron & Tibshirani 1993, chapter 13), or exact ones where all agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from explorer.tasks.score import pearson, rounding, score_of

RESAMPLES = 2_000
_BLOCK = 2**21
"""Drawn values that are held at once: 16 MiB."""


def interval(values: np.ndarray, level: float = 0.95, between: Callable[[], None] | None = None, *, shares: bool = False) -> tuple[float, float]:
    """Percentile bootstrap interval of a score; the same values give the same interval.

    Examples that are all right, or all wrong, are as often drawn alike: their interval would have no width, as if ten right answers were proof.
    It is the exact one of a binomial share then (Clopper & Pearson 1934).

    Args:
        values: (examples,), of which the mean is the score; or (examples, 2), of which the correlation is (see `score_of`).
        level: share of the resampled scores that lie within.
        between: called between blocks of resamples; what it raises ends the work.
        shares: whether values are shares of right answers, from 0 to 1, and no losses.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if shares and values.ndim == 1 and n:
        least = ((1 - level) / 2) ** (1 / n)
        if (values == 1).all():
            return least, 1.0
        if (values == 0).all():
            return 0.0, 1 - least
        if n == 1:
            return 0.0, 1.0
    if n < 2 or np.ptp(values, axis=0).min() == 0:
        return score_of(values), score_of(values)
    apart = 0.0 if values.ndim == 1 else rounding(values[:, 0])
    draw, found, step = np.random.default_rng(0), np.empty(RESAMPLES), max(1, _BLOCK // n)
    for start in range(0, RESAMPLES, step):
        if between is not None:
            between()
        rows = min(step, RESAMPLES - start)
        drawn = values[draw.integers(0, n, (rows, n))]
        found[start : start + rows] = drawn.mean(axis=1) if values.ndim == 1 else pearson(drawn, apart)
    low, high = np.percentile(found, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
