"""Sinusoids: what Vega computes equals what torch computes, wherever the sliders stand."""

import re
from functools import cache

import numpy as np
import pytest
import torch

from explorer import export
from explorer.charts.positions import sinusoidal
from tests.explorer.charts.scene import drawn, marks, readouts, uncoloured

# Exponent of the base, step of d_model, position, offset.
POSITIONS = [
    (4.0, 4, 10, 5),
    (4.0, 0, 0, 0),
    (4.0, 5, 31, 24),
    (1.0, 1, 3, 1),
    (1.0, 5, 17, 9),
    (2.0, 2, 20, 13),
    (2.5, 3, 31, 7),
    (3.3, 4, 1, 24),
    (4.65, 4, 25, 2),
    (5.0, 5, 8, 16),
    (5.0, 0, 30, 11),
    (1.75, 3, 0, 20),
]


@cache
def chart():
    """Made by the first test that looks at it: this takes a second."""
    return sinusoidal.picture()


def table(exponent: float, width: int, n: int) -> torch.Tensor:
    """The encoding, written once more: (n, width), float64."""
    found = torch.zeros(n, width, dtype=torch.float64)
    for position in range(n):
        for i in range(width // 2):
            angle = torch.tensor(position * (10**exponent) ** (-2 * i / width), dtype=torch.float64)
            found[position, 2 * i], found[position, 2 * i + 1] = angle.sin(), angle.cos()
    return found


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_numbers_matrix_and_curve_are_those_of_torch(position):
    exponent, step, pos, k = position
    width, base = sinusoidal.WIDTHS[step], 10**exponent
    scene = drawn(uncoloured(chart(), "value"), base_exponent=exponent, d_model_step=step, pos=pos, k=k)
    expected = table(exponent, width, 100)
    numbers = readouts(scene)
    assert numbers.pop("largest |R(k) PE(pos) − PE(pos + k)|") < 1e-12
    dot = float(expected[pos] @ expected[pos + k])
    assert numbers == pytest.approx(
        {
            "PE(pos) · PE(pos + k)": dot,
            "Σ cos(k w_i), without pos": dot,
            "longest wavelength": 2 * np.pi * base ** ((width - 2) / width),
            "base": base,
            "d_model": width,
            "learned, 512 positions: parameters": 512 * width,
            "sinusoids: parameters": 0,
        },
        abs=1e-6,
        rel=1e-9,
    )
    cells = next(iter(marks(scene, "rect")))
    columns = min(width, sinusoidal.DIMENSIONS)
    found = np.full((sinusoidal.POSITIONS, columns), np.nan)
    for item in cells:
        row, column = round(item["y"] / sinusoidal.DESK.map_height * sinusoidal.POSITIONS), round(item["x"] / sinusoidal.DESK.map_width * columns)
        found[row, column] = item["opacity"]
    np.testing.assert_allclose(found, expected[: sinusoidal.POSITIONS, :columns], atol=1e-6)
    (line,) = marks(scene, "line")
    heights = np.array([item["y"] for item in line])
    values = 1 - heights / 86 * 1.6
    similar = (expected @ expected[0]).numpy()[: sinusoidal.OFFSETS + 1] / (width / 2)
    np.testing.assert_allclose(values[sinusoidal.OFFSETS :], similar.clip(-0.6), atol=1e-6)
    np.testing.assert_allclose(values, values[::-1], atol=1e-9)


def test_the_rotation_turns_every_row():
    scene = drawn(uncoloured(chart(), "value"), base_exponent=4.0, d_model_step=2, pos=0, k=7)
    expected = table(4.0, 16, 60)
    cells = list(marks(scene, "rect"))[-1]
    n, side = 2 * sinusoidal.BLOCKS, sinusoidal.DESK.side
    turn = np.zeros((n, n))
    for item in cells:
        turn[round(item["y"] / side * n), round(item["x"] / side * n)] = item["opacity"]
    # The first pairs of the encoding are those of the block.
    for position in range(50):
        np.testing.assert_allclose(turn @ expected[position, :n].numpy(), expected[position + 7, :n], atol=1e-6)


def test_hands_of_the_clocks_point_where_the_angle_says():
    scene = drawn(chart(), base_exponent=2.0, d_model_step=4, pos=11, k=3)
    later, now = [items for items in marks(scene, "rule") if len(items) == sinusoidal.CLOCKS]
    pairs = [round(clock * 31 / 7) for clock in range(8)]
    for items, position in ((now, 11), (later, 14)):
        for item, i in zip(items, pairs, strict=True):
            across, up = (item["x2"] - item["x"]) / (290 / 4 * 0.33), (item["y"] - item["y2"]) / (sinusoidal.DESK.side / 2 * 0.37)
            angle = position * 100 ** (-2 * i / 64)
            assert (across, up) == pytest.approx((np.sin(angle), np.cos(angle)), abs=1e-6)


def test_wavelengths_are_equal_steps_on_their_axis():
    scene = drawn(chart(), base_exponent=4.0, d_model_step=4)
    (points,) = [items for items in marks(scene, "symbol") if len(items) == 32]
    steps = np.diff([item["y"] for item in points])
    np.testing.assert_allclose(steps, steps[0], atol=1e-9)


def test_themes_differ_in_colours_only():
    light, dark = (sinusoidal.picture(dark=dark).to_json() for dark in (False, True))
    assert light != dark and re.sub("#[0-9a-f]{6}", "", light) == re.sub("#[0-9a-f]{6}", "", dark)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_it_can_be_taken_away(kind):
    made = export.picture(chart, kind)
    assert made.startswith(b"\x89PNG") if kind == "png" else b"Wavelengths" in made
