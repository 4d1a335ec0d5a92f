"""Pictures of all heads: a point or a cell for each, where its numbers say."""

import numpy as np
import pytest

from explorer.charts.common import palette
from explorer.charts.heads import layers, roles, scatter
from tests.explorer.charts.scene import marks, rendered

HEADS = [(0, 0), (0, 1), (1, 0)]


def test_a_point_for_each_head_that_has_both_scores():
    x, y = np.array([1.0, 2.0, np.nan]), np.array([0.5, 0.1, 0.3])
    scene = rendered(lambda: scatter.scatter(HEADS, x, y, x_title="x", y_title="y", chosen=(0, 1)))
    points, rings = marks(scene, "symbol")
    assert len(points) == 2 and points[0]["x"] < points[1]["x"] and points[0]["y"] < points[1]["y"]
    assert [item["opacity"] for item in rings] == [0, 1]
    assert [item["text"] for item in next(iter(marks(scene, "text")))] == ["0.0", "0.1"]


def test_groups_have_colours_of_their_own():
    scene = rendered(lambda: scatter.scatter(HEADS, np.arange(3.0), np.arange(3.0), x_title=None, y_title=None, groups=["b", "a", "b"]))
    replacements = [item["fill"] for item in next(iter(marks(scene, "symbol")))]
    assert replacements[0] == replacements[2] == palette.lines()[1] and replacements[1] == palette.lines()[0]


def test_a_layers_mean_is_that_of_its_heads():
    values = np.array([[0.0, 1.0], [0.5, np.nan], [1.0, 0.0]])
    scene = rendered(lambda: layers.by_layer({"score": values}, height=100))
    dots, means = marks(scene, "symbol")
    assert len(dots) == 5
    assert [(100 - item["y"]) / 100 for item in means] == pytest.approx([0.5, 0.5, 0.5])


def test_a_head_with_two_roles_is_divided():
    held = [(0, 1, "sink"), (0, 1, "broad"), (1, 0, "sink")]
    scene = rendered(lambda: roles.roles([2, 1], held, {"sink": "sink", "broad": "broad"}, chosen=(1, 0), width=100))
    cells, shares, frames = marks(scene, "rect")
    assert len(cells) == 3 and len(shares) == 3
    widths = sorted(item["width"] for item in shares)
    assert widths[0] == pytest.approx(widths[1]) == pytest.approx(widths[2] / 2)
    assert [item["strokeWidth"] for item in frames] == [0, 0, 3]
    assert {item["fill"] for item in shares} == set(palette.lines()[:2])
