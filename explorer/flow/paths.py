"""Attention rollout and attention flow (Abnar & Zuidema 2020): attention of a whole stack, traced back to the input tokens.

Both read a stack as a graph: a node for each token at each layer, the attention weight on each edge, and half of what arrives by the
residual connection, which is 0.5 A + 0.5 I for the mean A over a layer's heads (section 3). Rollout multiplies the weights along
each path and adds the paths up; flow asks how much could be sent along all paths at once if the weights were the capacities of pipes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

_UNITS = 2**24
"""Capacities are whole numbers to the library: a weight of 1 is so many, and two of them still fit into 32 bits."""


def with_residual(patterns: np.ndarray) -> np.ndarray:
    """0.5 A + 0.5 I for each layer, rows scaled to sum 1 (Abnar & Zuidema 2020, section 3); a row that sees nothing keeps itself only.

    Args:
        patterns: (layers, n, n), the mean over the heads.
    """
    mixed = 0.5 * np.asarray(patterns, dtype=np.float64) + 0.5 * np.eye(patterns.shape[-1])
    return mixed / mixed.sum(-1, keepdims=True)


def rollout(patterns: np.ndarray) -> np.ndarray:
    """Share of each input token in each token of each layer (Abnar & Zuidema 2020, equation 1).

    Args:
        patterns: (layers, n, n), the mean over the heads, each row sums to 1.

    Returns:
        float64 (layers, n, n): layer, token there, input token; each row sums to 1.
    """
    shares, found = np.eye(patterns.shape[-1]), []
    for layer in with_residual(patterns):
        shares = layer @ shares
        found.append(shares)
    return np.stack(found)


def flow(patterns: np.ndarray, tokens: Iterable[int], progress: Callable[[float], None] | None = None) -> np.ndarray:
    """Largest flow from tokens of the last layer to each input token, one pair at a time (Abnar & Zuidema 2020, section 3).

    Args:
        patterns: (layers, n, n), the mean over the heads.
        tokens: those of the last layer, each with n flows to compute; a flow takes time in the order of layers x n^2.
        progress: told the share that is done.

    Returns:
        float64 (tokens, n), within 1e-6; at most 1 each. Rows need not sum to 1.
    """
    tokens = list(tokens)
    capacities = np.rint(with_residual(patterns) * _UNITS).astype(np.int32)
    layers, n, _n = capacities.shape
    layer, query, key = np.nonzero(capacities)
    # Node of a token: layer x n + token; the input is layer 0.
    edges = (capacities[layer, query, key], ((layer + 1) * n + query, layer * n + key))
    graph = coo_array(edges, shape=((layers + 1) * n,) * 2).tocsr()
    found = np.zeros((len(tokens), n))
    for row, token in enumerate(tokens):
        for key in range(n):
            found[row, key] = maximum_flow(graph, layers * n + token, key).flow_value / _UNITS
            if progress:
                progress((row * n + key + 1) / found.size)
    return found
