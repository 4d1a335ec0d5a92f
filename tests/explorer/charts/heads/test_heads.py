"""Pictures of all heads: a line, a cell and a share of it, where their numbers say."""

import numpy as np
import pytest

from explorer.charts.common import palette
from explorer.charts.heads import layers, roles
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered

TITLES = {"sink": "sink", "broad": "broad"}


def test_a_layers_mean_is_that_of_its_heads():
    values = np.array([[0.0, 1.0], [0.5, np.nan], [1.0, 0.0]])
    scene = rendered(lambda: layers.by_layer({"score": values}, height=100))
    dots, means, _rings = marks(scene, "symbol")
    assert len(dots) == 5
    assert [(100 - item["y"]) / 100 for item in means] == pytest.approx([0.5, 0.5, 0.5])


def test_the_chosen_head_carries_a_ring_in_every_panel_of_the_layers():
    values = np.array([[0.0, 1.0], [0.5, np.nan], [1.0, 0.0]])
    made = layers.by_layer({"one": values, "other": 2 * values}, chosen=(2, 0), height=100)
    symbols = list(marks(rendered(lambda: made), "symbol"))
    assert len(symbols) == 6
    for rings in symbols[2::3]:
        assert [item["opacity"] for item in rings] == [0, 0, 0, 1, 0]
    (pick,) = made.spec()["params"]
    named = {part.get("name") for panel in made.spec()["hconcat"] for part in panel["layer"]}
    assert set(pick["views"]) <= named and len(pick["views"]) == 2, "a click is heard in both"


def test_layers_of_other_data_have_the_same_description():
    first, second = layers.by_layer({"score": np.zeros((2, 2))}), layers.by_layer({"score": np.array([[0.5, np.nan], [2.0, 1.0]])}, chosen=(1, 1))
    assert_same(first, second, layers._description.afresh(("score",), (2,), 300, 200, False))


def test_a_head_with_two_roles_is_divided():
    held = [(0, 1, "sink"), (0, 1, "broad"), (1, 0, "sink")]
    scene = rendered(lambda: roles.roles([2, 1], held, TITLES, chosen=(1, 0), width=100))
    cells, shares, frames = marks(scene, "rect")
    assert len(cells) == 3 and len(shares) == 3
    widths = sorted(item["width"] for item in shares)
    assert widths[0] == pytest.approx(widths[1]) == pytest.approx(widths[2] / 2)
    assert [item["strokeWidth"] for item in frames] == [0, 0, 3]
    assert {item["fill"] for item in shares} == set(palette.lines()[:2])


def test_roles_of_other_data_have_the_same_description():
    first = roles.roles([2, 1], [(0, 1, "sink")], TITLES)
    second = roles.roles([2, 1], [(1, 0, "broad"), (1, 0, "sink")], TITLES, chosen=(0, 0))
    assert_same(first, second, roles._description.afresh((2, 1), ("sink", "broad"), 560, 380, False))
    assert len(next(items for items in marks(rendered(lambda: roles.roles([2, 1], [], TITLES)), "rect") if items)) == 3, "no head has a role"


def test_roles_are_told_apart_without_their_colours():
    held = [(0, 0, "sink"), (0, 0, "broad"), (1, 0, "broad")]
    scene = rendered(lambda: roles.roles([2, 1], held, TITLES))
    (signs,) = marks(scene, "text")
    rects = [items for items in marks(scene, "rect") if len(items) == len(held)]
    assert [str(item["text"]) for item in signs] == ["1", "2", "2"]
    coloured = next(items for items in rects if len({item["fill"] for item in items}) > 1)
    shades = dict(zip((str(item["text"]) for item in signs), (item["fill"] for item in coloured), strict=True))
    assert len(set(shades.values())) == 2, "one number, one colour"
