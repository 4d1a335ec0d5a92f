"""A window onto one head's map, however long the text: only what is seen is computed, and a pixel is the largest weight of its tokens.

Where a window has no more tokens than pixels, each pixel is one weight, exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer import pooling
from explorer.capture import Capture
from explorer.views import crop

MEAN, MAXIMUM = "mean", "max"
"""Heads that are summaries over the heads of a layer."""
LEAST = 8
"""Tokens of a side that a window shows at least, where there are so many."""
_STEP = 0.5
"""Share of a window that one move goes on."""


@dataclass(frozen=True)
class Window:
    """Which tokens are seen: rows attend from, columns attend to. First position and last + 1, of `n_rows` and `n_columns`."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    n_rows: int
    n_columns: int

    @classmethod
    def whole(cls, n_rows: int, n_columns: int) -> Window:
        """All tokens."""
        return cls((0, n_rows), (0, n_columns), n_rows, n_columns)

    @classmethod
    def named(cls, word: str, n_rows: int, n_columns: int) -> Window | None:
        """The window that `name` wrote, moved to where there are tokens; None for anything else."""
        parts = [part.split("-") for part in word.split("_")]
        if [len(part) for part in parts] != [2, 2] or not all(end.isascii() and end.isdigit() and len(end) <= 9 for one in parts for end in one):
            return None
        (top, bottom), (left, right) = ([int(end) for end in part] for part in parts)
        return None if bottom <= top or right <= left else cls._within((top, bottom), (left, right), n_rows, n_columns)

    @property
    def name(self) -> str:
        """As an address writes it."""
        return f"{self.rows[0]}-{self.rows[1]}_{self.columns[0]}-{self.columns[1]}"

    @property
    def is_whole(self) -> bool:
        return self == Window.whole(self.n_rows, self.n_columns)

    @property
    def sizes(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]

    def zoomed(self, factor: float) -> Window:
        """The same middle, so many times larger; below 1 it is closer."""
        return self._within(*(_scaled(side, factor) for side in (self.rows, self.columns)), self.n_rows, self.n_columns)

    def moved(self, down: int, right: int) -> Window:
        """Half a window further, in steps."""
        by = (round(size * _STEP * step) for size, step in zip(self.sizes, (down, right), strict=True))
        sides = [(side[0] + step, side[1] + step) for side, step in zip((self.rows, self.columns), by, strict=True)]
        return self._within(*sides, self.n_rows, self.n_columns)

    def around(self, query: int, key: int | None, most: int) -> Window:
        """This edge in the middle, or this token on both sides of a text that attends to itself; no more than `most` tokens a side."""
        ends = (query, query if key is None else key)
        halves = [min(size, most) / 2 for size in self.sizes]
        sides = [(round(end + 0.5 - half), round(end + 0.5 + half)) for end, half in zip(ends, halves, strict=True)]
        return self._within(*sides, self.n_rows, self.n_columns)

    @classmethod
    def _within(cls, rows: tuple[int, int], columns: tuple[int, int], n_rows: int, n_columns: int) -> Window:
        return cls(_kept(rows, n_rows), _kept(columns, n_columns), n_rows, n_columns)


def _scaled(side: tuple[int, int], factor: float) -> tuple[int, int]:
    size = max(1, round((side[1] - side[0]) * factor))
    first = round((side[0] + side[1] - size) / 2)
    return first, first + size


def _kept(side: tuple[int, int], n: int) -> tuple[int, int]:
    """As many tokens as were asked for, as near to where they were asked for as there are tokens."""
    size = min(n, max(LEAST, side[1] - side[0]))
    first = min(max(0, side[0]), n - size)
    return first, first + size


@dataclass(frozen=True, eq=False)
class Tile:
    """What is seen of a map through a window.

    Attributes:
        weights: largest weight of each pixel, float32 (down, across); masked ones 0.
        seen: whether any of a pixel's queries may see any of its keys, bool of the same shape.
        rows, columns: positions of the tokens shown, in the whole text.
        row_edges, column_edges: pixel i stands for tokens edges[i] up to edges[i + 1] of these.
    """

    weights: np.ndarray
    seen: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    row_edges: np.ndarray
    column_edges: np.ndarray

    @property
    def exact(self) -> bool:
        """Whether each pixel is one weight."""
        return self.weights.shape == (len(self.rows), len(self.columns))

    @property
    def largest(self) -> float:
        """The largest weight that is seen; 0 where nothing is."""
        return float(self.weights.max(initial=0.0))

    def tokens(self, down: int, across: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the queries and of the keys of a pixel."""
        rows, columns = self.row_edges[down : down + 2], self.column_edges[across : across + 2]
        return self.rows[rows[0] : rows[1]], self.columns[columns[0] : columns[1]]


def tile(
    captured: Capture, layer: int, head: str, part: str | None, window: Window, size: int, *, special: str = "raw", pair: str = "all"
) -> Tile:
    """What is seen through a window, at most size x size pixels.

    Args:
        captured: the text.
        layer, part: of its sites.
        head: a number, "mean" or "max".
        window: of the text.
        size: largest number of rows and columns of pixels.
        special, pair: what is left out, as in `explorer.views.crop`.

    Raises:
        IndexError: there is no such head.
    """
    cut = crop(captured.queries(part), captured.keys(part), special=special, pair=pair, row_window=window.rows, column_window=window.columns)
    row_edges, column_edges = (pooling.edges(len(of), size) if len(of) else np.zeros(1, int) for of in (cut.rows, cut.columns))
    shape = (len(row_edges) - 1, len(column_edges) - 1)
    if head.isdigit() and int(head) >= captured.site(layer, part).heads:
        raise IndexError(f"head {head}: layer {layer} has {captured.site(layer, part).heads} heads, counted from 0")
    if not all(shape):
        return Tile(np.zeros(shape, np.float32), np.zeros(shape, bool), cut.rows, cut.columns, row_edges, column_edges)
    only = int(head) if head.isdigit() else None
    small = pooling.of_layer(captured, layer, part, size, cut, summaries=head == MEAN, only=only)
    found = {MEAN: small.mean, MAXIMUM: small.maximum}.get(head)
    weights = small.heads[0] if found is None else found
    return Tile(np.where(small.seen, weights, 0).astype(np.float32), small.seen, cut.rows, cut.columns, row_edges, column_edges)


def strongest_in(captured: Capture, layer: int, head: str, part: str | None, queries: np.ndarray, keys: np.ndarray) -> tuple[int, int]:
    """The edge with the largest weight among some queries and keys that follow each other."""
    rows = slice(int(queries[0]), int(queries[-1]) + 1)
    weights = rows_of(captured, layer, head, part, rows)[np.ix_(queries - queries[0], keys)]
    down, across = np.unravel_index(int(weights.argmax()), weights.shape)
    return int(queries[down]), int(keys[across])


def rows_of(captured: Capture, layer: int, head: str, part: str | None, rows: slice) -> np.ndarray:
    """Weights of some rows of a head or of a summary, float32 (rows, key)."""
    summary = {MEAN: captured.mean, MAXIMUM: captured.maximum}.get(head)
    return summary(layer, part, rows) if summary else captured.pattern(layer, int(head), part, rows)
