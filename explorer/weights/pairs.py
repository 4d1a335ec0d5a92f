"""The largest products of two tables of vectors, in blocks: never all products at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

ROWS, COLUMNS = 512, 8192
"""Products that are there at once."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The largest products, largest first, (k,) each.

    Attributes:
        rows, columns: numbers of the vectors.
        values: their products.
    """

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def largest(
    left: Tensor, right: Tensor, k: int, report: Callable[[float], None] = lambda _share: None, *, rows: int = ROWS, columns: int = COLUMNS
) -> Pairs:
    """The k largest of left @ right.T.

    A block whose largest number is below all that were kept is looked at once and left; of the others only rows with a candidate are sorted.

    Args:
        left: (n, d).
        right: (m, d).
        k: how many; fewer where there are fewer.
        report: told the share that is done, before each block of rows.
        rows, columns: size of a block. Equal products at the end of the list may be others with another size.
    """
    n, m = len(left), len(right)
    k = min(k, n * m)
    values = torch.full((0,), 0.0, device=left.device)
    places = torch.zeros(0, dtype=torch.long, device=left.device)
    for top in range(0, n, rows):
        report(top / n)
        for first in range(0, m, columns):
            block = left[top : top + rows] @ right[first : first + columns].T
            least = values[-1] if len(values) == k else block.new_tensor(-torch.inf)
            hopeful = (block.amax(1) > least).nonzero()[:, 0] if len(values) == k else torch.arange(len(block), device=block.device)
            if not len(hopeful):
                continue
            found, at = block[hopeful].flatten().topk(min(k, len(hopeful) * block.shape[1]))
            row, column = hopeful[at // block.shape[1]] + top, at % block.shape[1] + first
            values, places = torch.cat([values, found]), torch.cat([places, row * m + column])
            kept = values.argsort(descending=True, stable=True)[:k]
            values, places = values[kept], places[kept]
    report(1.0)
    return Pairs((places // m).cpu().numpy(), (places % m).cpu().numpy(), values.cpu().numpy())
