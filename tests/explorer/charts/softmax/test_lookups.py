"""Four lookups: weights and gradients in Vega equal those of torch."""

from functools import cache

import numpy as np
import pytest
import torch

from explorer.charts.softmax import lookups
from explorer.softmax.vectors import gumbel
from models.attention.normalisers import sparsemax
from tests.explorer.charts.scene import drawn, marks, readouts

DRAWS = 5
NOISE = gumbel(1, DRAWS, len(lookups.SCORES))
N = len(lookups.SCORES)


@cache
def chart():
    """Made by the first test that looks at it: this takes a second."""
    return lookups.picture(NOISE)


def position(seed: int) -> dict:
    """A dozen of them: anywhere, and at the ends."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(-5, 10, N).round(1) if seed % 3 else draw.uniform(0, 2, N).round(1)
    if seed == 1:
        scores[:] = scores[0]  # all equal
    exponent = [-1.0, -1.3, 0.0, 1.0][seed % 4]
    return {"scores": scores, "exponent": exponent, "chosen": int(draw.integers(N)), "draw": int(draw.integers(DRAWS))}


@pytest.mark.parametrize("seed", range(12))
def test_weights_and_gradients_are_those_of_torch(seed: int) -> None:
    at = position(seed)
    scores, temperature = torch.tensor(at["scores"]), 10 ** at["exponent"]
    noise = torch.tensor(NOISE[at["draw"]])
    ways = {
        "softmax": lambda s: (s / temperature).softmax(0),
        "sparsemax": lambda s: sparsemax(s / temperature),
        "gumbel": lambda s: ((s + noise) / temperature).softmax(0),
    }
    inputs = {f"score_{i + 1}": float(score) for i, score in enumerate(scores)} | {"chosen": at["chosen"], "draw": at["draw"]}
    scene = drawn(chart(), temperature_exponent=at["exponent"], **inputs)
    bars = [sorted(items, key=lambda item: item["x"]) for items in marks(scene, "rect")]
    weights = {method: np.array([item["height"] / lookups.ROOM[0] for item in bars[2 * i]]) for i, method in enumerate(lookups.METHODS)}
    hard = torch.zeros(N, dtype=torch.double)
    hard[scores.argmax()] = 1
    assert np.allclose(weights["hard"], hard)
    for method, way in ways.items():
        p = way(scores)
        assert np.allclose(weights[method], p, atol=1e-6), method
        rows = bars[2 * lookups.METHODS.index(method) + 1]
        slopes = [item["height"] * (1 if item["y"] < lookups.ROOM[1] / 2 - 1e-9 else -1) / lookups.ROOM[1] / temperature for item in rows]
        jacobian = torch.autograd.functional.jacobian(way, scores)
        assert np.allclose(slopes, jacobian[at["chosen"]], atol=1e-6 / temperature), method
        numbers = readouts(scene)
        assert numbers[f"{method}, largest"] == pytest.approx(float(p.max()), abs=1e-6)
        assert numbers[f"{method}, entropy"] == pytest.approx(float(torch.special.entr(p).sum()), abs=1e-6)
        assert numbers[f"{method}, exact zeros"] == int((p == 0).sum())
        assert numbers[f"{method}, from hard"] == pytest.approx(float((p - hard).abs().max()), abs=1e-6)
    assert not any(item["height"] for item in bars[1]), "a hard lookup has no gradient"


def test_softmax_tends_to_the_hard_lookup_and_sparsemax_has_zeros() -> None:
    apart = [readouts(drawn(chart(), temperature_exponent=e))["softmax, from hard"] for e in (0.5, 0, -0.5, -1, -1.3)]
    assert apart == sorted(apart, reverse=True) and apart[-1] < 1e-3
    numbers = readouts(drawn(chart()))
    assert numbers["sparsemax, exact zeros"] == 4 and numbers["softmax, exact zeros"] == 0


def test_a_softmax_never_shows_a_zero() -> None:
    inputs = {"score_1": 10.0, **{f"score_{i}": -5.0 for i in range(2, N + 1)}, "temperature_exponent": -1.3}
    assert readouts(drawn(chart(), **inputs))["softmax, exact zeros"] == 0
