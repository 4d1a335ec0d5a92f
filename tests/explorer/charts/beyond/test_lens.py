"""The lens: a cell per layer and token, with the word that it would predict."""

import numpy as np
import pytest

from explorer.charts.beyond import lens
from explorer.charts.common import palette
from tests.explorer.charts.scene import marks, rendered

VALUES = np.array([[0.0, 1.0, 0.2], [0.9, 0.4, 0.0]])
WORDS = [["a", 'b"', "</script>"], ["d", "e", "f"]]


def grid(**how: object) -> dict:
    given = {"title": "probability", "pinned": (1, 0)} | how
    return rendered(lambda: lens.grid(WORDS, VALUES, ["x", "y", "y"], ["embedding", "0"], **given))


def test_cells_words_and_frame():
    made = grid()
    cells, frames = marks(made, "rect")
    words, tokens, rows = marks(made, "text")
    assert [item["text"] for item in words] == [word for row in WORDS for word in row]
    assert [item["text"] for item in tokens] == ["x", "y", "y"] and [item["text"] for item in rows] == ["embedding", "0"]
    shades = palette.colours()
    assert cells[0]["fill"] == f"rgb{palette.rgb(shades[0])}" and cells[1]["fill"] == f"rgb{palette.rgb(shades[-1])}"
    assert [item["strokeWidth"] for item in frames] == [0, 0, 0, 3, 0, 0]
    # Letters can be read on their cell.
    assert words[1]["fill"] != words[0]["fill"]


@pytest.mark.parametrize("dark", [False, True])
def test_letters_stand_out_from_their_cell(dark):
    made = grid(dark=dark)
    cells, words = next(iter(marks(made, "rect"))), next(iter(marks(made, "text")))
    for cell, word in zip(cells, words, strict=True):
        red, green, blue = (int(part) for part in cell["fill"][4:-1].split(","))
        lightness = (0.3 * red + 0.59 * green + 0.11 * blue) / 255
        letter = sum(weight * part for weight, part in zip((0.3, 0.59, 0.11), palette.rgb(word["fill"]), strict=True)) / 255
        assert abs(lightness - letter) > 0.3


def test_many_tokens_have_no_words_in_their_cells():
    values = np.zeros((2, 30))
    made = rendered(lambda: lens.grid([["a"] * 30] * 2, values, ["t"] * 30, ["e", "0"], title="x", share=False))
    assert [len(items) for items in marks(made, "text")] == [30, 2]


def test_candidates_are_as_long_as_they_are_likely():
    (bars,) = marks(rendered(lambda: lens.candidates(["a", "b"], [0.4, 0.1])), "rect")
    assert bars[0]["width"] == pytest.approx(4 * bars[1]["width"])


def test_the_course_of_a_word():
    chance = np.array([0.0, 0.1, 0.4])
    (points,) = marks(rendered(lambda: lens.course(chance, np.array([9, 3, 0]), ["e", "0", "1"], height=100)), "symbol")
    heights = [items["y"] for items in points]
    assert heights == sorted(heights, reverse=True) and heights[0] - heights[1] == pytest.approx((heights[0] - heights[2]) / 4)
