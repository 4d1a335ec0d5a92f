"""Attention tile by tile with a running maximum and a running sum (Milakov & Gimelshein 2018; Dao et al. 2022), and the bytes that it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Tile:
    """Where a computation stands after one tile.

    Attributes:
        rows, columns: queries and keys of the tile.
        maximum: largest score of each query so far, (n,); -inf where none was seen.
        total: sum of exp(score - maximum) so far, (n,).
        outputs: what each query would give if there were no more keys, (n, d).
        seen: pairs that were looked at so far, bool (n, n).
    """

    rows: slice
    columns: slice
    maximum: np.ndarray
    total: np.ndarray
    outputs: np.ndarray
    seen: np.ndarray


def tiled(scores: np.ndarray, values: np.ndarray, size: int) -> list[Tile]:
    """Softmax of scores times values, tile by tile: for each block of queries all blocks of keys, but those that none of them may see.

    Args:
        scores: (n, n), -inf where a query may not see a key.
        values: (n, d).
        size: queries and keys of a tile.
    """
    n = len(scores)
    maximum, total, outputs = np.full(n, -np.inf), np.zeros(n), np.zeros(values.shape)
    seen, made = np.zeros((n, n), bool), []
    for top in range(0, n, size):
        rows = slice(top, min(top + size, n))
        for left in range(0, n, size):
            columns = slice(left, min(left + size, n))
            block = scores[rows, columns]
            if np.isneginf(block).all():
                continue
            larger = np.maximum(maximum[rows], block.max(axis=1))
            safe = np.where(np.isneginf(larger), 0.0, larger)
            # What was summed up under the old maximum is brought to the new one: all that is needed of the keys before.
            factor, weights = np.exp(maximum[rows] - safe), np.exp(block - safe[:, None])
            sums = factor * total[rows] + weights.sum(axis=1)
            unnormed = (factor * total[rows])[:, None] * outputs[rows] + weights @ values[columns]
            maximum[rows], total[rows] = larger, sums
            outputs[rows] = unnormed / np.where(sums > 0, sums, 1)[:, None]
            seen[rows, columns] = True
            made.append(Tile(rows, columns, maximum.copy(), total.copy(), outputs.copy(), seen.copy()))
    return made


def running(scores: Sequence[float], size: int) -> list[tuple[float, float]]:
    """Maximum and sum after each tile of one row of scores."""
    row = np.asarray(scores, dtype=float)
    made, maximum, total = [], -np.inf, 0.0
    for left in range(0, len(row), size):
        part = row[left : left + size]
        larger = max(maximum, float(part.max()))
        total = total * float(np.exp(maximum - larger)) + float(np.exp(part - larger).sum())
        maximum = larger
        made.append((maximum, total))
    return made


def standard_bytes(n: int, d: int, size: int) -> int:
    """Bytes between slow memory and the processor, of one head: Q and K in, scores out; scores in, weights out; weights and V in, output out."""
    return size * (2 * n * d + n * n + 2 * n * n + n * n + n * d + n * d)


def tiled_bytes(n: int, d: int, size: int, tile: int) -> int:
    """The same tile by tile: each block of queries in once and out once, and for each of them all keys and values in."""
    return size * (2 * n * d + -(-n // tile) * 2 * n * d)


def fitting(d: int, size: int, room: int) -> int:
    """Queries and keys of the largest tile, a power of two, that fits: blocks of Q, K, V and the output, and its scores in float32."""
    tile = 1
    while 4 * (2 * tile) * d * size + 4 * (2 * tile) ** 2 <= room:
        tile *= 2
    return tile


def standard(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention of one head with all scores and all weights in memory, (n, d)."""
    return (query @ key.mT * query.shape[-1] ** -0.5).softmax(-1) @ value


def by_tiles(query: Tensor, key: Tensor, value: Tensor, size: int = 128) -> Tensor:
    """The same in torch, tile by tile, which never has more than one tile of scores."""
    outputs = torch.empty_like(query)
    for rows, q in zip(torch.arange(len(query)).split(size), query.split(size), strict=True):
        maximum, total, summed = q.new_full((len(q), 1), -torch.inf), q.new_zeros(len(q), 1), torch.zeros_like(q)
        for k, v in zip(key.split(size), value.split(size), strict=True):
            scores = q @ k.mT * q.shape[-1] ** -0.5
            larger = torch.maximum(maximum, scores.amax(-1, keepdim=True))
            weights, factor = (scores - larger).exp(), (maximum - larger).exp()
            total, summed, maximum = factor * total + weights.sum(-1, keepdim=True), factor * summed + weights @ v, larger
        outputs[rows[0] : rows[-1] + 1] = summed / total
    return outputs
