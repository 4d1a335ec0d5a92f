"""Pictures of all heads: a point or a cell for each, where its numbers say."""

import numpy as np
import pytest

from explorer.charts.common import palette, scatter
from explorer.charts.heads import layers, roles
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered

HEADS = [(0, 0), (0, 1), (1, 0)]
TITLES = {"sink": "sink", "broad": "broad"}


def test_a_point_for_each_head_that_has_both_scores():
    x, y = np.array([1.0, 2.0, np.nan]), np.array([0.5, 0.1, 0.3])
    scene = rendered(lambda: scatter.scatter(HEADS, x, y, titles=("x", "y"), chosen=(0, 1)))
    points, rings = marks(scene, "symbol")
    assert len(points) == 2 and points[0]["x"] < points[1]["x"] and points[0]["y"] < points[1]["y"]
    assert [item["opacity"] for item in rings] == [0, 1]
    assert [item["text"] for item in next(iter(marks(scene, "text")))] == ["0.0", "0.1"]


def test_the_chosen_head_has_its_name_where_there_is_no_room_for_all():
    x = np.array([0.0, 0.001, 1.0])

    def said(chosen: tuple[int, int]) -> list[list[str]]:
        scene = rendered(lambda: scatter.scatter(HEADS, x, np.zeros(3), titles=("x", "y"), chosen=chosen))
        return [[item["text"] for item in items] for items in marks(scene, "text")]

    crowd = np.repeat(0.5, 12)
    heads = [(0, head) for head in range(12)]
    scene = rendered(lambda: scatter.scatter(heads, crowd, crowd, titles=("x", "y"), chosen=(0, 7)))
    there, ground, alone = [[item["text"] for item in items] for items in marks(scene, "text")]
    assert len(there) < 12 and "0.7" not in there and ground == alone == ["0.7"]
    assert said((0, 0))[0] == ["0.0", "0.1", "1.0"] and not any(said((0, 0))[1:]), "where there is room all have theirs, once"


def test_points_lie_where_their_names_take_them_to_be():
    rng = np.random.default_rng(0)
    heads, x, y = [(0, head) for head in range(9)], rng.normal(size=9), 1e-3 * rng.normal(size=9)
    scene = rendered(lambda: scatter.scatter(heads, x, y, titles=("x", "y")))
    points = next(iter(marks(scene, "symbol")))
    at = np.stack([x, y], axis=1)
    expected = scatter._pixels(at, [(column.min(), column.max()) for column in at.T], 560, 440)
    np.testing.assert_allclose([[item["x"], item["y"]] for item in points], expected, atol=1e-6)


def test_groups_have_colours_of_their_own():
    scene = rendered(lambda: scatter.scatter(HEADS, np.arange(3.0), np.arange(3.0), titles=None, groups=["b", "a", "b"]))
    points, rings = marks(scene, "symbol")
    replacements = [item["fill"] for item in points]
    assert replacements[0] == replacements[2] == palette.lines()[1] and replacements[1] == palette.lines()[0]
    assert [item["opacity"] for item in rings] == [0, 0, 0], "no head is chosen"


def test_points_of_other_data_have_the_same_description():
    def made(x: list[float], chosen: tuple[int, int] | None) -> object:
        return scatter.scatter(HEADS, np.array(x), np.arange(3.0), titles=("x", "y"), chosen=chosen)

    first, second = made([1, 2, 3], None), made([4, 0, 30], (1, 0))
    assert_same(first, second, scatter._description.afresh((), ("x", "y"), 560, 440, 10, False))
    xs = [[item["x"] for item in next(iter(marks(rendered(lambda picture=picture: picture), "symbol")))] for picture in (first, second)]
    assert xs[0] == sorted(xs[0]) and np.argsort(xs[1]).tolist() == [1, 0, 2], "the scale is that of the data"


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
