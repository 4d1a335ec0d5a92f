"""What Vega draws of a bar that is cut into its parts, and of levels that lines are to beat."""

import pandas as pd
import pytest

from explorer.charts.lectures import bars, frame, lines, whole
from tests.explorer.charts import scene

PARTS, GROUPS = ("a", "b", "c"), ("n", "n", "n²")


def test_parts_are_as_wide_as_their_shares_and_stand_in_their_order():
    values = [6.0, 2.0, 0.5]
    drawn = scene.rendered(lambda: whole(PARTS, values, GROUPS, "t", "share", size=(400, 200)))
    parts, groups = scene.marks(drawn, "rect")
    assert [part["width"] for part in parts] == pytest.approx([400 * value / sum(values) for value in values])
    assert [part.get("x", 0) for part in parts] == pytest.approx([0, 400 * 6 / 8.5, 400 * 8 / 8.5])
    assert [group["width"] for group in groups] == pytest.approx([400 * 8 / 8.5, 400 * 0.5 / 8.5])
    texts = [[item["text"] for item in items] for items in scene.marks(drawn, "text")]
    # The last part is too narrow for its share, which stands below.
    assert texts == [["71%", "24%", ""], ["n: 94.1%"], ["n²: 5.9%"]]


def test_a_bar_of_other_numbers_is_another_table_in_the_same_description():
    made = [whole(PARTS, values, GROUPS, "t", "share") for values in ([1, 2, 3], [3, 0, 1])]
    assert made[0].description is made[1].description
    assert not made[0].tables["parts"].equals(made[1].tables["parts"])


def test_levels_stand_at_their_values_in_the_colours_of_their_series():
    table = pd.DataFrame([(x, y, name) for name, y in (("a", 0.9), ("b", 0.6)) for x in (0, 1)], columns=["x", "y", "series"])
    picture = lines(table, "t", "x", "y", series=("a", "b"), levels={"b": 0.25, "a": 0.5}, ends=(0, 1), size=(400, 200))
    drawn = scene.rendered(lambda: picture)
    rules = [item for items in scene.marks(drawn, "rule") for item in items]
    colours = {item["fill"] for items in scene.marks(drawn, "symbol") for item in items}
    assert [rule["y"] for rule in rules] == pytest.approx([150, 100])
    assert {rule["stroke"] for rule in rules} == colours and len(colours) == 2


@pytest.mark.parametrize(
    ("values", "written"),
    [((0.13, 8, 500), ["0.1", "1", "10", "100", "1,000"]), ((0.7, 1, 4), ["0.1", "0.2", "0.5", "1", "2", "5", "10"])],
)
def test_a_logarithmic_axis_names_round_numbers_alone(values, written):
    table = pd.DataFrame({"x": [16, 1000, 2_000_000], "y": values})
    drawn = scene.rendered(lambda: lines(table, "t", "x", "y", log_x=True, log_y=True, size=(400, 250)))
    found = [text for text in scene.axis_labels(drawn) if text]
    assert found == ["100", "1,000", "10k", "100k", "1M", *written]


def test_many_powers_of_ten_are_written_as_powers():
    table = pd.DataFrame({"x": [1, 2, 3, 4], "y": [2e-12, 0.01, 1, 3e5]})
    drawn = scene.rendered(lambda: lines(table, "t", "x", "y", log_y=True, format=".0e", size=(400, 250)))
    found = {text for text in scene.axis_labels(drawn) if text and text not in "1234"}
    assert {"10⁵", "10⁻¹⁰", "10⁻⁵"} <= found and not [text for text in found if "e" in text]


def test_numbers_at_the_tops_of_bars_do_not_stand_in_the_legend():
    picture = bars(["p", "p", "q", "q"], [100, 32, 100, 92], "t", "y", of=["a", "b"] * 2, series=("a", "b"), ends=(0, 100), size=(400, 200))
    (legend,) = scene.of_role(scene.rendered(lambda: picture), "legend")
    assert legend["y"] + legend["height"] <= -frame.LETTERS - 4


@pytest.mark.parametrize("rules", [[], [1.5]])
@pytest.mark.parametrize("levels", [None, {"a": 0.5}])
def test_tables_are_those_that_are_drawn(rules, levels):
    """An axis that reads an empty table makes the browser complain, and a talk from a file a table that is not drawn."""
    table = pd.DataFrame({"x": [1, 2], "y": [0.1, 0.9], "series": ["a", "b"]})
    picture = lines(table, "t", "x", "y", series=["a", "b"], rules=rules, levels=levels)
    drawn = [part["data"]["name"] for part in (picture.description, *picture.description["layer"]) if "data" in part]
    assert set(picture.tables) == set(drawn)
    assert all(len(one) for one in picture.tables.values())
