"""How sure a mean over examples is: bootstrap intervals (Efron & Tibshirani 1993, chapter 13)."""

from __future__ import annotations

import numpy as np
from scipy import stats

RESAMPLES = 2_000


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `values`, (examples,); the same values give the same interval."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    found = stats.bootstrap((values,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="percentile", rng=0, vectorized=True)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
