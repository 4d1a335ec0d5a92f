"""What is said of a picture follows from what is drawn."""

import numpy as np

from explorer.charts.attention.grid import Cell, head_grid
from explorer.charts.beyond.contributions import waterfall
from explorer.charts.common import bars, heatmap, matrix
from explorer.charts.common.spoken import sentences
from explorer.charts.compare import side_by_side
from explorer.charts.positions import rope


def test_a_map_says_its_largest_weight_and_where_it_is():
    weights, visible = np.full((2, 3), 0.1), np.ones((2, 3), bool)
    for row, column in ((0, 2), (1, 0)):
        now = weights.copy()
        now[row, column] = 0.75
        said = heatmap.heatmap(now, visible, ["a", "b"], ["x", "y", "z"], row_numbers=[4, 5], column_numbers=[7, 8, 9]).spec()["description"]
        assert f"Largest weight: 0.75, from {'ab'[row]} ({4 + row}) to {'xyz'[column]} ({7 + column})." in said
        assert "2 × 3" in said and "Across: attended to →." in said and "Colour: weight." in said
    # What a token may not see is not its largest weight, whatever stands there.
    visible[1, 0] = False
    assert "0.75" not in heatmap.heatmap(now, visible, ["a", "b"], ["x", "y", "z"], column_numbers=[7, 8, 9]).spec()["description"]
    assert "Largest" not in heatmap.heatmap(now, visible & False, ["a", "b"], ["x", "y", "z"]).spec()["description"]


def test_a_grid_says_the_largest_weight_of_a_head_and_not_of_a_summary():
    cells = [Cell(0, "0", "", 0.3), Cell(1, "0", "", 0.6), Cell(1, "max", "", 0.9)]
    assert "Largest weight: 0.60, in layer 1, head 0." in head_grid(cells, (0, "0")).spec()["description"]


def test_bars_and_sums_say_their_largest():
    assert "Largest weight: 0.70, to b." in bars.row_bars(np.array([0.3, 0.7]), ["a", "b"]).spec()["description"]
    hidden = bars.row_bars(np.array([0.3, 0.7]), ["a", "b"], visible=np.array([True, False]))
    assert "Largest weight: 0.30, to a." in hidden.spec()["description"]
    assert "The largest: b, -3.00." in waterfall(["a", "b"], [1.0, -3.0], total="logit").spec()["description"]
    neurons = bars.neuron_bars(np.array([1.0, 2]), np.array([3.0, 4]), np.array([3.0, 8]))
    assert "add up to 11.00" in neurons.spec()["description"]


def test_two_maps_say_where_they_differ_most():
    one, other = np.array([[0.2, 0.8]]), np.array([[0.8, 0.3]])
    said = [
        side_by_side.maps(one, given, given - one, ["a"], ["x", "y"], top=1.0).spec()["description"]
        for given in (other, other - np.array([[0.0, 0.2]]))
    ]
    assert "They differ most where a looks at x: +0.60." in said[0] and "where a looks at y: -0.70." in said[1]


def test_titles_of_all_parts_are_said_once_and_hidden_axes_are_not():
    part = {"title": {"text": "Left", "subtitle": "look"}, "encoding": {"x": {"title": "step"}, "y": {"title": "hidden", "axis": None}}}
    said = sentences({"hconcat": [part, {"layer": [part, {"title": "Right:", "encoding": {"color": {"legend": {"title": "head"}}}}]}]}, "Last.")
    assert said == "Left. Right. Across: step. Colour: head. Last."


def test_what_is_computed_in_the_browser_is_not_read_out():
    assert sentences({"title": {"text": {"expr": "'a' + b"}}}) == ""


def test_pictures_that_say_nothing_of_themselves_say_what_they_are_called():
    assert "Decay with distance" in rope.picture().spec()["description"]
    assert "A title." in matrix.matrix(np.eye(2), x="to", y="from", title="A title").spec()["description"]


def test_what_only_tables_change_says_the_same_so_that_the_picture_stays():
    first, second = (matrix.matrix(np.eye(2) * scale, x="to", y="from", title="t", top=1.0).spec()["description"] for scale in (1, 0.5))
    assert first == second
