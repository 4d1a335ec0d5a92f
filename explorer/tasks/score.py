"""What the outcomes of all examples amount to: one score."""

from __future__ import annotations

import numpy as np


def score_of(correct: np.ndarray) -> float:
    """The score that `Scores.correct` amounts to: the mean of shares (examples,), or Pearson's correlation of two columns (examples, 2).

    Returns:
        0 for a correlation where one of the columns does not vary: it says nothing about the other one then.
    """
    values = np.asarray(correct, dtype=float)
    return float(values.mean() if values.ndim == 1 else pearson(values))


def pearson(pairs: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the two columns of (.., examples, 2), (..); 0 where one of them does not vary."""
    apart = pairs - pairs.mean(axis=-2, keepdims=True)
    variances = (apart**2).sum(axis=-2).prod(axis=-1)
    together = apart.prod(axis=-1).sum(axis=-1)
    return np.divide(together, np.sqrt(variances), out=np.zeros_like(together), where=variances > 0)
