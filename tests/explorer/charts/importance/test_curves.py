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


def test_no_line_crosses_the_words_of_what_was_published():
    words = ["one model, no noticeable loss", "another model", "and a third one"]
    picture = curves.curves({"exact": line(0.9)}, ORDERS, landmarks=list(zip([0.2, 0.4, 0.79], words, strict=True)))
    scene = rendered(lambda: picture)
    texts = [item for items in marks(scene, "text") for item in items]
    assert all(item.get("y", 0) + item.get("dy", 0) < 0 for item in texts), "above the drawing"
    said = {item["y"]: item["text"] for item in texts if item["text"] in words}
    assert [said[y] for y in sorted(said)] == words and min(b - a for a, b in zip(sorted(said), sorted(said)[1:], strict=False)) >= 15
    # The letter of a line stands over it and before its words.
    for letter in "abc":
        assert len([item for item in texts if item["text"] == letter]) == 2


def test_in_a_wide_drawing_two_published_figures_stand_in_a_line():
    words = ["one model", "another model", "and a third one"]
    picture = curves.curves({"exact": line(0.9)}, ORDERS, landmarks=list(zip([0.2, 0.4, 0.79], words, strict=True)), width=760)
    places = {item["text"]: (item["x"], item["y"]) for items in marks(rendered(lambda: picture), "text") for item in items}
    first, second, third = (places[word] for word in words)
    assert first[1] == second[1] < third[1] < 0 and first[0] == third[0] < second[0]
