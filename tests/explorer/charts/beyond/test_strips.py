"""Strips: a cell where there is a number, coloured in each row's own scale, and the agreement behind it."""

import numpy as np

from explorer.charts.beyond import strips
from explorer.charts.common import palette
from tests.explorer.charts.scene import marks, rendered

EFFECTS = np.array([np.nan, 0.4, -0.2, 0.0, np.nan])
ROLLOUT = np.array([9.0, 1.0, 2.0, 3.0, 0.0])


def drawn(**how: object) -> dict:
    given = {"effect": "without", "rows": (2,)} | how
    return rendered(lambda: strips.strips(EFFECTS, {"rollout": ROLLOUT}, ["[CLS]", "a", "a", 'b"', "[SEP]"], {"rollout": -0.5}, **given))


def test_cells_and_their_colours():
    first, others = marks(drawn(), "rect")
    assert [len(first), len(others)] == [3, 5]
    less, _none, more = (f"rgb{palette.rgb(colour)}" for colour in palette.diverging())
    assert first[0]["fill"] == more and first[2]["fill"] == f"rgb{palette.rgb(palette.diverging()[1])}"
    # Half as strong the other way: between nothing and less.
    assert first[1]["fill"] not in (less, more)
    shades = palette.colours()
    # From the smallest to the largest among the tokens that were left out; the two others are beyond the scale.
    expected = [shades[-1], shades[0], shades[3], shades[-1], shades[0]]
    assert [item["fill"] for item in others] == [f"rgb{palette.rgb(colour)}" for colour in expected]
    assert len({item["y"] for item in first}) == len({item["y"] for item in others}) == 1
    assert [item["x"] for item in others] == sorted(item["x"] for item in others)


def test_words_names_and_agreement():
    tokens, names, agreements = marks(drawn(), "text")
    assert [item["text"] for item in tokens] == ["[CLS]", "a", "a", 'b"', "[SEP]"]
    assert [item["fill"] == palette.frame() for item in tokens] == [False, False, True, False, False]
    assert [item["text"] for item in names] == ["without", "rollout"]
    assert [item["text"] for item in agreements] == ["", "ρ −0.50"]


def test_a_hundred_tokens_still_fit():
    effects = np.linspace(-1, 1, 100)
    made = rendered(lambda: strips.strips(effects, {"x": effects}, ["word"] * 100, {"x": 1.0}, effect="without", width=800))
    tokens = next(iter(marks(made, "text")))
    assert len(tokens) < 100 and min(np.diff([item["x"] for item in tokens])) >= 11


def test_words_of_a_long_text_stand_apart_and_what_is_read_is_named():
    effects = np.linspace(-1, 1, 512)
    labels = [f"word{i}" for i in range(512)]
    made = rendered(lambda: strips.strips(effects, {"x": effects}, labels, {"x": 1.0}, effect="without", width=800, rows=(100, 301)))
    tokens = next(iter(marks(made, "text")))
    assert len(tokens) > 40 and min(np.diff([item["x"] for item in tokens])) >= 14
    assert {item["text"] for item in tokens if item["fill"] == palette.frame()} == {"word100", "word301"}
    assert {"word0"} < {item["text"] for item in tokens}
