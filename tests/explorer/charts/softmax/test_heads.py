"""Pictures of a model's heads: they draw the numbers that they are given."""

import numpy as np
import pytest

from explorer.charts.common import data
from explorer.charts.softmax import heads, scale
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks

QUANTILES = np.sort(np.random.default_rng(0).normal(size=(2, 3, 5)), axis=-1)


def scene(chart) -> dict:
    import vl_convert

    return vl_convert.vegalite_to_scenegraph(chart.to_json())["scenegraph"]


@pytest.fixture(autouse=True)
def inline():
    with data.standalone():
        yield


def test_every_head_is_a_bar_and_the_chosen_one_is_marked() -> None:
    there = QUANTILES.copy()
    there[1, 2] = np.nan  # no such head
    panels = list(marks(scene(heads.spread(there, there / 3, (1, 0))), "rule"))
    assert [len(items) for items in panels] == [5, 5, 5, 5]
    for thin, thick in (panels[:2], panels[2:]):
        assert all(a["x"] == b["x"] for a, b in zip(thin, thick, strict=True))
        colours = [item["stroke"] for item in thin]
        assert len(set(colours)) == 2 and colours.count(colours[3]) == 1
        # Outer quantiles reach farther than inner ones.
        assert all(abs(a["y"] - a["y2"]) > abs(b["y"] - b["y2"]) for a, b in zip(thin, thick, strict=True))


def test_histograms_share_their_axis_and_hold_all_scores() -> None:
    scores = np.random.default_rng(1).normal(size=500) * 4
    chart = heads.histograms(scores, scores / 4)
    scales = [panel["layer"][0]["encoding"]["x"]["scale"] for panel in chart.description["vconcat"]]
    assert scales[0] == scales[1] == {"domainMin": {"expr": "-end"}, "domainMax": {"expr": "end"}, "nice": False}
    assert chart.values["end"] == np.abs(scores).max()
    wide, narrow = (sum(1 for item in items if item["height"] > 0) for items in marks(scene(chart), "rect"))
    assert wide > 3 * narrow
    words = [item["text"] for items in marks(scene(chart), "text") for item in items]
    assert words == [f"variance {scores.var():.4g}", f"variance {scores.var() / 16:.4g}"]


def test_descriptions_are_made_once_and_what_is_in_them_is_of_now() -> None:
    spreads = [heads.spread(QUANTILES * n, QUANTILES * n / 2, (n - 1, n)) for n in (1, 2)]
    assert_same(*spreads, heads._spread_description.afresh(2, 3, 262, 105, False))
    draw = np.random.default_rng(3)
    scores = [n * draw.normal(size=50) for n in (1, 7)]
    assert_same(*(heads.histograms(one, one / 2) for one in scores), heads._histograms_description.afresh(225, 105, False))
    parts = [[n * draw.normal(size=(3, 4)) for _part in range(3)] for n in (1, 7)]
    made = [heads.outputs(*part, labels, labels) for part, labels in zip(parts, (["a", "b", "a"], ['"', "d", "e"]), strict=True)]
    assert_same(*made, heads._outputs_description.afresh(3, 3, 4, False, 150, 240, False))


def test_outputs_are_drawn_row_by_row_on_one_scale() -> None:
    draw = np.random.default_rng(2)
    values, learned = draw.normal(size=(heads.MAPPED + 5, 4)), draw.normal(size=(3, 4))
    uniform = np.repeat(values.mean(axis=0)[None], 3, axis=0)
    tokens = [f"t{i}" for i in range(len(values))]
    chart = heads.outputs(values, uniform, learned, tokens, tokens[:3])
    cells = list(marks(scene(chart), "rect"))
    assert [len(items) for items in cells] == [heads.MAPPED * 4, 12, 12]
    columns = {round(item["x"]): set() for item in cells[1]}
    for item in cells[1]:
        columns[round(item["x"])].add(item["fill"])
    assert all(len(colours) == 1 for colours in columns.values()), "uniform outputs are the same in every row"
    assert len({item["fill"] for item in cells[2]}) > 6


@pytest.mark.parametrize("known", [1, 3])
def test_curves_grow_on_a_fixed_axis(known: int) -> None:
    import pandas as pd

    names = ["factor", "entropy", "relative", "saturated", "agreement", "score", "low", "high", "loss"]
    rows = [
        (1.0, 1.5, 0.6, 0.1, 1.0, 0.7, 0.6, 0.8, 0.5),
        (0.1, 2.6, 1.0, 0.0, 0.8, 0.6, 0.5, 0.7, 0.7),
        (10.0, 0.1, 0.0, 0.9, 0.9, 0.6, 0.5, 0.7, 0.8),
    ]
    chart = scale.curves(pd.DataFrame(rows[:known], columns=names), width=100, height=100)
    symbols = list(marks(scene(chart), "symbol"))
    assert [len(items) for items in symbols] == [known] * 4
    entropy, saturated, agreement, score = ({round(item["x"], 6): item["y"] for item in items} for items in symbols)
    # Factor 1 lies in the middle of the axis, and shares go from 0 at the bottom to 1 at the top.
    assert (entropy[50], saturated[50], agreement[50], score[50]) == pytest.approx((40, 90, 0, 30))
    assert set(entropy) == {50.0, 0.0, 100.0} if known == 3 else {50.0}
