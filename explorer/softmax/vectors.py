"""Scores q.k of random vectors, for every width at once: a browser then moves from one to the next without asking."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.stopping import look

WIDTHS = tuple(sorted({int(2 ** (i / 2)) for i in range(25)}))
"""The widths d_k that are drawn: half octaves from 1 to 4096."""
PAIRS, KEYS = 600, 256


@dataclass(frozen=True, eq=False)
class Vectors:
    """Scores of vectors with independent entries of mean 0 and variance 1 (Vaswani et al. 2017, section 3.2.1, footnote 4).

    A wider vector continues a narrower one, so that a score changes little from width to width.

    Attributes:
        widths: d_k of each column.
        pairs: scores of pairs of a query and a key that are met in no other pair, float64 (pairs, widths).
        row: scores of one query with many keys, float64 (keys, widths).
    """

    widths: tuple[int, ...]
    pairs: np.ndarray
    row: np.ndarray


def draw(seed: int, *, widths: tuple[int, ...] = WIDTHS, pairs: int = PAIRS, keys: int = KEYS) -> Vectors:
    """Draws the vectors and multiplies them.

    Raises:
        ValueError: widths that do not rise, or start below 1.
    """
    if not widths or min(widths) < 1 or any(a >= b for a, b in pairwise(widths)):
        raise ValueError(f"widths rise from 1 on, unlike {widths}")
    random = np.random.default_rng(seed)
    return Vectors(widths, _scores(random, pairs, pairs, widths), _scores(random, 1, keys, widths))


def _scores(random: np.random.Generator, queries: int, keys: int, widths: tuple[int, ...]) -> np.ndarray:
    """(keys, widths); either each key has its own query, or all share one."""
    found = np.zeros((keys, len(widths)))
    start = 0
    # Only the dimensions from one width to the next are held at a time.
    for i, end in enumerate(widths):
        look()
        q, k = (random.standard_normal((n, end - start)) for n in (queries, keys))
        found[:, i] = (q * k).sum(axis=1)
        start = end
    return found.cumsum(axis=1)


def gumbel(seed: int, draws: int, keys: int) -> np.ndarray:
    """Standard Gumbel numbers (draws, keys): the largest of scores + noise is a draw from their softmax (Jang et al. 2017, equation 1)."""
    return np.random.default_rng(seed).gumbel(size=(draws, keys))
