"""Which keys each query looks for, in each of the roles that a rule can state: the one definition of these masks.

The score of a head is the attention that goes to those keys, summed for each query, then the mean over the queries that have such a
key: 0 to 1, and nan where no query has one. `measure` computes it on the device for thousands of texts, and takes its masks from here.

A mask is made of ids (.., n), a list, an array or a tensor, for all query rows or some of them. It is bool (.., rows, n), or (rows, n)
where it does not depend on the ids; tensors in, tensor out, on the same device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

Ids = Sequence[int] | np.ndarray | Tensor
Mask = np.ndarray | Tensor
"""bool (.., query, key)"""
ALL_ROWS = slice(None)


def previous_token(ids: Ids, rows: slice = ALL_ROWS) -> Mask:
    """Query i, key i - 1 (Elhage et al. 2021; the positional heads of Voita et al. 2019)."""
    _ids, i, j = _grid(ids, rows)
    return j == i - 1


def same_token(ids: Ids, rows: slice = ALL_ROWS) -> Mask:
    """Query i, key i: the token itself."""
    _ids, i, j = _grid(ids, rows)
    return j == i


def next_token(ids: Ids, rows: slice = ALL_ROWS) -> Mask:
    """Query i, key i + 1 (Voita et al. 2019); hidden behind a causal mask."""
    _ids, i, j = _grid(ids, rows)
    return j == i + 1


def first_token(ids: Ids, rows: slice = ALL_ROWS) -> Mask:
    """Query i > 0, key 0: where attention goes that has nowhere to go (Xiao et al. 2023, attention sinks)."""
    _ids, i, j = _grid(ids, rows)
    return (j == 0) & (i > 0)


def duplicate_token(ids: Ids, rows: slice = ALL_ROWS) -> Mask:
    """Query i, keys j < i that hold the same token (Wang et al. 2022)."""
    ids, i, j = _grid(ids, rows)
    return (ids[..., rows, None] == ids[..., None, :]) & (j < i)


def induction(ids: Ids, rows: slice = ALL_ROWS) -> Mask:
    """Query i, keys j < i that come right after an earlier copy of token i (Elhage et al. 2021; Olsson et al. 2022, prefix matching).

    The copy lies at j - 1. That the current token itself follows a copy does not count: looking at oneself needs no memory.
    """
    ids, i, j = _grid(ids, rows)
    before = ids[..., j - 1]  # of key 0 that is the last token, which does not count
    return (ids[..., rows, None] == before[..., None, :]) & (j < i) & (j > 0)


ROLES: dict[str, Callable[..., Mask]] = {
    "previous token": previous_token,
    "same token": same_token,
    "next token": next_token,
    "first token": first_token,
    "duplicate token": duplicate_token,
    "induction": induction,
}
"""By the name that a page shows."""


def _grid(ids: Ids, rows: slice) -> tuple[np.ndarray | Tensor, np.ndarray | Tensor, np.ndarray | Tensor]:
    """The ids, (.., n), the numbers of the queries, (rows, 1), and of the keys, (n,)."""
    if isinstance(ids, Tensor):
        j = torch.arange(ids.shape[-1], device=ids.device)
    else:
        ids = np.asarray(ids)
        j = np.arange(ids.shape[-1])
    return ids, j[rows, None], j


def row_scores(patterns: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The attention that each query with such a key pays to them.

    Args:
        patterns: (.., query, key), each row sums to 1.
        mask: bool (query, key), of a role.

    Returns:
        (.., queries that have such a key).
    """
    return (patterns * mask).sum(-1)[..., mask.any(-1)]


def score(patterns: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean of `row_scores`, (..): one number for each pattern; nan where no query has such a key."""
    return _mean(row_scores(patterns, mask))


def scores(examples: Sequence[tuple[np.ndarray, Sequence[int]]]) -> dict[str, np.ndarray]:
    """All roles on several examples; each query of each example weighs the same.

    Args:
        examples: patterns (heads, query, key) of self-attention, and the ids of its tokens, (query,).

    Returns:
        By role, (heads,).
    """
    found = {}
    for name, role in ROLES.items():
        found[name] = _mean(np.concatenate([row_scores(patterns, role(ids)) for patterns, ids in examples], axis=-1))
    return found


def _mean(rows: np.ndarray) -> np.ndarray:
    return rows.mean(-1) if rows.shape[-1] else np.full(rows.shape[:-1], np.nan)
