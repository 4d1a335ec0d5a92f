"""Relations as bars: as long as they are right, with a tick at the baseline."""

import pandas as pd
import pytest

from explorer.charts.common import palette
from explorer.charts.syntax import relations
from explorer.charts.syntax.relations import accuracies
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered

TABLE = pd.DataFrame(
    {
        "relation": ["det", "obj"],
        "layer": [1, 2],
        "head": [3, 0],
        "direction": ["dependent to head"] * 2,
        "accuracy": [0.8, 0.5],
        "low": [0.7, 0.4],
        "high": [0.9, 0.6],
        "n": [50, 20],
        "offset": [1, -2],
        "baseline": [0.6, 0.25],
    }
)


def test_bars_intervals_and_ticks():
    scene = rendered(lambda: accuracies(TABLE, chosen="obj", width=400))
    first, second, *ticks = (item for items in marks(scene, "rect") for item in items)
    bars = [first, second]
    assert [item["width"] for item in bars] == pytest.approx([320, 200])
    # Each twice: on a bar that is as dark as they are, they lie on a wider one in the page's colour.
    ground, ink = palette.page()
    assert [item["x"] + item["width"] / 2 for item in ticks] == pytest.approx([240, 100] * 2)
    assert [item["fill"] for item in ticks] == [ground] * 2 + [ink] * 2 and ticks[0]["width"] > ticks[2]["width"]
    below, above = [items for items in marks(scene, "rule") if len(items) == 2]
    for spans, colour in ((below, ground), (above, ink)):
        assert [item["x"] for item in spans] == pytest.approx([280, 160]) and [item["x2"] for item in spans] == pytest.approx([360, 240])
        assert {item["stroke"] for item in spans} == {colour}
    assert below[0]["strokeWidth"] > above[0]["strokeWidth"]
    assert bars[1]["fill"] == palette.frame() != bars[0]["fill"]
    assert [item["text"] for item in next(iter(marks(scene, "text")))] == ["1.3", "2.0"]


def test_other_relations_have_the_same_description():
    other = TABLE.assign(relation=["a'b", "</script>"], accuracy=[0.25, 0.75], baseline=[0.1, 0.9])
    first, second = accuracies(TABLE, chosen="obj"), accuracies(other)
    assert_same(first, second, relations._description.afresh(2, 430, 0, False))
    first, *_rest = (item for items in marks(rendered(lambda: accuracies(other, width=400)), "rect") for item in items)
    assert first["width"] == pytest.approx(100)
    assert "script" not in str(second.description), "a name is data"
