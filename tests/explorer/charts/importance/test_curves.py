"""Curves of pruning."""

import pandas as pd

from explorer.charts.importance import curves
from tests.explorer.charts.scene import marks, rendered

ORDERS = ["gradient", "exact", "greedy", "confidence", "reverse", "random"]


def line(top: float) -> pd.DataFrame:
    scores = [top, top - 0.1, 0.5]
    rows = {"share": [0.0, 0.5, 1.0], "removed": [0, 36, 72], "score": scores, "low": scores, "high": scores, "loss": [1.0, 2.0, 3.0]}
    return pd.DataFrame(rows)


def test_orders_are_told_apart_without_their_colours():
    scene = rendered(lambda: curves.curves({order: line(0.9 - i / 50) for i, order in enumerate(ORDERS)}, ORDERS))
    points = next(items for items in marks(scene, "symbol") if len(items) == 3 * len(ORDERS))
    by_shape = {item["shape"]: item["fill"] for item in points}
    assert len(by_shape) == len(ORDERS) == len(set(by_shape.values())), "one shape, one colour"
