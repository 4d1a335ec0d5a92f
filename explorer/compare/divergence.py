"""How far apart attention rows are: the Jensen-Shannon divergence (Lin 1991)."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

MOST = float(np.log(2))
"""Of rows that share no key, in nats."""


def rows(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """H((p + q) / 2) - (H(p) + H(q)) / 2 of each pair of rows, in nats, from 0 to log 2; its root is a distance.

    Args:
        one, other: (.., keys), each row sums to 1; broadcast against each other.

    Returns:
        float64 (..).
    """
    one, other = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    return np.maximum(entr((one + other) / 2).sum(-1) - (entr(one).sum(-1) + entr(other).sum(-1)) / 2, 0)
