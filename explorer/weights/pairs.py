"""The largest products of two tables of vectors, in blocks: never all products at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

ROWS, COLUMNS = 512, 512
"""Products that are there at once. Smaller blocks are left out sooner, and take longer where none is."""
_ROUNDED = 1 + 1e-5
"""A product of float32 may come out larger than its two lengths allow, by less than this."""


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

    No product is larger than the two lengths allow (Cauchy and Schwarz). So vectors are taken longest first, and a block is left out where
    its lengths cannot reach what was kept already. A block whose largest number is below that is looked at once and left; of the others only
    rows with a candidate are sorted.

    Args:
        left: (n, d).
        right: (m, d).
        k: how many; fewer where there are fewer.
        report: told the share that is done, before each block of rows.
        rows, columns: size of a block. Equal products at the end of the list may be others with another size.
    """
    n, m = len(left), len(right)
    k = min(k, n * m)
    (left, long, of_left), (right, wide, of_right) = _longest_first(left), _longest_first(right)
    values = torch.full((0,), 0.0, device=left.device)
    places = torch.zeros(0, dtype=torch.long, device=left.device)
    for top in range(0, n, rows):
        report(top / n)
        for first in range(0, m, columns):
            full = len(values) == k
            least = values[-1] if full else values.new_tensor(-torch.inf)
            if full and long[top] * wide[first] * _ROUNDED < least:
                break
            block = left[top : top + rows] @ right[first : first + columns].T
            hopeful = (block.amax(1) > least).nonzero()[:, 0] if full else torch.arange(len(block), device=block.device)
            if not len(hopeful):
                continue
            found, at = block[hopeful].flatten().topk(min(k, len(hopeful) * block.shape[1]))
            row, column = hopeful[at // block.shape[1]] + top, at % block.shape[1] + first
            values, places = torch.cat([values, found]), torch.cat([places, row * m + column])
            kept = values.argsort(descending=True, stable=True)[:k]
            values, places = values[kept], places[kept]
    report(1.0)
    return Pairs(of_left[places // m].cpu().numpy(), of_right[places % m].cpu().numpy(), values.cpu().numpy())


def _longest_first(vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The vectors (n, d), their lengths (n,), and the numbers that they had, (n,)."""
    lengths, order = vectors.norm(dim=1).sort(descending=True, stable=True)
    return vectors[order], lengths, order
