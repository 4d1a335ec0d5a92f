"""What the outcomes of all examples amount to: one score."""

from __future__ import annotations

import numpy as np

ROUNDING = 2e-6
"""What sums of a few hundred float32 numbers are off by, as a share of the largest."""


def score_of(correct: np.ndarray) -> float:
    """The score that `Scores.correct` amounts to: the mean of shares (examples,), or Pearson's correlation of two columns (examples, 2).

    Returns:
        0 for a correlation where one of the columns does not vary: it says nothing about the other one then. Predictions that only
        rounding holds apart do not vary: without its heads an encoder's [CLS] is the same for every text, but for the last bits.
    """
    values = np.asarray(correct, dtype=float)
    return float(values.mean() if values.ndim == 1 else pearson(values, rounding(values[:, 0])))


def pearson(pairs: np.ndarray, apart: float = 0.0) -> np.ndarray:
    """Pearson's correlation of the two columns of (.., examples, 2), (..); 0 where one of them does not vary.

    Args:
        pairs: what is predicted, and what is right.
        apart: predictions that are no further apart are the same.
    """
    low, high = pairs.min(axis=-2), pairs.max(axis=-2)
    # By the ends and not by the variance: the mean of equal numbers need not be that number, and two columns off by it would agree.
    varies = (high[..., 0] - low[..., 0] > apart) & (high[..., 1] > low[..., 1])
    off = pairs - pairs.mean(axis=-2, keepdims=True)
    variances = (off**2).sum(axis=-2).prod(axis=-1)
    together = off.prod(axis=-1).sum(axis=-1)
    found = np.divide(together, np.sqrt(variances), out=np.zeros_like(together), where=varies & (variances > 0))
    return np.clip(found, -1, 1)


def rounding(said: np.ndarray) -> float:
    """How far apart predictions may be that are the same but for rounding.

    Args:
        said: float32 numbers (examples,) by a network; of half precision where all of them are such numbers.
    """
    exact = np.asarray(said, dtype=np.float32)
    with np.errstate(over="ignore"):  # beyond float16's largest
        halves = exact.astype(np.float16).astype(np.float32)
    if not (exact.view(np.uint32) & 0xFFFF).any():
        share = 2 * 2.0**-7  # bfloat16 has 8 bits of a number
    elif np.array_equal(halves, exact):
        share = 2 * 2.0**-10
    else:
        share = ROUNDING
    return share * float(np.abs(exact).max(initial=0))
