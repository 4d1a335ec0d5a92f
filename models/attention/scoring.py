"""What the attention function and a record of it both compute: scores, blocks of rows, parts of a mask, uniform weights."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK_BYTES = 8 * 2**20
"""Scores of one block of query rows stay below this; short texts fit in one block and then equal eager bit for bit."""
CARD_BLOCK_BYTES = 256 * 2**20
"""The same on an accelerator: each block is a few calls, and a small one keeps it waiting for the next."""


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
    """Scores before the softmax: scale * q k^T, with whatever the model adds to it, in the order in which models do.

    Args:
        query: (batch, heads, rows, head dim), some query rows of a call.
        key: (batch, heads, key, head dim); key/value heads that several query heads share are repeated already.
        scale: factor on the product, broadcast to the scores; a model may have one a head.
        mask: broadcast to the scores: bool (True is seen), or numbers that are added, very negative where nothing is seen; or None.
        bias: position bias that is added, broadcast likewise, or None.
        allow: bool, broadcast likewise: edges that are left after some were cut; or None. A cut edge gets exactly no weight, unlike a
            masked one, whose score stays finite so that a row that sees nothing is uniform and not nan.
        softcap: scores are squashed to softcap * tanh(score / softcap) before bias and mask (Gemma 2), or None.
        normaliser: of `normalisers.NAMES`. For "linear" the products are the weights before they are divided by their sum: of what
            follows only mask and allow are applied, and what is not seen is 0.

    Returns:
        (batch, heads, rows, key), float32: half precision is lifted before the product.
    """
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


def row_blocks(n_rows: int, row_bytes: int, device: torch.device | None = None) -> Iterator[slice]:
    """Rows in blocks of at most `BLOCK_BYTES` (`CARD_BLOCK_BYTES` on an accelerator), and of one row at least."""
    on_card = device is not None and device.type != "cpu"
    step = max(1, (CARD_BLOCK_BYTES if on_card else BLOCK_BYTES) // max(1, row_bytes))
    return (slice(start, min(start + step, n_rows)) for start in range(0, max(n_rows, 1), step))


def part_of(t: Tensor | None, examples: slice, heads: slice, rows: slice | Tensor) -> Tensor | None:
    """The part of a tensor that broadcasts to (batch, heads, query, key); axes of size 1 stay whole."""
    if t is None:
        return None
    whole = slice(None)
    return t[examples if t.shape[0] > 1 else whole, heads if t.shape[1] > 1 else whole, rows if t.shape[2] > 1 else whole]


def causal_rows(rows: slice | Tensor, n_rows: int, n_keys: int, device: torch.device) -> Tensor:
    """Of some query rows, which keys they see if each sees itself and what comes before: bool (1, 1, rows, key)."""
    return (torch.arange(n_keys, device=device) <= torch.arange(n_rows, device=device)[rows][:, None])[None, None]


def seen_in(mask: Tensor) -> Tensor:
    """Where a mask lets a query see a key, bool."""
    return mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2


def uniform(values: Tensor, mask: Tensor | None, rows: int, causal: bool = False) -> Tensor:
    """What a head passes on that attends alike to all it sees: the mean of the visible values.

    Args:
        values: (batch, heads, key, value dim); shared key/value heads are repeated already.
        mask: (1 or batch, 1 or heads, query, key) as the model gave it, bool or added; None where every query sees every key.
        rows: how many queries there are.
        causal: query i sees keys 0..i; only where there is no mask.

    Returns:
        (batch, heads, rows, value dim); a row that sees nothing gets zeros.
    """
    if causal and rows == values.shape[2]:
        seen = torch.arange(1, rows + 1, device=values.device)[:, None]
        return (values.float().cumsum(dim=2) / seen).to(values.dtype)
    if causal:
        mask = causal_rows(slice(None), rows, values.shape[2], values.device)
    if mask is None:
        return values.mean(dim=2, keepdim=True).expand(-1, -1, rows, -1)
    weights = seen_in(mask).to(values.dtype)
    weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.matmul(weights, values)
