"""What the positions laboratory shows without a model: once drawn, all of it moves in the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from explorer.charts.common.picture import Picture
from explorer.charts.positions import alibi, rope, sinusoidal, where
from explorer.i18n import N_, _
from explorer.ui.common import sliders, stage
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files

_SINUSOIDAL = """import torch
from models.toy.positions import sinusoids

table = sinusoids(40, 64).double()
print(table, table @ table.T)"""
_ROPE = """import torch
from models.toy.positions import rotated, rotation

cosines, sines = rotation(24, 64, base=10000.0, interpolation=1.0)
q, k = torch.randn(64), torch.randn(64)
print(rotated(q.expand(24, -1), cosines, sines) @ rotated(k.expand(24, -1), cosines, sines).T)  # constant along diagonals"""
_ALIBI = """from models.toy.positions import distances, slopes

print(slopes(8), slopes(8)[2] * distances(24))"""
_WHERE = """from explorer.charts.positions.where import SCHEMES

for name, formula, where in SCHEMES.values():
    print(name, formula, where, sep=" | ")"""

VIEWS: Mapping[str, tuple[Callable[..., Picture], str, str]] = {
    "sinusoidal": (
        sinusoidal.picture,
        N_(
            "Vaswani et al. 2017, section 3.5. Drag k: R(k) turns every row into the one k further, whatever the position. "
            "With a small base all hands turn fast."
        ),
        _SINUSOIDAL,
    ),
    "rope": (
        rope.picture,
        N_("Su et al. 2021; interpolation: Chen et al. 2023. Drag m and n together: both hands turn, and the angle between them stays."),
        _ROPE,
    ),
    "alibi": (
        alibi.picture,
        N_(
            "Press et al. 2021. Where both sides are seen, −slope |m − n| is the same for a text and its reverse: bidirectional ALiBi tells near "
            "from far, but not before from after."
        ),
        _ALIBI,
    ),
    "where": (where.picture, N_("Choose a scheme: the place where it acts lights up."), _WHERE),
}
"""By view: what makes the picture, what to look at, and lines of Python."""


def draw(view: str) -> tuple[Figure, str]:
    """One of `VIEWS`, and what can be taken away: the figure, and lines of Python."""
    make, look, lines = VIEWS[view]
    # Most are drawn otherwise for a window that is wide and not high.
    how = {"hall": True} if view != "where" and stage.is_on() else {}
    sliders.draw(make(dark=is_dark(), **how), view)
    st.caption(_(look))
    return Figure(_("The pictures, as first drawn"), view, picture_files(lambda: make(dark=False))), lines
