"""Numbers in the cells of a table."""

import numpy as np

from explorer.charts.lectures import grid


def test_what_is_rounded_to_nothing_has_no_sign():
    values = np.array([[-0.04, -0.06, 0.0, -0.004]])
    assert grid(values, ["row"], list("abcd"), "title", format=".1f").tables["cells"]["text"].tolist() == ["0.0", "-0.1", "0.0", "0.0"]
    assert grid(values, ["row"], list("abcd"), "title", format=".0%").tables["cells"]["text"].tolist() == ["-4%", "-6%", "0%", "0%"]
