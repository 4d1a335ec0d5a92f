"""Linear attention: its features, both orders of its products, its state, and what it finds of what was stored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from explorer.lectures.work import counted_in, least
from models.attention.normalisers import features
from models.stopping import look

STORED = (2, 4, 8, 16, 32, 64, 128, 256)
"""Pairs of a key and a value, one a token."""
KINDS = ("softmax", "elu", "relu", "performer")
DRAWS = 8
"""Dictionaries that a share of right lookups is taken over."""
RANDOM_FEATURES = 256
_SEED = 22


def drawn(n: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Keys and values of a dictionary, (n, d) each, independent and normal; each key is asked for once."""
    return torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed)).unbind()


def phi(kind: str, x: Tensor, draws: int = RANDOM_FEATURES, seed: int = _SEED) -> Tensor:
    """Features whose products are the scores of linear attention; of a Performer positive random ones, whose product is on average
    exp(q . k / sqrt(d)) (Choromanski et al. 2021, lemma 1 and section 2.4: directions are orthogonal in blocks)."""
    if kind == "elu":
        return features(x)
    if kind == "relu":
        return x.relu()
    x = x / x.shape[-1] ** 0.25
    return (x @ _directions(x.shape[-1], draws, seed).to(x).mT - x.square().sum(-1, keepdim=True) / 2).exp()


@cache
def _directions(d: int, n: int, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    blocks = [torch.linalg.qr(torch.randn(d, d, generator=random))[0] for _ in range(-(-n // d))]
    lengths = torch.randn(len(blocks) * d, d, generator=random).norm(dim=1, keepdim=True)
    return (torch.cat(blocks) * lengths)[:n]


def weights_of(kind: str, query: Tensor, key: Tensor, **how: int) -> Tensor:
    """Weights of all keys for each query, (query, key); rows sum to 1."""
    if kind == "softmax":
        return (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1)
    scores = phi(kind, query, **how) @ phi(kind, key, **how).mT
    return scores / scores.sum(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)


def lookup(kind: str, n: int, d: int, seed: int = 0) -> Tensor:
    """Weights of the lookup of each key in its own dictionary, (n, n)."""
    key, _value = drawn(n, d, seed)
    return weights_of(kind, key, key)


@cache
def recalls(d: int) -> dict[str, dict[int, float]]:
    """Share of lookups whose output lies nearest, by cosine, to the value that was stored with the key; by kind and number of pairs."""
    return {kind: {n: float(np.mean([_recall(kind, n, d, seed) for seed in range(DRAWS)])) for n in STORED} for kind in KINDS}


def _recall(kind: str, n: int, d: int, seed: int) -> float:
    look()
    key, value = drawn(n, d, seed)
    found = weights_of(kind, key, key) @ value
    nearest = (found @ (value / value.norm(dim=-1, keepdim=True)).mT).argmax(-1)
    return float((nearest == torch.arange(n)).double().mean())


def masked(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal linear attention with all products of queries and keys, those of the future set to 0, (n, d)."""
    scores = (features(query) @ features(key).mT).tril()
    return scores @ value / scores.sum(-1, keepdim=True)


def recurrent(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """The same one token after the other: S = S + phi(k) v^T, z = z + phi(k), out = phi(q) S / phi(q) z.

    Returns:
        S and, as its last column, z after the last token, (d, d + 1); all outputs, (n, d).
    """
    state, outputs = query.new_zeros(query.shape[-1], value.shape[-1] + 1), []
    for q, k, v in zip(features(query), features(key), value, strict=True):
        state = state + torch.outer(k, torch.cat([v, v.new_ones(1)]))
        found = q @ state
        outputs.append(found[:-1] / found[-1])
    return state, torch.stack(outputs)


def regrouped_deviation(query: Tensor, key: Tensor, value: Tensor) -> float:
    """Largest difference of (phi(Q) phi(K)^T) V and phi(Q) (phi(K)^T V), both over the sums of their rows."""
    q, k = features(query), features(key)
    sums = q @ k.sum(0)
    return float((((q @ k.mT) @ value) / sums[:, None] - (q @ (k.mT @ value)) / sums[:, None]).abs().max())


@cache
def cost(order: str, n: int, d: int) -> int:
    """Multiply-adds of both products of one head, counted while torch does them on tensors without numbers."""
    q, k, v = (torch.empty(n, d, device="meta") for _ in range(3))
    return counted_in((lambda: (q @ k.mT) @ v) if order == "pairs" else (lambda: q @ (k.mT @ v)))


def crossing(d: int) -> int:
    """The least n at which all pairs cost at least as much as the state."""
    return least(lambda n: cost("pairs", n, d) >= cost("state", n, d))


def trained(rows: Sequence[Sequence]) -> dict[tuple[str, int], dict[int, float]]:
    """Mean accuracy of the toys over their seeds, by attention and width of the head, and by pairs."""
    found: dict[tuple[str, int], dict[int, list[float]]] = {}
    for kind, width, pairs, _seed, share in rows:
        found.setdefault((kind, width), {}).setdefault(pairs, []).append(share)
    return {key: {pairs: float(np.mean(shares)) for pairs, shares in by.items()} for key, by in found.items()}
