"""Special tokens and sentence pairs taken out of a map, without lying about what was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.capture import Tokens

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


def view(
    weights: np.ndarray,
    visible: np.ndarray,
    queries: Tokens,
    keys: Tokens,
    *,
    special: str = "raw",
    pair: str = "all",
    row_window: tuple[int, int] | None = None,
    column_window: tuple[int, int] | None = None,
) -> View:
    """Crops a map to the tokens that a viewer wants to see.

    Args:
        weights, visible: (query, key).
        queries, keys: the tokens of both sides.
        special: "raw" shows all; "hidden" takes special tokens out and leaves the other weights as they are;
            "renormalised" divides each row by what remains, so that it sums to 1 again. A row with nothing left stays 0.
        pair: "all", or from which segment to which.
        row_window, column_window: first and last position + 1.

    Raises:
        ValueError: unknown `special` or `pair`, or a map that does not fit the tokens.
    """
    if special not in SPECIAL:
        raise ValueError(f"special is one of {', '.join(SPECIAL)}, not {special!r}")
    if pair not in PAIRS:
        raise ValueError(f"pair is one of {', '.join(PAIRS)}, not {pair!r}")
    if weights.shape != (len(queries), len(keys)):
        raise ValueError(f"a map of {weights.shape} does not fit {len(queries)} x {len(keys)} tokens")
    keep_special = special == "raw"
    rows = _kept(queries, keep_special, None if pair == "all" else "AB".index(pair[0]), row_window)
    columns = _kept(keys, keep_special, None if pair == "all" else "AB".index(pair[-1]), column_window)
    shown = weights[np.ix_(rows, columns)]
    removed = np.clip(weights[rows].sum(axis=1) - shown.sum(axis=1), 0.0, 1.0)
    if special == "renormalised":
        # Only special tokens are renormalised away; cropping to a pair or a window never changes a number.
        remaining = weights[np.ix_(rows, _kept(keys, False, None, None))].sum(axis=1, keepdims=True)
        shown = np.divide(shown, remaining, out=np.zeros_like(shown), where=remaining > 0)
    return View(
        weights=np.ascontiguousarray(shown, dtype=np.float32),
        visible=visible[np.ix_(rows, columns)],
        rows=rows,
        columns=columns,
        row_labels=[queries.labels[i] for i in rows],
        column_labels=[keys.labels[i] for i in columns],
        removed=removed.astype(np.float32),
        renormalised=special == "renormalised",
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
