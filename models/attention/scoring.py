"""What the attention function and a record of it both compute: scores, blocks of rows, parts of a mask, uniform weights."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK_BYTES = 8 * 2**20
"""Scores of one block of query rows stay below this; short texts fit in one block and then equal eager bit for bit."""


def scores_of(
    query: Tensor,
    key: Tensor,
    scale: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    allow: Tensor | None,
    softcap: float | None,
    normaliser: str,
) -> Tensor:
    """Scores before the softmax, (batch, heads, rows, key), float32; half precision is lifted before the product."""
    scores = torch.matmul(query.float(), key.float().transpose(2, 3)) * scale
    if normaliser == "linear":
        # Not exponentiated, so what is not seen is 0.
        for seen in (mask if mask is None else seen_in(mask), allow):
            scores = scores if seen is None else scores.masked_fill(~seen, 0)
        return scores
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if bias is not None:
        scores = scores + bias.float()
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min) if mask.dtype == torch.bool else scores + mask.float()
    if allow is not None:
        scores = scores.masked_fill(~allow, -math.inf)
    return scores


def row_blocks(n_rows: int, row_bytes: int) -> Iterator[slice]:
    """Rows in blocks of at most `BLOCK_BYTES`, and of one row at least."""
    step = max(1, BLOCK_BYTES // max(1, row_bytes))
    return (slice(start, min(start + step, n_rows)) for start in range(0, max(n_rows, 1), step))


def part_of(t: Tensor | None, examples: slice, heads: slice, rows: slice) -> Tensor | None:
    """The part of a tensor that broadcasts to (batch, heads, query, key); axes of size 1 stay whole."""
    if t is None:
        return None
    whole = slice(None)
    return t[examples if t.shape[0] > 1 else whole, heads if t.shape[1] > 1 else whole, rows if t.shape[2] > 1 else whole]


def seen_in(mask: Tensor) -> Tensor:
    """Where a mask lets a query see a key, bool."""
    return mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2


def uniform(values: Tensor, mask: Tensor | None, rows: int) -> Tensor:
    """Mean of the visible values: what a head passes on that attends to all of them alike."""
    if mask is None:
        return values.mean(dim=2, keepdim=True).expand(-1, -1, rows, -1)
    weights = seen_in(mask).to(values.dtype)
    weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.matmul(weights, values)
