"""The sum as bars: each begins where the one above it ended."""

import pytest

from explorer.charts.beyond.contributions import waterfall
from tests.explorer.charts.scene import marks, rendered


def test_bars_follow_each_other_and_the_last_is_the_sum():
    made = rendered(lambda: waterfall(["embedding", "heads", "biases"], [1.0, -3.0, 2.5], total="logit", width=300))
    (bars,) = marks(made, "rect")
    (numbers,) = marks(made, "text")
    spans = [(item["x"], item["x"] + item["width"]) for item in bars]
    unit = spans[0][1] - spans[0][0]
    assert spans[1][1] == pytest.approx(spans[0][1]) and spans[1][1] - spans[1][0] == pytest.approx(3 * unit)
    assert spans[2][0] == pytest.approx(spans[1][0]) and spans[2][1] == pytest.approx(spans[3][1])
    assert spans[3][1] - spans[3][0] == pytest.approx(unit / 2)
    assert [item["text"] for item in numbers] == ["+1.00", "−3.00", "+2.50", "+0.50"]
    assert len({item["fill"] for item in bars}) == 3
