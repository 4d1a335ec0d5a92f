"""Agreement: a tick per text that has a number, and one at the mean."""

import numpy as np

from explorer.charts.beyond.agreement import agreement
from tests.explorer.charts.scene import marks, rendered


def test_ticks():
    found = {"rollout": np.array([0.5, np.nan, -0.5, 0.3]), "flow": np.array([np.nan] * 4)}
    dots, means = marks(rendered(lambda: agreement(found, width=400)), "rect")
    assert len(dots) == 3 and len(means) == 1
    # A tick's x is its left edge.
    assert abs(means[0]["x"] + means[0]["width"] / 2 - np.mean([item["x"] + item["width"] / 2 for item in dots])) < 0.01
