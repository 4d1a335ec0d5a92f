import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.charts.common.picture import Picture
from explorer.charts.training import over_steps as charts
from explorer.charts.training.over_steps import POINTS, Line, Plot, thinned
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=600), st.booleans())
def test_thinned_lines_keep_their_ends_and_only_numbers(values, positive):
    points = np.array([(i, value) for i, value in enumerate(values)]).reshape(-1, 2)
    kept = [tuple(p) for p in points if np.isfinite(p[1]) and (p[1] > 0 or not positive)]
    found = [tuple(p) for p in thinned(points, positive)]
    assert len(found) <= POINTS and set(found) <= set(kept)
    assert found == sorted(found) and (len(kept) > POINTS or found == kept)
    if kept:
        assert found[0] == kept[0] and found[-1] == kept[-1]


PLOT = Plot("loss")
COLOURS = ("one", "two")


def at_step(n: int, names: tuple[str, str] = ("a", "b"), **how) -> Picture:
    lines = [Line(names[0], np.array([[0, 1.0], [n, 0.5]])), Line(names[1], np.array([[n, 2.0]]), 1)]
    return charts.over_steps(PLOT, lines, COLOURS, 100, at=n, **how)


def test_only_the_tables_change_while_a_training_goes_on():
    early, late = at_step(5), at_step(50)
    assert early.description is late.description and early.values == late.values
    points = early.tables["points"], late.tables["points"]
    assert points[0]["step"].tolist() == [0, 5, 5] and points[1]["step"].tolist() == [0, 50, 50]
    assert points[1]["line"].tolist() == [0, 0, 1] and points[1]["colour"].tolist() == [0, 0, 1]
    assert late.tables["at"]["step"].tolist() == [50] and late.tables["goal"].empty
    named = {layer["data"]["name"] for layer in early.description["layer"]}
    assert named == set(early.tables)


def test_the_description_is_made_once_and_what_is_in_it_is_of_now():
    late = at_step(50, ("c", "d"), goal=0.5)
    assert_same(at_step(5), late, charts._description.afresh(PLOT, 2, 2, False))
    # Twice as many steps: the same points stand half as far to the right.
    lines = [Line("a", np.array([[0, 1.0], [50, 0.5]]))]
    places = []
    for steps in (50, 100):
        scene = rendered(lambda steps=steps: charts.over_steps(PLOT, lines, COLOURS, steps))
        places.append([item["x"] for items in marks(scene, "line") for item in items])
    assert places == [[0, 320], [0, 160]]
    (goal, step) = (items[0] for items in marks(rendered(lambda: late), "rule"))
    assert step["x"] == 160 and goal["y"] == pytest.approx(150 * 0.75), "0.5 of an axis that ends at 2"
    said = [item["description"] for items in marks(rendered(lambda: late), "symbol") for item in items]
    assert ["line: c" in one for one in said] == [True, True, False] and "line: d" in said[2]


def test_a_file_holds_the_numbers():
    chart = charts.over_steps(Plot("loss"), [Line("a", np.array([[3, 0.25]]))], ["one"], 10, goal=0.5)
    datasets = json.loads(chart.to_json())["datasets"]
    assert datasets["points"] == [{"line": 0, "colour": 0, "kind": 1, "step": 3.0, "value": 0.25}] and datasets["goal"] == [{"value": 0.5}]


@pytest.mark.parametrize(
    ("names", "across"), [(["1: induction", "2: induction"], 2), (["自带：induction", "1：induction"], 2), (["shipped: induction", "1: a"], 1)]
)
def test_names_stand_beside_each_other_only_where_they_are_read_whole(names, across):
    plot = Plot("loss", width=226)
    made = charts.over_steps(plot, [Line("a", np.array([[0, 1.0]]))], names, 10)
    assert f'"columns": {across}' in json.dumps(made.description)
