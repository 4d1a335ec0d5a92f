"""What Vega draws of clock hands, and of maps that make a sum."""

import numpy as np

from explorer.charts.lectures import bars, dials, sums
from tests.explorer.charts import scene
from tests.explorer.charts.afresh import assert_same


def test_hands_point_where_the_angle_says():
    picture = dials([[0.0, np.pi / 2], [np.pi, 0.1]], ["a", "b"], "t", series=["now", "later"], faint=[1], columns=2, size=(400, 200))
    hands = picture.tables["hands"]
    across, up = hands["x2"] - hands["x"], hands["y"] - hands["y2"]
    assert np.allclose(across[:3], [0, across[1], 0], atol=1e-9) and across[1] > 50
    assert np.allclose([up[0], up[1], up[2]], [across[1], 0, -across[1]], atol=1e-9)
    drawn = scene.rendered(lambda: picture)
    lines = [
        (item["x2"] - item["x"], item["y2"] - item["y"], bool(item.get("strokeDash"))) for items in scene.marks(drawn, "rule") for item in items
    ]
    assert sorted(dashed for *_at, dashed in lines) == [False, False, True, True]
    lengths = {round(float(np.hypot(x, y)), 3) for x, y, _dashed in lines}
    assert len(lengths) == 1, "nothing stretches a clock"
    texts = [item["text"] for items in scene.marks(drawn, "text") for item in items]
    assert texts == ["a", "b"]


def test_dials_of_other_angles_are_another_table_in_the_same_description():
    made = [dials([[angle]], ["x"], "t", columns=1) for angle in (0.1, 2.0)]
    assert made[0].description is made[1].description
    assert not made[0].tables["hands"].equals(made[1].tables["hands"])


def test_maps_stand_side_by_side_with_their_signs_and_one_scale():
    one, other = np.array([[1.0, -2.0], [0.0, 0.5]]), np.array([[0.0, 2.0], [4.0, 0.5]])
    picture = sums([one, other, one + other], ["+", "="], ["A", "B", "C"], ["x", "x"], "t")
    cells = picture.tables["cells"]
    values = cells["value"].to_numpy().reshape(3, 2, 2)
    assert np.array_equal(values, [one, other, one + other])
    colours = cells["colour"].to_numpy().reshape(3, 2, 2)
    assert colours[0, 1, 1] == colours[1, 1, 1] and len({colours[0, 0, 0], colours[0, 0, 1], colours[0, 1, 0]}) == 3
    assert (cells["x2"] > cells["x"]).all() and cells["x2"].max() <= 900 and cells["y2"].max() <= 255
    ends = [cells["x2"][i * 4 : i * 4 + 4].max() for i in range(3)]
    starts = [cells["x"][i * 4 : i * 4 + 4].min() for i in range(3)]
    signs = picture.tables["between"]["x"].tolist()
    assert ends[0] < signs[0] < starts[1] and ends[1] < signs[1] < starts[2]
    texts = [item["text"] for items in scene.marks(scene.rendered(lambda: picture), "text") for item in items]
    assert texts == ["x"] * 2 + ["x"] * 6 + ["A", "B", "C", "+", "="]


def test_a_sum_of_other_numbers_has_the_same_description():
    made = [sums([np.eye(2) * k], [], ["A"], ["x", "y"], "t") for k in (1.0, 3.0)]
    made[1].tables["cells"].loc[0, "value"] = 9.0
    assert_same(*made, _description_of(made[1]))


def _description_of(picture):
    from explorer.charts.lectures.sums import _description

    return _description.afresh("t", 4, (900, 255), False)


def test_a_bar_that_is_not_there_has_a_dash():
    picture = bars(["a", "b"], [2.0, float("nan")], "t", "y")
    assert picture.tables["bars"]["text"].tolist() == ["2", "–"] and picture.tables["bars"]["value"].tolist() == [2.0, 0.0]
    texts = [item["text"] for items in scene.marks(scene.rendered(lambda: picture), "text") for item in items]
    assert "–" in texts and "nan" not in texts


def test_names_wider_than_their_bars_stand_on_two_lines():
    long = ["相同 2.9 / 0.5", "previous token 0.2", "induction"]
    picture = bars(long, [1.0, 0.5, 0.2], "t", "y", size=(270, 200))
    assert picture.values["names"] == [["相同", "2.9 / 0.5"], ["previous", "token 0.2"], "induction"]
    assert bars(long, [1.0, 0.5, 0.2], "t", "y", size=(270, 200), across=True).values["names"] == long
    assert bars(long, [1.0, 0.5, 0.2], "t", "y", size=(900, 200)).values["names"] == long
    assert ["previous", "token 0.2"] in scene.axis_labels(scene.rendered(lambda: picture))
