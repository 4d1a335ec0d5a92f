"""What each token of the vocabulary gets from each head as a key, and does as a query; room grows with the tokens that come."""

from __future__ import annotations

import numpy as np

from explorer.atlas.sums import UNIT


class Vocabulary:
    """Tables of heads and tokens.

    Args:
        heads: how many.
        parts: of each head, the number of its part; counts of tokens are kept by part.
        size: of the vocabulary.
    """

    def __init__(self, heads: int, parts: int, size: int) -> None:
        self._column = np.full(size, -1, np.int64)
        self.size = size
        self.n = 0
        self.ids = np.zeros(0, np.int64)
        self._mass = {side: np.zeros((heads, 0), np.int64) for side in ("key", "query")}
        self._count = {side: np.zeros((parts, 0), np.int64) for side in ("key", "query")}

    def add(self, side: str, heads: slice, ids: np.ndarray, values: np.ndarray) -> None:
        """Adds numbers of some heads, (heads, n), for tokens, (n,)."""
        unique, inverse = np.unique(ids, return_inverse=True)
        columns = self._columns(unique)
        h, n = len(values), len(unique)
        at = (inverse + n * np.arange(h)[:, None]).ravel()
        # Whole numbers below 2 ** 53 are summed exactly.
        summed = np.bincount(at, weights=np.rint(values.astype(np.float64) * UNIT).ravel(), minlength=h * n)
        self._mass[side][heads, columns] += summed.reshape(h, n).astype(np.int64)

    def count(self, side: str, part: int, ids: np.ndarray) -> None:
        """Counts tokens as queries or keys of a part."""
        unique, n = np.unique(ids, return_counts=True)
        columns = self._columns(unique)  # first: it may make room
        self._count[side][part, columns] += n

    def mass(self, side: str) -> np.ndarray:
        """In `UNIT`s, (heads, tokens)."""
        return self._mass[side][:, : self.n]

    def counts(self, side: str) -> np.ndarray:
        """(parts, tokens)."""
        return self._count[side][:, : self.n]

    def merge(self, ids: np.ndarray, mass: dict[str, np.ndarray], counts: dict[str, np.ndarray]) -> None:
        """Adds the tables of another shard."""
        columns = self._columns(ids)
        for side in mass:
            self._mass[side][:, columns] += mass[side]
            self._count[side][:, columns] += counts[side]

    def _columns(self, unique: np.ndarray) -> np.ndarray:
        fresh = unique[self._column[unique] < 0]
        if len(fresh):
            self._column[fresh] = self.n + np.arange(len(fresh))
            self.n += len(fresh)
            self.ids = np.concatenate([self.ids, fresh])
            room = self._mass["key"].shape[1]
            if self.n > room:
                more = max(self.n - room, room, 1024)
                for tables in (self._mass, self._count):
                    for side, table in tables.items():
                        tables[side] = np.concatenate([table, np.zeros((len(table), more), np.int64)], axis=1)
        return self._column[unique]
