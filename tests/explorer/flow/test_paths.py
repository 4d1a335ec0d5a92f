"""Rollout and flow against their definitions: the recursion, a graph worked out by hand, and every cut of small graphs."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.flow import paths


def stochastic(seed: int, layers: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(n, 0.5), (layers, n))


def smallest_cut(patterns: np.ndarray, token: int, key: int) -> float:
    """The least capacity between two sides, over all ways to divide the nodes: by the theorem of Ford and Fulkerson the largest flow."""
    mixed = paths.with_residual(patterns)
    layers, n, _n = mixed.shape
    nodes = [(layer, i) for layer in range(layers + 1) for i in range(n)]
    free = [node for node in nodes if node not in ((layers, token), (0, key))]
    best = np.inf
    for sides in product((False, True), repeat=len(free)):
        near = {(layers, token), *(node for node, side in zip(free, sides, strict=True) if side)}
        cut = sum(
            mixed[layer, i, j] for layer in range(layers) for i in range(n) for j in range(n) if (layer + 1, i) in near and (layer, j) not in near
        )
        best = min(best, cut)
    return best


@given(seed=st.integers(0, 999), layers=st.integers(1, 4), n=st.integers(1, 6))
def test_rollout_is_the_recursion_of_the_paper(seed, layers, n):
    patterns = stochastic(seed, layers, n)
    found = paths.rollout(patterns)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-12)
    expected = np.zeros((layers, n, n))
    for layer in range(layers):
        for i, j in product(range(n), repeat=2):
            for k in range(n):
                edge = 0.5 * patterns[layer, i, k] + 0.5 * (i == k)
                expected[layer, i, j] += edge * (expected[layer - 1, k, j] if layer else float(k == j))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_token_that_looks_at_itself_only_stays_itself():
    still = np.stack([np.eye(4)] * 3)
    np.testing.assert_array_equal(paths.rollout(still)[-1], np.eye(4))
    np.testing.assert_allclose(paths.flow(still, range(4)), np.eye(4), atol=1e-6)


def test_flow_by_hand():
    # Token 1 looks at token 0 in both layers, token 0 at itself: edges 1>1 .5, 1>0 .5, 0>0 1 in each layer. To input 0 go .5 by way of
    # 0 and .5 by way of 1; to input 1 only .5 by way of 1, twice its own.
    looks_back = np.array([[[1.0, 0.0], [1.0, 0.0]]] * 2)
    np.testing.assert_allclose(paths.flow(looks_back, [1, 0]), [[1.0, 0.5], [1.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(paths.rollout(looks_back)[-1][1], [0.75, 0.25])


@given(seed=st.integers(0, 99))
def test_the_largest_flow_is_the_smallest_cut(seed):
    patterns = stochastic(seed, 2, 3)
    found = paths.flow(patterns, range(3))
    for token, key in product(range(3), repeat=2):
        assert found[token, key] == pytest.approx(smallest_cut(patterns, token, key), abs=1e-5)


def test_progress_ends_at_all():
    told = []
    paths.flow(stochastic(0, 2, 3), [0, 2], told.append)
    assert told == sorted(told) and told[-1] == 1 and len(told) == 6
