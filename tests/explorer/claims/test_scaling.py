"""Claims about softmax and its scale, against independent computations."""

import math

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.claims import Verdict, claim, scaling
from explorer.lectures import q09b_roles, scales
from tests.explorer.claims.shared import found, model


def by_hand(scores):
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def test_softmax_of_three_scores():
    assert found("C1")["largest"] == pytest.approx(by_hand([10, 0, 0])[0], abs=1e-12) and found("C1").verdict is Verdict.HOLDS
    c2 = found("C2")
    assert [c2[name] for name in ("first", "second", "third")] == pytest.approx(by_hand([2, 1, 0.5]), abs=1e-12)
    assert [c2[f"times_{f}"] for f in (2, 4, 8)] == pytest.approx([by_hand([2 * f, f, f / 2])[0] for f in (2, 4, 8)], abs=1e-12)
    assert c2.verdict is Verdict.FAILS


def test_the_verdict_on_three_scores_follows_from_what_is_claimed(monkeypatch):
    right = {f: tuple(round(w, 3) for w in by_hand([2 * f, f, f / 2])) for f in scales.TIMES}
    monkeypatch.setattr(scaling, "CLAIMED", right)
    assert claim("C2").compute(model).verdict is Verdict.HOLDS
    monkeypatch.setattr(scaling, "CLAIMED", right | {8: (0.998,)})
    assert claim("C2").compute(model).verdict is Verdict.FAILS


def test_the_variance_of_a_product_is_its_width(monkeypatch):
    random = torch.Generator().manual_seed(0)
    for d in scaling.D_K:
        q, k = torch.randn(2, 3000, d, generator=random)
        assert found("C3")[f"variance_{d}"] == pytest.approx(float((q * k).sum(1).var()), rel=0.15)
    assert found("C3").verdict is Verdict.FAILS
    monkeypatch.setattr(scaling, "D_K", (1,))
    assert claim("C3").compute(model).verdict is Verdict.HOLDS


@pytest.mark.parametrize("d_k", scaling.WIDTHS)
def test_gradients_are_those_of_automatic_differentiation(d_k, monkeypatch):
    monkeypatch.setattr(scaling, "KEY_SETS", 1)
    monkeypatch.setattr(scaling, "QUERIES", 5)
    norms = scaling.gradients(d_k)
    random = np.random.default_rng(scaling._SEED)
    keys, queries = (torch.from_numpy(random.standard_normal((n, d_k))) for n in (64, 5))
    for name, by in (("none", 1.0), ("sqrt", d_k**0.5)):
        for query, norm in zip(queries, norms[name], strict=True):
            jacobian = torch.autograd.functional.jacobian(lambda q, by=by: (keys @ q / by).softmax(-1), query)
            # What is left of nearly equal numbers is known to about 1e-16 of them.
            assert norm == pytest.approx(float(jacobian.norm()), rel=1e-4, abs=1e-6)


def test_typical_gradients_vanish_and_rare_ones_grow(monkeypatch):
    c4, apart = found("C4"), scaling.gradients(256)
    assert c4.verdict is Verdict.ONLY_IF
    assert c4["mean_256"] == pytest.approx(sum(apart["none"]) / sum(apart["sqrt"]))
    # In narrow heads nothing saturates: there the claim would simply be right.
    monkeypatch.setattr(scaling, "WIDTHS", (16, 16, 16))
    assert claim("C4").compute(model).verdict is Verdict.HOLDS


def test_the_trace_of_the_jacobian_is_one_minus_the_squares():
    random = np.random.default_rng(7)
    traces = []
    for _ in range(300):
        scores = torch.from_numpy(random.standard_normal((64, 64)) @ random.standard_normal(64) / 64)
        traces.append(float(torch.autograd.functional.jacobian(lambda s: s.softmax(-1), scores).trace()))
    assert found("C43")["trace"] == pytest.approx(np.mean(traces), abs=2e-4)
    assert found("C43").verdict is Verdict.ONLY_IF and found("C43")["query"] == pytest.approx(1 / 8 * 0.7, abs=0.04)


def test_values_that_sinks_look_at_are_short():
    captured = capture(model(scaling.MODEL), q09b_roles.texts(1)[0])
    long = scaling.lengths([captured])
    for layer, head in ((2, 7), (0, 2), (5, 0)):
        weights, value = captured.pattern(layer, head), captured.record(layer).value[0, head].double().numpy()
        each = [math.sqrt(sum(x * x for x in row)) for row in value]
        received = [sum(row[j] for row in weights) for j in range(len(each))]
        assert long[layer, head] == pytest.approx(each[int(np.argmax(received))] / (sum(each) / len(each)), rel=1e-5)


def test_the_verdict_on_entropy_needs_both_kinds_of_head(monkeypatch):
    assert found("C50").verdict is Verdict.ONLY_IF
    monkeypatch.setattr(scaling, "EMPTY", 0.0)
    assert claim("C50").compute(model).verdict is Verdict.HOLDS
