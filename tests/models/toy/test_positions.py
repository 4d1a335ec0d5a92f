"""Positions by their formulas, one number at a time."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.toy import positions


@given(st.integers(1, 12), st.integers(1, 9))
def test_sinusoids_by_their_formula(n, width):
    found = positions.sinusoids(n, width)
    assert found.shape == (n, width)
    for at in range(n):
        for i in range(width):
            angle = at / 10000 ** (2 * (i // 2) / (width + width % 2))
            assert found[at, i].item() == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-5)


@given(st.integers(0, 30))
def test_one_rotation_takes_every_position_k_further(k):
    waves = positions.sinusoids(64, 16)
    turn, shifted = positions.rotation(k + 1, 16), waves.unflatten(-1, (-1, 2))
    cosines, sines = turn[0][k], turn[1][k]
    sine = shifted[..., 0] * cosines + shifted[..., 1] * sines
    cosine = shifted[..., 1] * cosines - shifted[..., 0] * sines
    torch.testing.assert_close(torch.stack([sine, cosine], -1).flatten(-2)[: 64 - k], waves[k:], rtol=0, atol=1e-5)


def test_scores_of_rope_depend_on_the_distance_only():
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 10)
    turn = positions.rotation(20, 10)
    scores = positions.rotated(query.expand(20, 10), *turn) @ positions.rotated(key.expand(20, 10), *turn).T
    for offset in range(-19, 20):
        same = scores.diagonal(offset)
        torch.testing.assert_close(same, same[:1].expand_as(same), rtol=0, atol=1e-4)
    assert scores[0].std() > 0.1
    lengths = positions.rotated(query.expand(20, 10), *turn).norm(dim=-1)
    torch.testing.assert_close(lengths, query.norm().expand(20))


def test_interpolated_positions_are_those_in_between():
    half, whole = positions.rotation(20, 8, interpolation=2.0), positions.rotation(10, 8)
    for found, expected in zip(half, whole, strict=True):
        torch.testing.assert_close(found[::2], expected)
    angle = 3 / 2 * 100 ** (-2 / 8)
    assert positions.rotation(5, 8, base=100.0, interpolation=2.0)[1][3, 1].item() == pytest.approx(math.sin(angle))


def test_slopes_of_alibi():
    assert positions.slopes(8).tolist() == [2.0**-i for i in range(1, 9)]
    assert positions.slopes(4).tolist() == pytest.approx([2 ** (-8 * i / 4) for i in (1, 2, 3, 4)])
    assert positions.distances(3).tolist() == [[0, -1, -2], [-1, 0, -1], [-2, -1, 0]]


@given(st.integers(1, 12), st.sampled_from(["window", "strided", "global", "softmax"]), st.integers(1, 6), st.booleans())
def test_what_is_visible_by_a_loop(n, kind, window, causal):
    found = positions.visible(n, kind, window, causal)
    for i in range(n):
        for j in range(n):
            near = abs(i - j) < window
            seen = {"window": near, "strided": near or (i - j) % window == 0, "global": i == j or min(i, j) < window, "softmax": True}[kind]
            assert found[i, j].item() == (seen and (j <= i or not causal))
