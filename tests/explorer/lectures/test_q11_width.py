"""Q11: counts by matrices written down, a layer of any width as a loop, and the shipped trainings against one that is run here."""

import numpy as np
import pytest
import torch

from explorer.lectures import q11_width, shipped
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models.toy import ToyConfig
from models.toy.layers import ToyAttention

DEMO = demo("Q11")
D, N = 512, 100


def shapes(kind, heads):
    """Shapes of all matrices of a layer."""
    d_k = {"split": D // heads, "double": 2 * D // heads, "averaged": D}[kind]
    return [(D, d_k)] * (3 * heads) + [(d_k if kind == "averaged" else heads * d_k, D)], d_k


@pytest.mark.parametrize("heads", q11_width.HEADS)
@pytest.mark.parametrize("kind", q11_width.KINDS)
def test_parameters_and_cost_are_those_of_the_matrices(opener, kind, heads):
    matrices, d_k = shapes(kind, heads)
    result = DEMO.compute(opener, heads=heads, kind=kind)
    assert result["parameters"] == sum(a * b for a, b in matrices)
    assert result["width"] == heads * d_k
    assert result["qkv"] == sum(a * b for a, b in matrices[:-1]) / (3 * D * D)
    # Each token times each matrix; for each head n by n scores of d_k products, and as many for the weighted sum.
    assert result["cost"] == sum(N * a * b for a, b in matrices) + heads * 2 * N * N * d_k
    assert result["output"] == D and all(measure.holds for measure in result.measures)


@pytest.mark.parametrize("kind", q11_width.KINDS)
def test_a_layer_of_any_width_is_the_loop_over_its_heads(kind):
    torch.manual_seed(0)
    config = ToyConfig(bias=False, causal=False, **q11_width.switches(kind, 4, 16))
    module = ToyAttention(config)
    x = torch.randn(1, 5, 16)
    qkv, out = module.qkv.weight.detach().numpy(), module.output.weight.detach().numpy()
    d_k = config.head_dim
    z = []
    for h in range(4):
        q, k, v = (x[0].numpy() @ qkv[(part * 4 + h) * d_k : (part * 4 + h + 1) * d_k].T for part in range(3))
        scores = np.exp(q @ k.T / d_k**0.5)
        z.append(scores / scores.sum(1, keepdims=True) @ v)
    joined = np.mean(z, axis=0) if kind == "averaged" else np.concatenate(z, axis=1)
    with torch.no_grad():
        assert module(x)[0][0].numpy() == pytest.approx(joined @ out.T, abs=1e-6)


def test_accuracies_are_means_over_the_shipped_seeds(opener):
    kept = shipped.read("q11_width").data
    assert {kind: set(found) for kind, found in kept.items()} == {kind: {str(h) for h in q11_width.HEADS} for kind in q11_width.KINDS}
    assert kept["averaged"]["1"] == kept["split"]["1"]
    for kind, found in kept.items():
        for heads, runs in found.items():
            assert len(runs) == len(q11_width.SEEDS) and all(run["curve"][-1][0] == q11_width.STEPS for run in runs)
            assert DEMO.compute(opener, heads=int(heads), kind=kind)["accuracy"] == pytest.approx(np.mean([run["accuracy"] for run in runs]))
    assert DEMO.compute(opener)["narrowest"] < DEMO.compute(opener)["one"]


def test_make_trains_what_it_says(monkeypatch):
    monkeypatch.setattr(q11_width, "STEPS", 10)
    monkeypatch.setattr(q11_width, "SEEDS", (1,))
    monkeypatch.setattr(q11_width, "HEADS", (1, 2))
    told = []
    made = q11_width.make(told.append)
    assert set(made["double"]) == {"1", "2"} and told == sorted(told) and told[-1] == pytest.approx(1)
    assert all(0 <= run["accuracy"] <= 1 for found in made.values() for runs in found.values() for run in runs)


def test_the_bars_are_of_the_heads_that_are_chosen(opener):
    words = read(DEMO.module, "en")
    for heads in (2, 16):
        drawn = DEMO.pictures(DEMO.compute(opener, heads=heads, kind="averaged"), words, False)
        expected = [sum(a * b for a, b in shapes(kind, heads)[0]) / 1e6 for kind in q11_width.KINDS]
        assert drawn[0].tables["bars"]["value"].tolist() == pytest.approx(expected)
        assert drawn[0].tables["bars"]["marked"].tolist() == [False, False, True]
        assert drawn[1].tables["rules"]["x"].tolist() == [heads]
