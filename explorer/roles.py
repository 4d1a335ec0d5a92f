"""What a head does, as numbers: the share of its attention that goes where a role says.

A role says which keys each query looks for. The score of a head is the attention that goes to those keys, summed for each query, then
the mean over the queries that have such a key: 0 to 1, and nan where no query has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Mask = np.ndarray
"""bool (query, key)"""


def previous_token(ids: Sequence[int]) -> Mask:
    """Query i, key i - 1 (Elhage et al. 2021; the positional heads of Voita et al. 2019)."""
    return np.eye(len(ids), k=-1, dtype=bool)


def same_token(ids: Sequence[int]) -> Mask:
    """Query i, key i: the token itself."""
    return np.eye(len(ids), dtype=bool)


def next_token(ids: Sequence[int]) -> Mask:
    """Query i, key i + 1 (Voita et al. 2019); hidden behind a causal mask."""
    return np.eye(len(ids), k=1, dtype=bool)


def first_token(ids: Sequence[int]) -> Mask:
    """Query i > 0, key 0: where attention goes that has nowhere to go (Xiao et al. 2023, attention sinks)."""
    mask = np.zeros((len(ids), len(ids)), dtype=bool)
    mask[1:, 0] = True
    return mask


def duplicate_token(ids: Sequence[int]) -> Mask:
    """Query i, keys j < i that hold the same token (Wang et al. 2022)."""
    ids = np.asarray(ids)
    return np.tril(ids[:, None] == ids[None, :], -1)


def induction(ids: Sequence[int]) -> Mask:
    """Query i, keys j < i that come right after an earlier copy of token i (Elhage et al. 2021; Olsson et al. 2022, prefix matching).

    The copy lies at j - 1. That the current token itself follows a copy does not count: looking at oneself needs no memory.
    """
    mask = np.zeros((len(ids), len(ids)), dtype=bool)
    mask[:, 1:] = duplicate_token(ids)[:, :-1]
    return np.tril(mask, -1)


ROLES: dict[str, Callable[[Sequence[int]], Mask]] = {
    "previous token": previous_token,
    "same token": same_token,
    "next token": next_token,
    "first token": first_token,
    "duplicate token": duplicate_token,
    "induction": induction,
}
"""By the name that a page shows."""


def row_scores(patterns: np.ndarray, mask: Mask) -> np.ndarray:
    """The attention that each query with such a key pays to them.

    Args:
        patterns: (.., query, key), each row sums to 1.
        mask: bool (query, key), of a role.

    Returns:
        (.., queries that have such a key).
    """
    return (patterns * mask).sum(-1)[..., mask.any(-1)]


def score(patterns: np.ndarray, mask: Mask) -> np.ndarray:
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
