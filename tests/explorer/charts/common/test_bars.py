"""One row of a head as bars: as many tokens are named as there is room for, one as far from the next as it takes to read both."""

import numpy as np
import pytest

from explorer.charts.common import bars
from tests.explorer.charts.scene import marks, of_role, rendered


def names(n: int, width: int) -> dict[str, float]:
    """What stands below the bars, and where, in pixels from the left."""
    labels = [f"t{i}" for i in range(n)]
    picture = bars.row_bars(np.linspace(0, 1, n), labels, width=width, height=100)
    scene = rendered(lambda: picture)
    (drawn,) = marks(scene, "rect")
    assert len(drawn) == n, "every token has its bar"
    return {one["text"]: one["x"] for one in of_role(scene, "axis-label") if one["text"] in labels and one.get("opacity", 1) > 0}


@pytest.mark.parametrize(
    ("n", "width", "every"), [(1, 500, 1), (6, 455, 1), (30, 455, 1), (31, 455, 2), (48, 500, 2), (60, 640, 2), (400, 430, 14)]
)
def test_names_that_would_run_into_each_other_are_left_out(n, width, every):
    found = names(n, width)
    assert list(found) == [f"t{i}" for i in range(0, n, every)]
    places = list(found.values())
    assert places == pytest.approx([(i + 0.5) * width / n for i in range(0, n, every)], abs=1)
    assert not n > 6 or np.diff(places).min() >= 15 - 1e-6
