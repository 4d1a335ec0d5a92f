"""Sums that come out the same in whatever order they are added: whole numbers of a small unit.

Sums of float64 differ in their last bits by the order of what is added. So what a batch adds is rounded to a unit first, far below what
float32 knows of it, and added as integers: one shard or seven give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from explorer.atlas.options import BINS
from explorer.scores import by_text
from explorer.scores.definitions import BY_NAME, REPEATED
from explorer.scores.roles import ROLES

METRICS = (*by_text.NAMES, "norm")
"""Scores of `explorer.scores`, and the mean length of a head's output before the output projection."""
NAMES = (*METRICS, *(score.name for score in REPEATED))
"""All that is known of a head as a number: these, and its scores on repeated tokens."""
UNIT = 2.0**20
"""Of sums over rows."""
_BY_UNIT = {"share": 2.0**20, "nats": 2.0**16, "tokens": 2.0**10}
TEXT_UNITS = np.array([_BY_UNIT[BY_NAME[name].unit] if name in BY_NAME else 2.0**12 for name in METRICS])
"""Of the means of texts, by metric: coarse enough that their squares can be summed over millions of texts."""
OFFSETS = (*range(17), *(2**k for k in range(5, 13)))
"""Upper ends of the bins of distances: 0 to 16 one by one, then 17 to 32, 33 to 64, .., and all beyond 2048 in the last."""
_ON_TEXT = {"repeated_induction": "induction", "repeated_duplicate": "duplicate"}
BY_TEXT = tuple((role.name, tuple(METRICS.index(_ON_TEXT.get(name, name)) for name in role.scores), role.threshold) for role in ROLES)
"""Of each role, by which metrics a single text would name it: where its scores are of repeated tokens, the same on the text."""
_NONE = np.uint64(2**64 - 1)


def whole(values: np.ndarray, unit: float | np.ndarray = UNIT) -> np.ndarray:
    """Rounded to a unit, int64."""
    return np.rint(np.asarray(values, np.float64) * unit).astype(np.int64)


def offset_bins(first: int, last: int) -> np.ndarray:
    """The bin of each signed distance from first to last, 0 .. 2 * len(OFFSETS) - 2; the middle one is distance 0."""
    offsets = np.arange(first, last + 1)
    size = np.minimum(np.searchsorted(OFFSETS, np.abs(offsets)), len(OFFSETS) - 1)
    return len(OFFSETS) - 1 + np.sign(offsets) * size


def offset_edges() -> list[tuple[int, int]]:
    """The smallest and the largest signed distance of each bin."""
    upper = list(OFFSETS)
    right = [(0 if i == 0 else upper[i - 1] + 1, upper[i]) for i in range(len(upper))]
    return [(-high, -low) for low, high in right[:0:-1]] + right


@dataclass(eq=False)
class Sums:
    """Of all heads, by their number in the order of the forward pass.

    Attributes:
        totals, counts: sum over rows in `UNIT`s, and how many rows, (heads, `METRICS`).
        texts: on how many texts each metric is defined, likewise; their means and the squares of these in `TEXT_UNITS`: first, second.
        offsets: weight by signed distance in `UNIT`s, (heads, bins).
        peaks: rows by their peak, of those that see more than one key, (heads, `BINS`).
        roles: texts that would name a role, and texts that could, (heads, roles, 2).
        witness: the lowest priority of a text that would name it, and of one that would not, uint64 (heads, roles, 2); witnesses: its number.
        edges: rows of a relation whose largest weight lies on the right word, (heads, 2 * relations).
        due: rows that there are, (2 * relations,); the same for all heads.
    """

    totals: np.ndarray
    counts: np.ndarray
    texts: np.ndarray
    first: np.ndarray
    second: np.ndarray
    offsets: np.ndarray
    peaks: np.ndarray
    roles: np.ndarray
    witness: np.ndarray
    witnesses: np.ndarray
    edges: np.ndarray
    due: np.ndarray

    @staticmethod
    def empty(heads: int, relations: int) -> Sums:
        """Of so many heads, for so many relations."""
        by_metric = [np.zeros((heads, len(METRICS)), np.int64) for _which in range(5)]
        by_bin = [np.zeros((heads, n), np.int64) for n in (2 * len(OFFSETS) - 1, BINS)]
        by_role = (heads, len(BY_TEXT), 2)
        witness = np.full(by_role, _NONE, np.uint64), np.full(by_role, -1, np.int64)
        edges = np.zeros((heads, 2 * relations), np.int64), np.zeros(2 * relations, np.int64)
        return Sums(*by_metric, *by_bin, np.zeros(by_role, np.int64), *witness, *edges)

    def add_texts(self, heads: slice, totals: np.ndarray, counts: np.ndarray, numbers: np.ndarray, priorities: np.ndarray) -> None:
        """Adds what some texts add to some heads.

        Args:
            heads: which.
            totals: sums over all rows of each text, (texts, heads, `METRICS`).
            counts: rows that they are of, (texts, `METRICS`).
            numbers: of the texts, and `priorities` of each, uint64.
        """
        self.totals[heads] += whole(totals).sum(0)
        self.counts[heads] += counts.sum(0).astype(np.int64)
        there = counts > 0
        means = totals / np.maximum(counts, 1)[:, None]
        rounded = np.where(there[:, None], whole(means, TEXT_UNITS), 0)
        self.texts[heads] += there.sum(0)
        self.first[heads] += rounded.sum(0)
        self.second[heads] += (rounded**2).sum(0)
        able = np.stack([there[:, metrics].any(1) for _name, metrics, _threshold in BY_TEXT], axis=1)  # (texts, roles)
        known = np.where(there[:, None], means, -1)
        held = np.stack([known[:, :, metrics].max(-1) >= threshold for _name, metrics, threshold in BY_TEXT], axis=2)  # (texts, heads, roles)
        self.roles[heads, :, 0] += (held & able[:, None]).sum(0)
        self.roles[heads, :, 1] += able.sum(0)
        both = np.stack([held, ~held], axis=-1) & able[:, None, :, None]
        offered = np.where(both, priorities[:, None, None, None], _NONE)
        best = offered.argmin(0)
        lowest = np.take_along_axis(offered, best[None], axis=0)[0]
        better = lowest < self.witness[heads]
        self.witnesses[heads] = np.where(better, numbers[best], self.witnesses[heads])
        self.witness[heads] = np.where(better, lowest, self.witness[heads])

    def add(self, other: Sums) -> None:
        """Adds what another shard found."""
        better = other.witness < self.witness
        self.witnesses[better] = other.witnesses[better]
        self.witness[better] = other.witness[better]
        for name in (one.name for one in fields(self)):
            if name not in ("witness", "witnesses"):
                getattr(self, name)[...] += getattr(other, name)

    def means(self) -> np.ndarray:
        """Of each metric over all rows that are in it, (heads, `METRICS`); nan where there is none."""
        return np.where(self.counts > 0, self.totals / UNIT / np.maximum(self.counts, 1), np.nan)

    def arrays(self) -> dict[str, np.ndarray]:
        """By name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}
