"""Pictures of a notice are as high as the words above them leave room for."""

import numpy as np
import pandas as pd
import pytest

from explorer.charts.lectures import bars, grid, lines, whole
from explorer.ui.course import fitting

TABLE = pd.DataFrame({"x": [1, 2], "y": [1, 2]})


def test_longer_words_and_longer_tables_leave_less():
    rows = [("name", "1.00", "= 1")] * 6
    free = fitting.left(["a", "b"], "A sentence.", rows)
    assert free > fitting.left(["a", "b"], "A sentence. " * 30, rows) > fitting.left(["a", "b"], "A sentence. " * 60, rows)
    assert free > fitting.left(["a", "b"], "A sentence.", rows * 3)
    # A Chinese letter is as wide as two others, and its lines are as high.
    assert fitting.left(["a"], "字" * 300, rows) < fitting.left(["a"], "a" * 300, rows)


def test_a_picture_is_drawn_as_low_as_its_room_and_no_higher_than_it_was():
    picture = lines(TABLE, "title", "x", "y", size=(235, 225))
    heights = [fitting.lowered(picture, room).description["height"] for room in (10, 200, 240, 1000)]
    assert heights[0] == fitting.LEAST < heights[1] < heights[2] == heights[1] + 40 < heights[3] == 225
    assert fitting.lowered(picture, 1000) is picture
    low = fitting.lowered(picture, 200)
    assert low.tables is picture.tables and low.description["width"] == 235 and picture.description["height"] == 225


@pytest.mark.parametrize("n", [3, 9])
def test_rows_with_names_keep_their_room(n):
    names = [f"row {i}" for i in range(n)]
    for picture in (
        grid(np.zeros((n, 4)), names, list("abcd"), "title", size=(235, 225)),
        bars(names, [1.0] * n, "title", "axis", across=True, size=(235, 225)),
    ):
        assert fitting.lowered(picture, 0).description["height"] == max(fitting.LEAST, 17 * n)


def test_bars_that_stand_together_keep_a_line_for_each_of_their_numbers():
    picture = bars(list("abcdefgh") * 2, [1.0] * 16, "title", "axis", of=["p"] * 8 + ["q"] * 8, series=["p", "q"], across=True, size=(235, 225))
    assert fitting.lowered(picture, 0).description["height"] == 16 * 13


def test_names_on_two_lines_take_the_room_of_two():
    wide = {"title": "t", "axis": "a", "size": (120, 225)}
    one, two = (fitting.lowered(bars([name, "b"], [1.0, 2.0], **wide), 240).description["height"] for name in ("a", "a longer name of two"))
    assert one > two


def test_a_legend_and_a_title_below_take_their_room():
    plain = fitting.lowered(lines(TABLE, "t", "", "y", size=(235, 225)), 240).description["height"]
    titled = fitting.lowered(lines(TABLE, "t", "x", "y", size=(235, 225)), 240).description["height"]
    two = TABLE.assign(series=["a", "b"])
    with_legend = fitting.lowered(lines(two, "t", "x", "y", series=["a", "b"], size=(235, 225)), 240).description["height"]
    below_each_other = fitting.lowered(lines(two, "t", "x", "y", series=["a", "b"], legend_columns=1, size=(235, 225)), 240).description["height"]
    assert plain > titled > with_legend > below_each_other


def test_what_stands_at_given_pixels_moves_with_the_height():
    picture = whole(["a", "b"], [1.0, 2.0], ["g", "h"], "title", "axis", size=(400, 250))
    low = fitting.lowered(picture, 0).description

    def places(description):
        return [part["encoding"][side]["value"] for part in description["layer"] for side in ("y", "y2") if side in part["encoding"]]

    assert low["height"] == 180 and len(places(low)) >= 4
    assert places(low) == pytest.approx([0.72 * place for place in places(picture.description)])
