"""Claims about heads, against independent computations."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from explorer.claims import Verdict, claim, heads
from explorer.lectures import q07_diversity, q08_parameters, q11_width
from explorer.syntax import published


@cache
def found(id_):
    return claim(id_).compute(None)


def test_eight_heads_have_the_parameters_of_one_as_torch_has_it():
    own = nn.MultiheadAttention(512, 8, bias=False), nn.MultiheadAttention(512, 1, bias=False), nn.MultiheadAttention(512, 8)
    counts = [sum(weight.numel() for weight in module.parameters()) for module in own]
    assert [found("C6")[name] for name in ("many", "one", "biased")] == counts
    assert found("C6").verdict is Verdict.FAILS


def test_were_heads_whole_copies_the_claim_would_hold(monkeypatch):
    monkeypatch.setattr(q08_parameters, "module_parameters", lambda n, bias=False: n * 4 * 512**2)
    assert claim("C6").compute(None).verdict is Verdict.HOLDS


def test_the_work_is_that_of_a_loop_and_eight_patterns_differ():
    n, d = 100, 512
    adds = sum(2 * n * n * (d // 8) for _head in range(8))
    assert found("C7")["many"] == found("C7")["one"] == adds
    layer, x = q07_diversity.layer_of(8), q07_diversity.drawn(n)[0]
    w_q, w_k = layer.qkv.weight.detach().double()[: 2 * d].chunk(2)
    rows = []
    for head in range(8):
        own = slice(head * 64, head * 64 + 64)
        scores = (x[-1].double() @ w_q[own].T) @ (x.double() @ w_k[own].T).T / 8
        rows.append(scores.softmax(-1).numpy())
    different = [i for i, row in enumerate(rows) if all(np.abs(row - other).max() > 1e-3 for other in rows[:i])]
    assert found("C7")["patterns"] == len(different) and found("C7").verdict is Verdict.FAILS


def test_the_published_head_is_that_of_the_table(monkeypatch):
    c25 = found("C25")
    assert (c25["layer"], c25["head"]) == (7, 9) and c25.said["printed"] == "8-10" and c25.said["accuracy"] == "86.8%"
    assert c25.said["relation"] == "prt" and c25.verdict is Verdict.FAILS
    moved = tuple(published.Published(o.relation, o.ud, 5, 6, o.accuracy, o.baseline) for o in published.HEADS if o.relation == "dobj")
    monkeypatch.setattr(published, "HEADS", moved)
    assert claim("C25").compute(None).verdict is Verdict.HOLDS


def test_a_layer_of_double_width_gives_back_its_input_s_width(monkeypatch):
    d, h, d_k, n = 512, 8, 128, 100
    z = torch.randn(3, h * d_k)
    assert found("C26")["output"] == (z @ torch.randn(h * d_k, d)).shape[1] and found("C26")["wide"] == h * d_k
    usual, double = (n * 4 * d * h * k + 2 * n * n * h * k for k in (64, 128))
    assert found("C26")["cost"] == pytest.approx(double / usual) and found("C26").verdict is Verdict.FAILS
    monkeypatch.setattr(q11_width, "output_width", lambda _kind, _heads: 1024)
    assert claim("C26").compute(None).verdict is Verdict.HOLDS


def test_moving_another_head_s_block_moves_nothing():
    """By hand, without a gradient: the output of the first head when single weights are moved."""
    layer, x = q07_diversity.layer_of(8), q07_diversity.drawn(heads._LENGTH)[0].double()
    w = layer.qkv.weight.detach().double().unflatten(0, (3, 8, 64)).clone()

    def first(weights):
        q, k, v = (x @ weights[i, 0].T for i in range(3))
        return float((((q @ k.T) / 8).softmax(-1) @ v).square().sum())

    before = first(w)
    w[:, 1:] += 1.0
    assert first(w) == before and found("C41")["others"] == 0
    gradient = heads.gradient_by_block()
    numbers = []
    for at in ((0, 0, 3, 7), (1, 0, 20, 100), (2, 0, 40, 400)):
        moved = w.clone()
        moved[at] += 1e-5
        numbers.append(abs(first(moved) - before) / 1e-5)
    assert max(numbers) <= gradient.own * 1.001 and min(numbers) > 0 and found("C41").verdict is Verdict.FAILS


def test_a_head_s_gradient_depends_on_the_others(monkeypatch):
    assert found("C44")["moved"] > 0 and found("C44").verdict is Verdict.FAILS
    monkeypatch.setattr(heads.q09_specialise, "coupling", lambda: 0.0)
    assert claim("C44").compute(None).verdict is Verdict.HOLDS


def test_sixteen_heads_of_32_cost_what_eight_of_64_cost(monkeypatch):
    n, d = 100, 512
    costs = [4 * n * d * d + sum(2 * n * n * k for _head in range(d // k)) for k in (32, 64)]
    assert found("C45")["cost"] == pytest.approx(costs[0] / costs[1]) and found("C45")["heads"] == 16
    assert found("C45").said["bleu"] == found("C45").said["best"] and found("C45").verdict is Verdict.FAILS
    monkeypatch.setitem(heads.BLEU, 16, 25.0)
    assert claim("C45").compute(None).verdict is Verdict.HOLDS
