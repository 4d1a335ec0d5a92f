"""Making a large map small without losing what is bright in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_BLOCK_ROWS = 256


def max_pool(rows_of: Callable[[slice], np.ndarray], rows: int, columns: int, size: int) -> np.ndarray:
    """Max-pools maps that are computed block by block, so that the whole is never in memory.

    Args:
        rows_of: gives (maps, rows, columns) for a slice of rows.
        rows, columns: shape of one whole map.
        size: largest number of rows and columns of the result; a smaller map stays as it is.

    Returns:
        float32 (maps, min(rows, size), min(columns, size)). Pool i covers floor(i n / size) up to floor((i + 1) n / size).
    """
    if size < 1:
        raise ValueError(f"a thumbnail needs at least 1 pixel, not {size}")
    row_edges, column_edges = _edges(rows, size), _edges(columns, size)
    parts, first = [], 0
    while first < len(row_edges) - 1:
        last = first + 1
        while last < len(row_edges) - 1 and row_edges[last + 1] - row_edges[first] <= _BLOCK_ROWS:
            last += 1
        block = rows_of(slice(int(row_edges[first]), int(row_edges[last])))
        block = np.maximum.reduceat(block, column_edges[:-1], axis=2)
        parts.append(np.maximum.reduceat(block, row_edges[first:last] - row_edges[first], axis=1))
        first = last
    return np.concatenate(parts, axis=1).astype(np.float32, copy=False)


def _edges(n: int, size: int) -> np.ndarray:
    pools = min(n, size)
    return np.arange(pools + 1) * n // pools
