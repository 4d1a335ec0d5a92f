"""Heads as points: each where its two numbers say, told apart by colour and by shape, with names that lie on nothing."""

import numpy as np
import pytest

from explorer.charts.common import palette, scatter
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, names_lie_on_nothing, rendered

HEADS = [(0, 0), (0, 1), (1, 0)]
MANY = [(layer, head) for layer in range(12) for head in range(12)]


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


def test_a_group_has_the_same_colour_whatever_its_name_begins_with():
    def colours(names: list[str]) -> list[str]:
        groups = [names[0], names[1], names[0]]
        scene = rendered(lambda: scatter.scatter(HEADS, np.arange(3.0), np.arange(3.0), titles=None, groups=groups, order=names))
        return [item["fill"] for item in next(iter(marks(scene, "symbol")))]

    assert colours(["b", "a"]) == colours(["a", "b"]) == [palette.lines()[0], palette.lines()[1], palette.lines()[0]]


def test_points_of_other_data_have_the_same_description():
    def made(x: list[float], chosen: tuple[int, int] | None) -> object:
        return scatter.scatter(HEADS, np.array(x), np.arange(3.0), titles=("x", "y"), chosen=chosen)

    first, second = made([1, 2, 3], None), made([4, 0, 30], (1, 0))
    assert_same(first, second, scatter._description.afresh((), ("x", "y"), 560, 440, 10, False))
    xs = [[item["x"] for item in next(iter(marks(rendered(lambda picture=picture: picture), "symbol")))] for picture in (first, second)]
    assert xs[0] == sorted(xs[0]) and np.argsort(xs[1]).tolist() == [1, 0, 2], "the scale is that of the data"


def test_groups_are_told_apart_without_their_colours():
    groups = [f"group {i}" for i in range(8)]
    heads, at = [(0, i) for i in range(8)], np.arange(8.0)
    points = next(iter(marks(rendered(lambda: scatter.scatter(heads, at, at, titles=None, groups=groups)), "symbol")))
    assert len({str(item["shape"]) for item in points}) == 8
    assert len({(str(item["shape"]), item["fill"]) for item in points}) == 8
    twice = next(iter(marks(rendered(lambda: scatter.scatter(heads, at, at, titles=None, groups=[*groups[:4], *groups[:4]])), "symbol")))
    assert [str(item["shape"]) for item in twice[:4]] == [str(item["shape"]) for item in twice[4:]]


@pytest.mark.parametrize("found", [[True, False, True], [False, False, True], [False, False, False]])
def test_what_was_not_looked_for_is_faint_and_so_is_its_name(found):
    at = np.array([0.0, 1.0, 2.0])
    scene = rendered(lambda: scatter.scatter(HEADS, at, at, titles=("x", "y"), found=np.array(found)))
    points, names = next(iter(marks(scene, "symbol"))), next(iter(marks(scene, "text")))
    for items in (points, names):
        assert [item["opacity"] == 1 for item in items] == found
        assert all(item["opacity"] < 0.5 for item, held in zip(items, found, strict=True) if not held)


def test_found_is_of_the_heads_that_are_drawn():
    """A head without a number is left out, and takes its own mark along."""
    at = np.array([0.0, np.nan, 2.0])
    drawn = scatter.scatter(HEADS, at, at, titles=("x", "y"), found=np.array([False, True, True]), groups=["a", "b", "c"]).tables["points"]
    assert drawn[["layer", "head", "found", "group"]].to_numpy().tolist() == [[0, 0, 0, "a"], [1, 0, 1, "c"]]


@pytest.mark.parametrize("letters", [10, 12])
def test_no_name_lies_on_another_one_or_on_a_point(letters):
    rng = np.random.default_rng(letters)
    x, y = rng.random(len(MANY)), rng.random(len(MANY))
    scene = rendered(lambda: scatter.scatter(MANY, x, y, titles=("x", "y"), letters=letters))
    named, points = next(iter(marks(scene, "text"))), next(iter(marks(scene, "symbol")))
    assert len(points) == len(MANY) and 12 <= len(named) < len(MANY)
    names_lie_on_nothing(named, points, letters)


def test_names_of_heads_that_were_looked_for_are_placed_first():
    crowd = np.repeat(0.5, 12)
    heads = [(0, head) for head in range(12)]
    for one in (3, 9):
        drawn = scatter.scatter(heads, crowd, crowd, titles=("x", "y"), found=np.arange(12) == one).tables["points"]
        assert drawn["named"][one] and drawn["named"].sum() < 12


@pytest.mark.parametrize("n", [0, 1])
def test_no_head_and_a_single_one(n):
    at = np.arange(float(n))
    scene = rendered(lambda: scatter.scatter(HEADS[:n], at, at, titles=("x", "y")))
    assert sum(map(len, marks(scene, "symbol"))) == 2 * n
