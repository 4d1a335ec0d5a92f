"""The diagram: each scheme lights up the place where it acts, and says what it computes."""

import pytest

from explorer.charts.common import palette
from explorer.charts.positions import where
from tests.explorer.charts.scene import drawn, marks

LIT = {
    "sinusoidal": {"embedding x"},
    "learned": {"embedding x"},
    "rope": {"q = W_Q x", "k = W_K x"},
    "relative": {"scores q·k / √d_k"},
    "alibi": {"scores q·k / √d_k"},
    "mask": {"mask"},
}


def test_every_scheme_has_its_place():
    assert set(LIT) == set(where.SCHEMES)


@pytest.mark.parametrize("scheme", LIT)
def test_what_is_lit(scheme):
    scene = drawn(where.picture(), scheme=scheme)
    (boxes,) = marks(scene, "rect")
    names, formulas, readouts = marks(scene, "text")
    lit = {name["text"] for box, name in zip(boxes, names, strict=True) if box["fill"] == palette.frame()}
    assert lit == LIT[scheme]
    assert [item["text"] for item in formulas] == [where.SCHEMES[scheme][1]]
    assert [item["text"] for item in readouts] == [where.SCHEMES[scheme][2]]
