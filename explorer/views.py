"""Special tokens and sentence pairs taken out of a map, without lying about what was taken."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.reading import Tokens

SPECIAL = ("raw", "hidden", "renormalised")
PAIRS = ("all", "A→A", "A→B", "B→A", "B→B")


@dataclass(frozen=True, eq=False)
class View:
    """A part of one map.

    Attributes:
        weights: float32 (rows, columns), masked ones 0.
        visible: bool (rows, columns); False is masked.
        rows, columns: positions of the tokens shown, in the whole text.
        row_labels, column_labels: their labels.
        removed: (rows,), the share of each row's mass that lies on tokens which are not shown.
        renormalised: True where the rows were divided by what remained.
    """

    weights: np.ndarray
    visible: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    row_labels: list[str]
    column_labels: list[str]
    removed: np.ndarray
    renormalised: bool = False

    def row(self, query: int) -> int | None:
        """Where a query token of the text stands in this view, None where it is not shown."""
        found = np.flatnonzero(self.rows == query)
        return int(found[0]) if len(found) else None


@dataclass(frozen=True, eq=False)
class Crop:
    """Which tokens of a map are shown, and what becomes of the mass on the others.

    Attributes:
        rows, columns: positions of the tokens shown, in the whole text.
        remaining: positions whose mass a row is divided by, or None where nothing is renormalised.
    """

    rows: np.ndarray
    columns: np.ndarray
    remaining: np.ndarray | None = None

    def of(self, weights: np.ndarray) -> np.ndarray:
        """The part of a map, or of a stack of maps (.., query, key), that is shown; a row with nothing left stays 0."""
        shown = weights[..., self.rows[:, None], self.columns]
        if self.remaining is None:
            return shown
        rest = weights[..., self.rows[:, None], self.remaining].sum(axis=-1, keepdims=True)
        return np.divide(shown, rest, out=np.zeros_like(shown), where=rest > 0)


def crop(
    queries: Tokens,
    keys: Tokens,
    *,
    special: str = "raw",
    pair: str = "all",
    row_window: tuple[int, int] | None = None,
    column_window: tuple[int, int] | None = None,
) -> Crop:
    """The tokens that a viewer wants to see.

    Args:
        queries, keys: the tokens of both sides.
        special: "raw" shows all; "hidden" takes special tokens out and leaves the other weights as they are;
            "renormalised" divides each row by what remains, so that it sums to 1 again.
        pair: "all", or from which segment to which.
        row_window, column_window: first and last position + 1.

    Raises:
        ValueError: unknown `special` or `pair`.
    """
    if special not in SPECIAL:
        raise ValueError(f"special is one of {', '.join(SPECIAL)}, not {special!r}")
    if pair not in PAIRS:
        raise ValueError(f"pair is one of {', '.join(PAIRS)}, not {pair!r}")
    keep_special = special == "raw"
    return Crop(
        rows=_kept(queries, keep_special, None if pair == "all" else "AB".index(pair[0]), row_window),
        columns=_kept(keys, keep_special, None if pair == "all" else "AB".index(pair[-1]), column_window),
        # Only special tokens are renormalised away; cropping to a pair or a window never changes a number.
        remaining=_kept(keys, False, None, None) if special == "renormalised" else None,
    )


def view(weights: np.ndarray, visible: np.ndarray, queries: Tokens, keys: Tokens, *, first: int | None = None, **choice: object) -> View:
    """Crops a map to the tokens that a viewer wants to see; `choice` as in `crop`.

    Args:
        weights, visible: (query, key).
        queries, keys: the tokens of both sides.
        first: of a long text, weights and visible are some rows of the map, this one and those after it.

    Raises:
        ValueError: a choice that there is not, or a map that does not fit the tokens.
    """
    if weights.shape[1] != len(keys) or (first is None and len(weights) != len(queries)):
        raise ValueError(f"a map of {weights.shape} does not fit {len(queries)} x {len(keys)} tokens")
    cut = crop(queries, keys, **choice)
    rows, columns = cut.rows, cut.columns
    here = rows - (first or 0)
    if len(here) and not 0 <= here[0] <= here[-1] < len(weights):
        raise ValueError(f"rows {rows[0]} to {rows[-1]} are not among {len(weights)} from {first}")
    removed = weights[here].sum(axis=1) - weights[np.ix_(here, columns)].sum(axis=1)
    return View(
        weights=np.ascontiguousarray(replace(cut, rows=here).of(weights), dtype=np.float32),
        visible=visible[np.ix_(here, columns)],
        rows=rows,
        columns=columns,
        row_labels=[queries.labels[i] for i in rows],
        column_labels=[keys.labels[i] for i in columns],
        removed=np.clip(removed, 0.0, 1.0).astype(np.float32),
        renormalised=cut.remaining is not None,
    )


def _kept(tokens: Tokens, with_special: bool, segment: int | None, window: tuple[int, int] | None) -> np.ndarray:
    keep = np.ones(len(tokens), dtype=bool)
    if not with_special:
        keep &= ~np.asarray(tokens.special)
    if segment is not None:
        keep &= np.asarray(tokens.segments) == segment
    if window is not None:
        outside = np.ones(len(tokens), dtype=bool)
        outside[window[0] : window[1]] = False
        keep &= ~outside
    return np.flatnonzero(keep)
