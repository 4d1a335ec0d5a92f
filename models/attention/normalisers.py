"""What turns scores into weights where it is not a softmax: sparsemax, and the features of linear attention."""

from __future__ import annotations

import torch
from torch import Tensor

NAMES = ("softmax", "sparsemax", "linear")


def sparsemax(scores: Tensor) -> Tensor:
    """The point of the simplex that lies nearest to the scores, row by row (Martins & Astudillo 2016, algorithm 1).

    Weights are max(score - tau, 0), with tau such that a row sums to 1: exact zeros for keys far below the best. A key at 1 or more
    below the largest score always gets 0.

    Args:
        scores: (.., key), float. A row of -inf only gives NaN, as in softmax.
    """
    below = scores - scores.amax(dim=-1, keepdim=True).detach()
    return (below + largest_sparsemax_weight(below)).clamp(min=0)


def largest_sparsemax_weight(below: Tensor) -> Tensor:
    """How far tau lies below the largest score: the weight of the best key, (.., 1).

    Args:
        below: scores minus the largest of their row, (.., key).
    """
    with torch.no_grad():
        # What cannot get any weight is lifted to -1, so that masks of -inf or of the smallest number do not overflow the sums.
        ordered = below.clamp(min=-1).sort(dim=-1, descending=True).values
        ranks = torch.arange(1, below.shape[-1] + 1, device=below.device, dtype=below.dtype)
        sums = ordered.cumsum(dim=-1)
        size = (1 + ranks * ordered > sums).sum(dim=-1, keepdim=True).clamp(min=1)
        tau = (sums.gather(-1, size - 1) - 1) / size
        support = below > tau
    # Once more with gradients: within the support tau is the mean of the scores, less 1 / size.
    return (1 - below.where(support, 0).sum(dim=-1, keepdim=True)) / support.sum(dim=-1, keepdim=True).clamp(min=1)


def features(x: Tensor) -> Tensor:
    """elu(x) + 1, the positive features of linear attention (Katharopoulos et al. 2020, equation 7)."""
    return torch.nn.functional.elu(x) + 1


def linear_attention(query: Tensor, key: Tensor, value: Tensor, *, causal: bool, chunk: int = 64) -> Tensor:
    """phi(Q) (phi(K)^T V) over its row sums, in time and memory linear in the length (Katharopoulos et al. 2020, equations 5 and 9).

    Where it is causal, a state S = sum phi(k) v^T and a normaliser sum phi(k) are carried from chunk to chunk; within one, all
    products of queries and keys are made.

    Args:
        query, key: (batch, heads, n, head dim), before the features.
        value: (batch, heads, n, value dim).
        causal: position i sees 0..i only.
        chunk: positions worked on at once.

    Returns:
        (batch, heads, n, value dim).
    """
    query, key = features(query), features(key)
    # One more column of ones: the normaliser is the state's last column.
    value = torch.cat([value, torch.ones_like(value[..., :1])], dim=-1)
    if not causal:
        return _divided(query @ (key.mT @ value))
    state, outputs = 0, []
    for q, k, v in zip(*(t.split(chunk, dim=2) for t in (query, key, value)), strict=True):
        outputs.append((q @ k.mT).tril() @ v + (q @ state if outputs else 0))
        state = state + k.mT @ v
    return _divided(torch.cat(outputs, dim=2))


def _divided(sums: Tensor) -> Tensor:
    return sums[..., :-1] / sums[..., -1:]
