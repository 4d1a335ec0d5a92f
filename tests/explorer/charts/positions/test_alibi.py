"""ALiBi: slopes, biases, weights and windows against the formulas, at a dozen places of the sliders."""

from functools import cache

import numpy as np
import pytest

from explorer.charts.positions import alibi
from tests.explorer.charts.scene import drawn, marks, readouts, uncoloured

POSITIONS = [(h, asked, causal) for h, asked in ((1, 1), (2, 2), (8, 1), (8, 3), (12, 40), (16, 5), (32, 32)) for causal in (True, False)]


@cache
def chart():
    """Made by the first test that looks at it: this takes a second."""
    return alibi.picture()


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_everything_at(position):
    heads, asked, causal = position
    scene = drawn(uncoloured(chart(), "bias"), heads=heads, asked=asked, causal=causal)
    head = min(asked, heads)
    slope = 2 ** (-8 * head / heads)
    assert readouts(scene) == pytest.approx(
        {
            "head": head,
            "slope": slope,
            "effective window, tokens": np.log(100) / slope,
            "slope of the first head": 2 ** (-8 / heads),
            "slope of the last head": 1 / 256,
        },
        rel=1e-9,
    )
    slopes, windows, cells = marks(scene, "rect")
    assert len(slopes) == len(windows) == heads
    expected = [2 ** (-8 * i / heads) for i in range(1, heads + 1)]
    height = np.log(1 / 0.003)
    np.testing.assert_allclose([item["height"] / 130 for item in slopes], (np.log(expected) + height) / height, atol=1e-6)
    found = np.full((alibi.PLACES, alibi.PLACES), np.nan)
    for item in cells:
        found[round(item["y"] / alibi.ROOM[1] * alibi.PLACES), round(item["x"] / alibi.ROOM[1] * alibi.PLACES)] = item["opacity"]
    at = np.arange(alibi.PLACES)
    bias = -slope * np.abs(at[:, None] - at)
    np.testing.assert_allclose(found, np.where((at <= at[:, None]) | (not causal), bias, np.nan), atol=1e-6)


def test_the_window_is_where_a_hundredth_is_left():
    (area,) = marks(drawn(chart(), heads=8, asked=1), "area")
    heights = 110 - np.array([item["y"] for item in area])
    window = int(np.log(100) / 0.5)
    assert heights[window] >= heights[0] / 100 > heights[window + 1]
