"""Random vectors: what Vega computes equals what torch computes, wherever the sliders stand."""

import re
from functools import cache

import numpy as np
import pytest
import torch

from explorer import export
from explorer.charts.softmax import vectors
from explorer.softmax.vectors import WIDTHS, draw
from tests.explorer.charts.scene import drawn, marks, readouts, uncoloured

MADE = draw(3, pairs=120, keys=80)
KINDS = {"none": lambda d, free: 1.0, "root": lambda d, free: d**0.5, "d_k": lambda d, free: d, "free": lambda d, free: free}
# Step of d_k, keys, divisor, exponents of free divisor and temperature, axis.
POSITIONS = [
    (0, 2, "none", 0.0, 0.0, False),
    (0, 80, "none", 0.0, -1.0, True),
    (3, 5, "root", 0.0, 0.0, False),
    (6, 64, "none", 0.0, 0.0, False),
    (8, 64, "root", 0.0, 0.0, True),
    (10, 30, "d_k", 0.0, 0.0, False),
    (12, 80, "free", 0.7, 0.0, False),
    (12, 24, "free", -1.0, 0.0, True),
    (15, 25, "root", 0.0, -0.5, False),
    (18, 64, "none", 0.0, 1.0, False),
    (20, 3, "root", 0.0, 0.35, False),
    (22, 80, "none", 0.0, 0.0, False),
    (22, 80, "d_k", 0.0, 0.0, True),
]


@cache
def chart():
    """Made by the first test that looks at it: this takes a second."""
    return vectors.picture(WIDTHS, MADE.pairs, MADE.row)


def expected(step: int, keys: int, kind: str, free: float, temperature: float) -> tuple[torch.Tensor, np.ndarray, float]:
    """Weights, scores of the histogram, and the divisor in all."""
    divided = KINDS[kind](WIDTHS[step], 10**free) * 10**temperature
    return torch.tensor(MADE.row[:keys, step] / divided).softmax(0), MADE.pairs[:, step] / divided, divided


@pytest.mark.parametrize("position", POSITIONS, ids=str)
def test_numbers_weights_and_bins_are_those_of_torch(position: tuple) -> None:
    step, keys, kind, free, temperature, follow = position
    p, scores, divided = expected(step, keys, kind, free, temperature)
    inputs = {"divisor_kind": kind, "free_divisor_exponent": free, "temperature_exponent": temperature, "follow": follow}
    scene = drawn(chart(), d_k_step=step, keys=keys, **inputs)
    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), p.log())
    sigma = WIDTHS[step] ** 0.5 / divided
    span = 4 * sigma if follow else 30
    assert readouts(scene) == pytest.approx(
        {
            "d_k": WIDTHS[step],
            "divisor": divided,
            "variance of the scores": scores.var(ddof=1),
            "in theory, d_k / divisor²": sigma**2,
            "scores outside of the picture": (np.abs(scores) > span).mean(),
            "largest weight": float(p.max()),
            "entropy, nats": float(torch.special.entr(p).sum()),
            "log n, its maximum": np.log(keys),
            "trace of the Jacobian": float(jacobian.trace()),
            "norm of the Jacobian": float(jacobian.norm()),
        },
        abs=1e-6,
        rel=1e-9,
    )
    histogram, weights, _cells = list(marks(scene, "rect"))
    # Heights of the bars, as shares of the picture's.
    assert sorted(item["height"] / vectors.HEIGHT for item in weights) == pytest.approx(sorted(p.tolist()), abs=1e-6)
    counts = np.histogram(scores, np.linspace(-span, span, 61))[0]
    heights = {round(item["x"] / vectors.WIDTH * 60): item["height"] for item in histogram}
    assert set(heights) == set(np.flatnonzero(counts))
    unit = next(iter(heights.values())) / counts[next(iter(heights))] if heights else 1
    assert [heights[i] for i in sorted(heights)] == pytest.approx((counts[counts > 0] * unit).tolist(), rel=1e-6)


@pytest.mark.parametrize("position", [(6, 24, "none", 0.0, 0.0), (12, 64, "root", 0.0, 0.0), (8, 3, "d_k", 0.0, -0.4)], ids=str)
def test_the_map_is_the_jacobian_of_the_largest_weights(position: tuple) -> None:
    step, keys, kind, _free, temperature = position
    p, _scores, _divided = expected(*position)
    inputs = {"d_k_step": step, "keys": keys, "divisor_kind": kind, "temperature_exponent": temperature}
    *_others, cells = marks(drawn(uncoloured(chart(), "slope"), **inputs), "rect")
    n = min(keys, vectors.MAPPED)
    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), p.log())
    order = p.argsort(descending=True)[:n]
    side = vectors.SIDE / n
    found = np.full((n, n), np.nan)
    for item in cells:
        found[round(item["y"] / side), round(item["x"] / side)] = item["opacity"]
    assert np.allclose(found, jacobian[order][:, order], atol=1e-6)


@pytest.mark.parametrize("sigma_step", [4, 12])
def test_the_curve_is_the_normal_of_that_variance(sigma_step: int) -> None:
    (line,) = marks(drawn(chart(), d_k_step=sigma_step, follow=True), "line")
    at = np.array([item["x"] for item in line]) / vectors.WIDTH * 8 - 4
    height = vectors.HEIGHT - np.array([item["y"] for item in line])
    assert len(at) == 81 and np.allclose(height / height.max(), np.exp(-(at**2) / 2), atol=1e-9)


def test_themes_differ_in_colours_only() -> None:
    light, dark = (vectors.picture(WIDTHS, MADE.pairs, MADE.row, dark=dark).to_json() for dark in (False, True))
    assert light != dark and re.sub("#[0-9a-f]{6}", "", light) == re.sub("#[0-9a-f]{6}", "", dark)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_it_can_be_taken_away(kind: str) -> None:
    made = export.picture(chart, kind)
    assert made.startswith(b"\x89PNG") if kind == "png" else b"Jacobian" in made
