"""Pictures of the page *Weights*: a line for each edge, the head that stands out, a bar for each word."""

import json

import numpy as np

from explorer.charts.weights import distance, graph, words
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import axis_labels, marks, rendered

EDGES = [("k", (0, 1), (2, 0), 0.4), ("q", (0, 0), (1, 1), 0.1)]


def test_a_line_goes_from_the_head_that_writes_to_the_one_that_reads():
    scene = rendered(lambda: graph.graph((2, 2, 2), EDGES, chosen=(2, 0), edge=EDGES[0][:3]))
    marked, drawn, _caught = marks(scene, "rule")
    weak, strong = drawn
    # Layer 0 is above, head 0 to the left; a rule goes from x, y to x2, y2.
    assert strong["x"] > strong["x2"] and strong["y"] < strong["y2"]
    assert weak["x"] < weak["x2"] and weak["y2"] < strong["y2"]
    assert strong["strokeWidth"] > weak["strokeWidth"] and strong["stroke"] != weak["stroke"] and strong["strokeDash"] != weak["strokeDash"]
    assert [item["opacity"] > 0 for item in marked] == [False, True]
    points, rings = list(marks(scene, "symbol"))[-2:]
    assert len(points) == 6 and [item["opacity"] for item in rings] == [0, 0, 0, 0, 1, 0]


def test_no_line_is_a_picture_too_and_other_lines_have_the_same_description():
    empty = graph.graph((2, 2, 2), [])
    assert not next(marks(rendered(lambda: empty), "rule")) and not empty.aloud
    first, second = graph.graph((2, 2, 2), EDGES), graph.graph((2, 2, 2), EDGES[1:], chosen=(1, 0))
    assert_same(first, second, graph._description.afresh((0, 3), 2, ("", ""), True, 620, 400, False))
    assert "2.0 reads 0.1" in first.aloud and "+0.400" in first.aloud


def test_heads_of_another_part_stand_above_and_lines_go_down_from_them():
    edges = [("k", (1, 1), (0, 2), 0.4), ("v", (0, 0), (1, 1), 0.1)]
    picture = graph.graph((3, 3), edges, writers=(2, 2), names=("encoder", "cross"), chosen=(0, 2), edge=edges[0][:3])
    scene = rendered(lambda: picture)
    marked, (weak, strong), _caught = marks(scene, "rule")
    points, rings = list(marks(scene, "symbol"))[-2:]
    assert len(points) == 4 + 6
    at = {(one["x"], one["y"]) for one in points}
    rows = sorted({y for _x, y in at})
    columns = sorted({x for x, _y in at})
    assert len(rows) == 4 and rows[2] - rows[1] > 1.2 * (rows[1] - rows[0]), "the parts stand apart"
    for line, (x, y), (x2, y2) in ((strong, (1, 1), (2, 2)), (weak, (0, 0), (1, 3))):
        assert [line[name] for name in ("x", "y", "x2", "y2")] == [columns[x], rows[y], columns[x2], rows[y2]]
    assert [item["opacity"] > 0 for item in marked] == [False, True]
    (ring,) = [item for item in rings if item["opacity"]]
    assert (ring["x"], ring["y"]) == (columns[2], rows[2]), "of the two heads 0.2 the one that reads"
    assert "cross 0.2 reads encoder 1.1" in picture.aloud
    assert axis_labels(scene)[-4:] == ["encoder 0", "encoder 1", "cross 0", "cross 1"]


def test_the_chosen_heads_curve_stands_out():
    offsets = np.arange(-3, 1)
    curves = np.array([[0.0, 1, 2, 3], [5, 9, 1, 0], [np.nan] * 4])
    picture = distance.by_distance(offsets, curves, 1)
    table = picture.tables["curves"]
    assert table[table["own"] == 1]["score"].tolist() == [5, 9, 1, 0] and set(table["head"]) == {0, 1}
    assert "-2" in picture.aloud
    assert rendered(lambda: picture)


def test_a_bar_for_each_word_and_a_token_is_data():
    names = ["␣good", "'); alert(1); ('", "bad"]
    picture = words.words(names, np.array([2.0, 0.5, -3.0]), title="made", what="logit")
    (bars,) = [items for items in marks(rendered(lambda: picture), "rect") if len(items) == 3]
    assert len(bars) == 3 and bars[0]["fill"] == bars[1]["fill"] != bars[2]["fill"]
    described = json.dumps(dict(picture.description))
    assert "alert" not in described and "good" in picture.aloud and "bad" in picture.aloud
