"""What Altair made for one text is filled with the numbers of the next: nothing of the first is left in it."""

import numpy as np

from explorer.charts.beyond import agreement, contributions, lens, strips
from tests.explorer.charts.afresh import assert_same


def test_agreement():
    first, second = (agreement.agreement({"a": np.array(values), "b": -np.array(values)}) for values in ([0.1, np.nan], [0.4, 0.3, -0.9]))
    assert_same(first, second, agreement._description.afresh(2, 520, False))
    assert len(second.tables["dots"]) == 6


def test_the_sum():
    first, second = (contributions.waterfall([name, "x"], values, total="logit") for name, values in (("a", [1, 2]), ('b"', [-300.0, 7])))
    assert_same(first, second, contributions._description.afresh(3, 420, 420, False))


def test_the_lens():
    how = {"labels": ["x", "y"], "rows": ["e", "0"], "title": "entropy", "share": False}
    first = lens.grid([["a", "b"], ["c", "d"]], np.ones((2, 2)), pinned=(0, 0), **how)
    second = lens.grid([["e", "f"], ["g", "h"]], np.array([[7.0, 0], [1, 2]]), **how)
    assert_same(first, second, lens._description.afresh(2, 2, "entropy", False, 860, 400, False))
    assert second.values["top"] == 7


def test_one_cell_of_the_lens():
    first, second = lens.candidates(["a", "b"], [0.9, 0.05]), lens.candidates(["c", "d"], [0.01, 0.005])
    assert_same(first, second, lens._candidates_description.afresh(2, 140, 22, False))
    assert second.values["top"] == 0.05
    courses = [lens.course(np.array(chance), np.array([3, 0]), ["e", "0"]) for chance in ([0.1, 0.2], [0.0, 0.9])]
    assert_same(*courses, lens._course_description.afresh(2, 190, 120, False))


def test_strips():
    def made(word: str, values: list[float], rows: tuple[int, ...]) -> object:
        effects = np.array([np.nan, *values])
        return strips.strips(effects, {"rollout": np.array([3.0, *values])}, ["[CLS]", word, "x"], {"rollout": values[0]}, effect="w", rows=rows)

    assert_same(made("a", [0.5, -0.25], (1,)), made("b", [0.125, 0.0], (2,)), strips._description.afresh(3, 2, False, 900, 54, False))
