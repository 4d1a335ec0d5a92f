"""A board of heads: where one is chosen, its cell carries the frame; where heads are removed, labels and drags are heard, too."""

import numpy as np
import pytest

from explorer.charts.common import board
from tests.explorer.charts.afresh import assert_same
from tests.explorer.charts.scene import marks, rendered

VALUES = np.array([[0.1, 0.2], [0.3, np.nan]])


def made(values=VALUES, chosen=(1, 0), **how):
    return board.board(["0", "1"], [2, 1], (), values=values, title="score", diverging=False, removable=False, chosen=chosen, **how)


def selections(picture) -> set[str]:
    return {param["name"] for param in picture.spec()["params"] if "select" in param}


def test_the_frame_is_around_the_chosen_head():
    *_others, frames = marks(rendered(lambda: made()), "rect")
    assert [item["strokeWidth"] for item in frames] == [0, 0, 3]
    *_others, frames = marks(rendered(lambda: made(clickable=False)), "rect")
    assert [item["strokeWidth"] for item in frames] == [3]
    cells = next(iter(marks(rendered(lambda: made()), "rect")))
    assert frames[0]["x"] == pytest.approx(cells[2]["x"]) and frames[0]["y"] == pytest.approx(cells[2]["y"])


def test_only_where_heads_are_removed_are_labels_and_drags_heard():
    assert selections(made()) == {"cell"} and selections(made(clickable=False)) == set()
    removing = board.board(["0", "1"], [2, 1], {(0, 0)}, values=VALUES, title="effect", chosen=(1, 0))
    assert selections(removing) == {"cell", "box"}
    assert [item["strokeWidth"] for item in list(marks(rendered(lambda: removing), "rect"))[-1]] == [3]
    assert "whole layer" in removing.to_json() and "whole layer" not in made().to_json()


def test_other_values_have_the_same_description():
    second = made(2 * VALUES, (0, 1))
    assert_same(made(), second, board._description.afresh((2, 1), "score", "rising", True, True, False, 480, 460, 46, False, True, False))
    assert second.spec()["datasets"]["cells"]["value"].tolist()[:3] == [0.2, 0.4, 0.6]
