"""The chart of the lengths: what it draws, and that its names do not lie on each other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.charts.common import data
from explorer.charts.positions.extrapolation import _apart, extrapolation

SCHEMES = ["none", "learned", "alibi"]
ROWS = [("none", 32, 0.9), ("none", 64, 0.5), ("learned", 32, 1.0), ("alibi", 32, 0.9), ("alibi", 64, 0.51)]
TABLE = pd.DataFrame([(s, n, 3, v, v / 2, min(1.0, v * 1.1)) for s, n, v in ROWS], columns=["scheme", "length", "seeds", "mean", "low", "high"])


def frames(chart, mark: str) -> list[pd.DataFrame]:
    return [layer.data for layer in chart.layer if (layer.mark if isinstance(layer.mark, str) else layer.mark.type) == mark]


@pytest.mark.parametrize("what", ["accuracy", "end_accuracy", "loss"])
def test_points_are_the_table(what: str) -> None:
    chart = extrapolation(TABLE, 32, SCHEMES, what=what)
    (points,) = frames(chart, "point")
    key = ["scheme", "length"]
    assert points.sort_values(key).reset_index(drop=True)[TABLE.columns].equals(TABLE.sort_values(key).reset_index(drop=True))
    spec = chart.to_dict()
    x = spec["layer"][3]["encoding"]["x"]
    assert x["scale"]["type"] == "log" and x["scale"]["base"] == 2 and x["axis"]["values"] == [32, 64]
    assert spec["layer"][3]["encoding"]["y"]["scale"]["type"] == ("log" if what == "loss" else "linear")
    assert spec["layer"][3]["encoding"]["color"]["scale"]["domain"] == SCHEMES


def test_the_trained_length_is_marked() -> None:
    assert frames(extrapolation(TABLE, 32, SCHEMES), "rule")[0]["length"].tolist() == [32]


@pytest.mark.parametrize("what", ["accuracy", "loss"])
def test_names_stand_at_the_ends_of_the_lines(what: str) -> None:
    _marked, late, early = frames(extrapolation(TABLE, 32, SCHEMES, what=what, height=300), "text")
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
    with data.standalone():
        assert extrapolation(TABLE[:0], 32, SCHEMES, what="loss").to_dict()["layer"]


def test_a_loss_of_nothing_is_drawn_at_the_foot() -> None:
    chart = extrapolation(TABLE.assign(low=0.0), 32, SCHEMES, what="loss")
    assert (frames(chart, "point")[0]["low"] > 0).all()
