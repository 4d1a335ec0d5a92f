"""Q22: recall, both orders and the state against numpy loops; the data against a training of its own."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from explorer.lectures import linear, q02_projections, q22_linear, shipped
from explorer.lectures.demo import Measure, Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models.toy.layers import ToyAttention

DEMO = demo("Q22")
WORDS = read("q22_linear", "en")


def elu_plus_one(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def weights_by_hand(kind, key):
    """Weights of each key for the query that is the key itself, one by one."""
    n, d = key.shape
    feature = {"elu": elu_plus_one, "relu": lambda x: np.maximum(x, 0)}.get(kind)
    made = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            made[i, j] = math.exp(key[i] @ key[j] / math.sqrt(d)) if feature is None else feature(key[i]) @ feature(key[j])
        made[i] /= made[i].sum()
    return made


@pytest.mark.parametrize("kind", ["softmax", "elu", "relu"])
@pytest.mark.parametrize(("n", "d"), [(8, 64), (16, 32)])
def test_recall_is_the_share_of_right_nearest_values(opener, kind, n, d):
    right = []
    for seed in range(linear.DRAWS):
        key, value = (t.double().numpy() for t in linear.drawn(n, d, seed))
        weights = weights_by_hand(kind, key)
        assert linear.lookup(kind, n, d, seed).numpy() == pytest.approx(weights, abs=1e-5)
        for i in range(n):
            found = sum(weights[i, j] * value[j] for j in range(n))
            right.append(max(range(n), key=lambda j: found @ value[j] / np.linalg.norm(value[j])) == i)
    # A lookup that is a tie to rounding may fall either way.
    assert DEMO.compute(opener, n=n, d=d)[f"recall_{kind}"] == pytest.approx(np.mean(right), abs=1.01 / len(right))


def test_recall_falls_with_the_number_of_pairs_and_only_without_softmax(opener):
    result = DEMO.compute(opener)
    shares = result.data["shares"]
    for kind in ("elu", "relu", "performer"):
        assert shares[kind][256] < shares[kind][16] <= shares[kind][2]
    assert all(share > 0.99 for share in shares["softmax"].values())
    assert DEMO.right_option(result) == "C"
    # Were linear attention as good, the first answer would be right.
    same = Result((Measure("many", 1.0),), {"shares": {"softmax": {256: 1.0}}})
    assert DEMO.right_option(same) == "A"


def test_products_regrouped_and_a_state_are_a_loop_over_pairs(opener):
    q, k, v = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64).unbind()
    full, causal = np.zeros((7, 5)), np.zeros((7, 5))
    features_q, features_k = elu_plus_one(q.numpy()), elu_plus_one(k.numpy())
    for i in range(7):
        scores = [sum(a * b for a, b in zip(features_q[i], features_k[j], strict=True)) for j in range(7)]
        full[i] = sum(s * v[j].numpy() for j, s in enumerate(scores)) / sum(scores)
        causal[i] = sum(s * v[j].numpy() for j, s in enumerate(scores[: i + 1])) / sum(scores[: i + 1])
    state, outputs = linear.recurrent(q, k, v)
    assert outputs.numpy() == pytest.approx(causal, abs=1e-12) and linear.masked(q, k, v).numpy() == pytest.approx(causal, abs=1e-12)
    assert linear.regrouped_deviation(q, k, v) < 1e-12
    weights = linear.weights_of("elu", q, k)
    assert (weights @ v).numpy() == pytest.approx(full, abs=1e-12)
    assert state[:, :-1].numpy() == pytest.approx(sum(np.outer(features_k[j], v[j].numpy()) for j in range(7)), abs=1e-12)
    assert state[:, -1].numpy() == pytest.approx(features_k.sum(0), abs=1e-12)


def test_the_deviations_would_be_seen(opener, monkeypatch):
    """A state that forgets a little is no longer what all pairs at once give."""
    honest = linear.recurrent
    monkeypatch.setattr(q22_linear, "recurrent", lambda q, k, v: (honest(q, k, v)[0], honest(q, 1.1 * k, v)[1]))
    result = DEMO.compute(opener)
    assert result["recurrent"] > 1e-3 and not next(m for m in result.measures if m.name == "recurrent").holds


@pytest.mark.parametrize("d", [16, 64])
def test_the_state_does_not_grow_and_the_crossing_is_the_width(opener, d):
    small, large = (DEMO.compute(opener, n=n, d=d) for n in (4, 256))
    assert small["state"] == large["state"] == d * d + d
    assert (small["cache"], large["cache"]) == (2 * 4 * d, 2 * 256 * d)
    assert small["crossing"] == d == next(n for n in range(1, 400) if n * n * d + n * n * d >= n * d * d + n * d * d)
    assert linear.cost("pairs", 10, d) == 2 * 10 * 10 * d and linear.cost("state", 10, d) == 2 * 10 * d * d


def test_the_claim_of_100_000_tokens(opener):
    result = DEMO.compute(opener)
    assert (result["claim_full"], result["claim_linear"]) == (5_120_000_000_000, 26_214_400_000)
    assert result["claim_full"] / result["claim_linear"] == pytest.approx(195.3, abs=0.05)


def test_the_measured_crossing_lies_where_the_two_lines_of_times_cross(opener):
    times = pd.DataFrame({"n": [16, 32, 64, 128], "pairs": [1.0, 2.0, 4.0, 8.0], "state": [2.0, 3.0, 4.0, 4.0]})
    assert q22_linear.measured_crossing(times) == pytest.approx(64)
    never = times.assign(state=[9.0, 9.0, 9.0, 9.0])
    assert math.isnan(q22_linear.measured_crossing(never))
    result, rows = DEMO.compute(opener), shipped.read("q22_linear").data["times"]
    before = max(n for n, pairs, state in rows if pairs < state)
    assert before <= result["measured"] <= 2 * before


def test_random_features_estimate_the_exponential():
    q, k = 0.5 * torch.randn(2, 20, 16, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    exact = np.exp(q.numpy() @ k.numpy().T / 4)
    m = 40_000
    estimate = (linear.phi("performer", q, draws=m) @ linear.phi("performer", k, draws=m).mT / m).numpy()
    assert estimate == pytest.approx(exact, rel=0.2) and abs((estimate / exact).mean() - 1) < 0.02
    errors = {(length, m): error for length, m, error in shipped.read("q22_linear").data["errors"]}
    assert errors[0.5, 4096] < errors[0.5, 256] < errors[0.5, 16]
    assert q22_linear.errors() == [[*key, pytest.approx(value, rel=0.02)] for key, value in errors.items()]


def test_toys_are_of_the_attention_that_they_are_called(opener):
    network = q02_projections.train(4, False, 0, steps=2, pairs=3, attention="linear")
    module = next(found for found in network.modules() if isinstance(found, ToyAttention))
    assert module.normaliser == "linear"
    keys, values = q02_projections.draw(2, torch.Generator().manual_seed(0), 3)
    assert keys.shape == values.shape == (2, 3)
    with torch.no_grad():
        logits = network(keys, values, keys)
        x, source = network.asked(keys), network.keys(keys) + network.values(values)
        q, k, v = (layer(t).double().numpy() for layer, t in ((module.query, x), (module.key, source), (module.value, source)))
        z = np.zeros_like(q)
        for b in range(2):
            for i in range(3):
                scores = [elu_plus_one(q[b, i]) @ elu_plus_one(k[b, j]) for j in range(3)]
                z[b, i] = sum(s * v[b, j] for j, s in enumerate(scores)) / sum(scores)
        expected = network.read(module.output(torch.from_numpy(z).float()))
    assert logits.numpy() == pytest.approx(expected.numpy(), abs=1e-5)


def test_means_of_the_toys_are_those_of_the_rows(opener):
    rows = shipped.read("q22_linear").data["trained"]
    result = DEMO.compute(opener)
    for kind in ("softmax", "linear"):
        shares = [share for which, width, pairs, _seed, share in rows if (which, width, pairs) == (kind, 8, 32)]
        assert len(shares) == 2 and result[f"trained_{kind}"] == pytest.approx(sum(shares) / 2)


@pytest.mark.parametrize("n", [4, 128])
def test_what_is_drawn_is_what_was_computed(opener, n):
    lookup, curves = DEMO.pictures(DEMO.compute(opener, n=n), WORDS, False)
    drawn = lookup.tables["points"]
    soft = drawn[drawn["series"] == WORDS.label("kind.softmax")]["y"].to_numpy()
    key = linear.drawn(n, 64)[0].double().numpy()
    assert soft == pytest.approx(weights_by_hand("softmax", key)[n // 2], abs=1e-5) and soft.argmax() == n // 2
    assert curves.tables["rules"]["x"].tolist() == [n]
    table, cost = DEMO.pictures(DEMO.compute(opener, n=n, view="order"), WORDS, False)
    assert {f"{n} × {n}", "64 × 64"} <= set(table.tables["cells"]["text"])
    at = cost.tables["points"].query("x == @n").set_index("series")["y"]
    assert at[WORDS.label("order.pairs")] == 2 * n * n * 64 and at[WORDS.label("order.state")] == 2 * n * 64 * 64
    state, kept = DEMO.pictures(DEMO.compute(opener, n=n, view="state"), WORDS, False)
    assert len(state.tables["cells"]) == 64 * 64
    assert kept.tables["points"].query("x == @n")["y"].tolist() == [2 * n * 64, 64 * 65]
    (toys,) = DEMO.pictures(DEMO.compute(opener, n=n, view="trained"), WORDS, False)
    assert ("rules" in toys.tables) == (n <= 32)
    if n <= 32:
        assert toys.tables["rules"]["x"].tolist() == [n]
