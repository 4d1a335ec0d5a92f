"""Rows that are kept: in each stratum of each head those of the lowest priorities, which is exact in whatever order rows come.

A stratum is a bin of the row's peak, the strongest rows, or a relation that a head finds or misses. A priority is a hash of seed, text, head
and row, so that a stratum's rows are a fair sample; for the strongest it is the peak. The lowest of a union are among the lowest of its parts:
bins are put together to deciles at the end, when it is known how many rows each holds.
"""

from __future__ import annotations

import numpy as np

from explorer.atlas.options import BINS, KEYS, Options

STRONGEST = BINS
"""Number of the stratum of the strongest rows; those of relations follow, 2 * (2 * relation + direction) + (1 where the head finds it)."""
ROW = np.dtype(
    [
        ("head", "i4"),
        ("stratum", "i4"),
        ("priority", "u8"),
        ("text", "i4"),
        ("row", "i4"),
        ("target", "i4"),
        ("peak", "f4"),
        ("left", "f4"),
        ("norm", "f4"),
        ("keys", "i4", KEYS),
        ("weights", "f4", KEYS),
        ("norms", "f4", KEYS),
    ]
)
"""A row: head, stratum, priority; text and token; the key that it should look at, -1 for none; its largest weight, what its kept keys leave out,
length of the head's output; its keys by weight, -1 where there are no more, with their weights and the length of weight times value."""
_LATER = 4096
"""Rows that are collected before the surplus goes."""


def mixed(*parts: np.ndarray | int) -> np.ndarray:
    """A hash of whole numbers, uint64, broadcast (splitmix64, Steele et al. 2014)."""
    state = np.zeros((), np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = state + np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return state


def by_strength(peaks: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Priorities of the strongest: the largest peak first, by ten-thousandths, so that the last bits of a weight decide nothing; then by hash."""
    steps = 10_000 - np.rint(np.minimum(peaks, 1).astype(np.float64) * 10_000).astype(np.int64)
    return (steps.astype(np.uint64) << np.uint64(48)) | (hashes >> np.uint64(16))


def bin_of(peaks: np.ndarray) -> np.ndarray:
    """The bin of each peak."""
    return np.clip((peaks * BINS).astype(np.int64), 0, BINS - 1)


class Sampled:
    """The kept rows of all heads.

    Args:
        heads: how many.
        relations: how many.
        options: how many rows of each stratum.
    """

    def __init__(self, heads: int, relations: int, options: Options) -> None:
        self.strata = BINS + 1 + 4 * relations
        self.most = np.full(self.strata, options.per_edge)
        self.most[:BINS], self.most[STRONGEST] = options.per_decile, options.strongest
        self._limit = np.full((heads, self.strata), np.iinfo(np.uint64).max, np.uint64)
        self._rows, self._later, self._n = np.zeros(0, ROW), [], 0

    def wanted(self, head: np.ndarray, stratum: np.ndarray, priority: np.ndarray) -> np.ndarray:
        """Numbers of those rows that may be kept, as far as is known; all (n,)."""
        there = np.flatnonzero(priority <= self._limit[head, stratum])
        kept = _lowest(head[there] * self.strata + stratum[there], priority[there], there, self.most, self.strata)
        return there[kept]

    def add(self, rows: np.ndarray) -> None:
        """Rows, of dtype `ROW`; of the same row twice one is kept."""
        self._later.append(rows)
        self._n += len(rows)
        if self._n > _LATER:
            self._settle()

    def rows(self) -> np.ndarray:
        """All that are kept, by head, stratum and priority."""
        self._settle()
        return self._rows

    def _settle(self) -> None:
        every = np.concatenate([self._rows, *self._later])
        self._later, self._n = [], 0
        group, tie = every["head"].astype(np.int64) * self.strata + every["stratum"], every["text"].astype(np.int64) << 32 | every["row"]
        kept = every[_lowest(group, every["priority"], tie, self.most, self.strata)]
        self._rows = kept
        group = kept["head"].astype(np.int64) * self.strata + kept["stratum"]
        ends = np.flatnonzero(np.append(group[1:] != group[:-1], True)) if len(group) else np.zeros(0, int)
        full = np.bincount(group, minlength=self._limit.size)[group[ends]] >= self.most[group[ends] % self.strata]
        self._limit.ravel()[group[ends[full]]] = kept["priority"][ends[full]]


def _lowest(group: np.ndarray, priority: np.ndarray, tie: np.ndarray, most: np.ndarray, strata: int) -> np.ndarray:
    """Numbers of the lowest of each group, in order."""
    order = np.lexsort((tie, priority, group))
    sorted_group = group[order]
    start = np.searchsorted(sorted_group, sorted_group)
    return order[np.arange(len(order)) - start < most[sorted_group % strata]]
