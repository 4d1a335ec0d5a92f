"""The chart of the lengths: what it draws, and that its names do not lie on each other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.charts.common.picture import Picture
from explorer.charts.positions.extrapolation import _apart, _description, extrapolation
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import axis_labels, marks, rendered

SCHEMES = ["none", "learned", "alibi"]
ROWS = [("none", 32, 0.9), ("none", 64, 0.5), ("learned", 32, 1.0), ("alibi", 32, 0.9), ("alibi", 64, 0.51)]
TABLE = pd.DataFrame([(s, n, 3, v, v / 2, min(1.0, v * 1.1)) for s, n, v in ROWS], columns=["scheme", "length", "seeds", "mean", "low", "high"])


def layers(picture: Picture, mark: str) -> list[dict]:
    return [layer for layer in picture.description["layer"] if layer["mark"]["type"] == mark]


@pytest.mark.parametrize("what", ["accuracy", "end_accuracy", "loss"])
def test_points_are_the_table(what: str) -> None:
    chart = extrapolation(TABLE, 32, SCHEMES, what=what)
    points = chart.tables["points"]
    key = ["scheme", "length"]
    assert points.sort_values(key).reset_index(drop=True)[TABLE.columns].equals(TABLE.sort_values(key).reset_index(drop=True))
    (layer,) = layers(chart, "point")
    assert layer["data"] == {"name": "points"}
    x = layer["encoding"]["x"]
    assert x["scale"]["type"] == "log" and x["scale"]["base"] == 2 and chart.values["lengths"] == [32, 64]
    assert layer["encoding"]["y"]["scale"]["type"] == ("log" if what == "loss" else "linear")
    assert layer["encoding"]["color"]["scale"]["domain"] == SCHEMES


def test_points_lie_where_the_table_says() -> None:
    scene = rendered(lambda: extrapolation(TABLE, 32, SCHEMES, width=400, height=300))
    points = [item for items in marks(scene, "symbol") for item in items]
    least = np.log2(32 / 1.7)
    found = sorted((item["x"] / 400, 1 - item["y"] / 300) for item in points)
    expected = sorted(((np.log2(n) - least) / (6 - least), v) for _s, n, v in ROWS)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_trained_length_is_marked() -> None:
    chart = extrapolation(TABLE, 32, SCHEMES)
    assert layers(chart, "rule")[0]["data"] == {"name": "trained"} and chart.tables["trained"]["length"].tolist() == [32]


def test_the_description_is_made_once_and_what_is_in_it_is_of_now() -> None:
    more = pd.concat([TABLE, TABLE[TABLE["length"] == 64].assign(length=128)], ignore_index=True)
    pictures = extrapolation(TABLE, 32, SCHEMES), extrapolation(more, 64, SCHEMES)
    assert_same(*pictures, _description.afresh(tuple(SCHEMES), "accuracy", 520, 320, False))
    assert {"32", "64", "128"} <= set(axis_labels(rendered(lambda: pictures[1])))


@pytest.mark.parametrize("what", ["accuracy", "loss"])
def test_names_stand_at_the_ends_of_the_lines(what: str) -> None:
    made = extrapolation(TABLE, 32, SCHEMES, what=what, height=300)
    late, early = made.tables["late"], made.tables["early"]
    assert late["length"].tolist() == [64, 64] and early["scheme"].tolist() == ["learned"]
    at = dict(zip(late["scheme"], late["at"], strict=True))
    assert at["none"] == pytest.approx(0.5)
    pixels = 300 * (np.log10(at["alibi"] / at["none"]) / 1 if what == "loss" else at["alibi"] - at["none"])
    assert pixels == pytest.approx(15)  # 0.51 lies 3 pixels from 0.5


@given(st.lists(st.floats(0, 300), min_size=1, max_size=6))
def test_names_keep_their_distance_and_their_order(heights: list[float]) -> None:
    at = _apart(np.array(sorted(heights)), 300)
    assert (np.diff(at) >= 15 - 1e-9).all() and at[-1] <= 300


def test_nothing_yet_is_an_empty_plot() -> None:
    empty = extrapolation(TABLE[:0], 32, SCHEMES, what="loss")
    assert not any(marks(rendered(lambda: empty), "symbol"))


def test_a_loss_of_nothing_is_drawn_at_the_foot() -> None:
    chart = extrapolation(TABLE.assign(low=0.0), 32, SCHEMES, what="loss")
    assert (chart.tables["points"]["low"] > 0).all()
