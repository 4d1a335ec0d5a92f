"""RoPE: scores over (m, n) against rotation matrices written out, at a dozen places of the sliders."""

import re
from functools import cache

import numpy as np
import pytest

from explorer.charts.positions import rope
from tests.explorer.charts.scene import drawn, marks, readouts, uncoloured

# Angles of q and k in degrees, m, n, pair, step of d_k, exponent of the base, interpolation.
POSITIONS = [
    (20, 60, 9, 3, 4, 3, 4.0, 1.0),
    (0, 0, 0, 0, 0, 0, 4.0, 1.0),
    (-180, 180, 23, 0, 0, 4, 4.0, 1.0),
    (90, -45, 0, 23, 1, 1, 1.0, 1.0),
    (10, 170, 12, 12, 3, 2, 2.0, 2.0),
    (33, -77, 5, 19, 31, 3, 3.0, 4.0),
    (-120, 15, 20, 1, 63, 4, 6.0, 8.0),
    (75, 75, 7, 8, 2, 0, 5.0, 1.5),
    (1, 2, 23, 23, 8, 3, 4.5, 3.25),
    (-10, -20, 3, 4, 5, 4, 1.5, 1.0),
    (140, 30, 15, 6, 60, 1, 2.5, 6.0),
    (180, -180, 11, 22, 16, 3, 5.5, 1.25),
]


@cache
def chart():
    """Made by the first test that looks at it: this takes a second."""
    return rope.picture()


def turned(degrees: float, position: int, w: float) -> np.ndarray:
    start, turn = np.radians(degrees), position * w
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return matrix @ np.array([np.cos(start), np.sin(start)])


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_scores_and_decay(position):
    q, k, m, n, asked, step, exponent, s = position
    inputs = {"q_angle": q, "k_angle": k, "m": m, "n": n, "asked": asked, "d_step": step, "base_exponent": exponent, "s": s}
    scene = drawn(uncoloured(chart(), "score"), **inputs)
    d, base = rope.WIDTHS[step], 10**exponent
    pair = min(asked, d // 2 - 1)
    w = base ** (-2 * pair / d) / s
    numbers = readouts(scene)
    assert numbers.pop("deviation at equal m − n") < 1e-12
    assert numbers == pytest.approx(
        {
            "score q·k at (m, n)": turned(q, m, w) @ turned(k, n, w),
            "m − n": m - n,
            "pair i": pair,
            "w_i / s, radians a position": w,
            "wavelength, positions": 2 * np.pi / w,
            "d_k": d,
            "base": base,
        },
        abs=1e-6,
        rel=1e-9,
    )
    cells = max(marks(scene, "rect"), key=len)
    found = np.full((rope.PLACES, rope.PLACES), np.nan)
    for item in cells:
        found[round(item["y"] / rope.ROOM[0] * rope.PLACES), round(item["x"] / rope.ROOM[0] * rope.PLACES)] = item["opacity"]
    expected = [[turned(q, i, w) @ turned(k, j, w) for j in range(rope.PLACES)] for i in range(rope.PLACES)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    plain, closer = (items for items in marks(scene, "line") if len(items) == rope.DISTANCES // 2 + 1)
    for line, factor in ((plain, 1), (closer, s)):
        distances = np.arange(0, rope.DISTANCES + 1, 2)
        mean = np.mean([np.cos(distances / factor * base ** (-2 * i / d)) for i in range(d // 2)], axis=0)
        values = 1 - np.array([item["y"] for item in line]) / 112 * 1.3
        np.testing.assert_allclose(values, mean.clip(-0.3), atol=1e-6)


def test_hands_are_turned_by_their_positions():
    scene = drawn(chart(), q_angle=20, k_angle=60, m=9, n=3, asked=4)
    w = 10_000 ** (-8 / 64)
    hands = [items[0] for items in marks(scene, "rule") if len(items) == 1][:4]
    unit = rope.ROOM[0] / 2.3
    for item, (start, position) in zip(hands, ((20, 0), (20, 9), (60, 0), (60, 3)), strict=True):
        ends = (item["x2"] - item["x"]) / unit, (item["y"] - item["y2"]) / unit
        assert ends == pytest.approx(tuple(turned(start, position, w)), abs=1e-6)


def test_themes_differ_in_colours_only():
    light, dark = (rope.picture(dark=dark).to_json() for dark in (False, True))
    assert light != dark and re.sub("#[0-9a-f]{6}", "", light) == re.sub("#[0-9a-f]{6}", "", dark)
