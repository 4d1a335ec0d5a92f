"""Weights that a network's own code returns: checked before they are believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.words import told

if TYPE_CHECKING:
    from models.opening.sites import Site

_ROUNDING = 1e-2
"""By so much a row in half precision, whose weights are rounded one by one, may miss 1."""


def doubt(weights: Tensor, queries: int, keys: int) -> str:
    """Why these are no attention weights of every token to every token, in words that follow "its own code returns"; "" where they are.

    Args:
        weights: (batch, heads, query, key) as they should be.
        queries, keys: tokens that were read.
    """
    if weights.dim() != 4:
        return told("attention with {axes} axes where (batch, head, query, key) is needed", axes=weights.dim())
    rows, columns = weights.shape[2:]
    if (rows, columns) != (queries, keys):
        return told(
            "{rows} x {columns} weights for {queries} x {keys} tokens: of windows, blocks or merged tokens, not of every token",
            rows=rows,
            columns=columns,
            queries=queries,
            keys=keys,
        )
    if not bool(torch.isfinite(weights).all()):
        return told("weights that are no numbers (scores before the softmax, or an overflow)")
    if bool((weights < 0).any()):
        return told("negative weights (scores before the softmax, or the difference of two patterns)")
    sums = weights.float().sum(-1)
    wrong = (sums - 1).abs() > _ROUNDING
    # A row that sees nothing may be all zeros.
    if bool((wrong & (sums != 0)).any()):
        return told("rows of weights that sum to {total:.2f}, not to 1", total=sums[wrong][0].item())
    return ""


def first_doubt(sites: Sequence[Site], weights: Sequence[Tensor], lengths: Mapping[str, int]) -> str:
    """The first doubt about the weights of several sites; "" where there is none.

    Args:
        sites: of the model.
        weights: of each site, as for `doubt`.
        lengths: tokens that were read, by side: "encoder", "decoder".
    """
    for site, of in zip(sites, weights, strict=True):
        queries, keys = (lengths[side if site.part == "cross" else site.part] for side in ("decoder", "encoder"))
        if why := doubt(of, queries, keys):
            return why
    return ""


def seen(weights: Tensor, causal: bool) -> Tensor:
    """Which keys a query sees, bool (query, key), from weights (heads, query, key): those before it, where it looks back only, and no further
    than a window, where there is one.

    A softmax gives exactly 0 to what is masked. That all heads of a layer give nothing to whatever is further away than so many tokens is
    taken for a window; a lone head may have chosen so.
    """
    heads, queries, keys = weights.shape
    mask = torch.ones(queries, keys, dtype=torch.bool)
    if causal:
        mask = mask.tril()
    if heads > 1 and queries == keys:
        away = (torch.arange(queries)[:, None] - torch.arange(keys)).abs()
        mask &= away <= away[(weights > 0).any(0)].max()
    return mask
