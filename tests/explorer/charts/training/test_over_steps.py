import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.charts.common import moving
from explorer.charts.training import over_steps as charts
from explorer.charts.training.over_steps import POINTS, Line, Plot, thinned


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=600), st.booleans())
def test_thinned_lines_keep_their_ends_and_only_numbers(values, positive):
    points = np.array([(i, value) for i, value in enumerate(values)]).reshape(-1, 2)
    kept = [tuple(p) for p in points if np.isfinite(p[1]) and (p[1] > 0 or not positive)]
    found = [tuple(p) for p in thinned(points, positive)]
    assert len(found) <= POINTS and set(found) <= set(kept)
    assert found == sorted(found) and (len(kept) > POINTS or found == kept)
    if kept:
        assert found[0] == kept[0] and found[-1] == kept[-1]


def test_only_the_tables_change_while_a_training_goes_on():
    plot = Plot("loss", ("a", "b"), ("one", "two"), 100)
    early, late = (charts.tables(plot, [Line("a", np.array([[0, 1.0], [n, 0.5]])), Line("b", np.array([[n, 2.0]]), 1)], at=n) for n in (5, 50))
    assert charts.description(plot) is charts.description(Plot("loss", ("a", "b"), ("one", "two"), 100))
    assert early["points"]["step"].tolist() == [0, 5, 5] and late["points"]["step"].tolist() == [0, 50, 50]
    assert late["points"]["line"].tolist() == [0, 0, 1] and late["points"]["colour"].tolist() == [0, 0, 1]
    assert late["at"]["step"].tolist() == [50] and late["goal"].empty
    named = {layer["data"]["name"] for layer in charts.description(plot)["layer"]}
    assert named == set(early)


def test_a_file_holds_the_numbers():
    plot = Plot("loss", ("a",), ("one",), 10)
    chart = moving.standalone(charts.description(plot), charts.tables(plot, [Line("a", np.array([[3, 0.25]]))], goal=0.5))
    datasets = chart.to_dict()["datasets"]
    assert datasets["points"] == [{"line": 0, "colour": 0, "kind": 1, "step": 3.0, "value": 0.25}] and datasets["goal"] == [{"value": 0.5}]
