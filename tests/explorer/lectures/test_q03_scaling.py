"""Q3 against loops over single numbers, and against torch's own gradients."""

import math

import numpy as np
import pytest
import torch

from explorer.lectures import q03_scaling as q03
from explorer.lectures import shipped
from explorer.tasks import choose


def drawn(d_k):
    """Queries and keys as the demo draws them."""
    random = np.random.default_rng(q03._SEED)
    pairs = random.standard_normal((2, q03.PAIRS, d_k), dtype=np.float32)
    keys = random.standard_normal((q03.KEYS, d_k), dtype=np.float32)
    queries = random.standard_normal((q03.QUERIES, d_k), dtype=np.float32)
    return pairs.astype(float), keys.astype(float), queries.astype(float)


@pytest.mark.parametrize(("d_k", "divisor"), [(16, "none"), (64, "sqrt"), (16, "d_k")])
def test_every_measure_is_what_a_loop_gives(opener, d_k, divisor):
    pairs, keys, queries = drawn(d_k)
    by = {"none": 1, "sqrt": math.sqrt(d_k), "d_k": d_k}[divisor]
    found = q03.compute(opener, d_k=d_k, divisor=divisor)
    products = [sum(float(a) * float(b) for a, b in zip(q, k, strict=True)) for q, k in zip(*pairs, strict=True)]
    mean = sum(products) / len(products)
    variance = sum((p - mean) ** 2 for p in products) / len(products)
    assert found["variance"] == pytest.approx(variance, rel=1e-5)
    assert found["after"] == pytest.approx(variance / by**2, rel=1e-5)
    weigh = lambda q: (torch.from_numpy(keys) @ q / by).softmax(-1)  # noqa: E731
    queries = torch.from_numpy(queries)
    gradients = torch.func.vmap(torch.func.jacrev(weigh))(queries)
    norms = gradients.flatten(1).norm(dim=1).tolist()
    largest, entropies, traces = [], [], []
    for values in torch.func.vmap(weigh)(queries).tolist():
        largest.append(max(values))
        entropies.append(-sum(w * math.log(w) for w in values if w > 0))
        traces.append(1 - sum(w * w for w in values))
    for name, expected in (("largest", largest), ("entropy", entropies), ("jacobian", traces), ("mean", norms)):
        assert found[name] == pytest.approx(np.mean(expected), rel=1e-5), name
    assert found["median"] == pytest.approx(np.median(norms), rel=1e-5)


def test_the_variance_grows_with_the_width_and_the_divisor_takes_it_back(opener):
    for d_k in (64, 256, 1024):
        found = q03.compute(opener, d_k=d_k, divisor="sqrt")
        assert found["variance"] == pytest.approx(d_k, rel=0.1)
        assert found["after"] == pytest.approx(1, rel=0.1)
    # Table of the syllabus: N(0, 1) vectors, 64 keys; largest weight, entropy, trace of the Jacobian.
    for d_k, divisor, expected in [(64, "none", (0.79, 0.60, 0.30)), (256, "none", (0.91, 0.23, 0.13)), (64, "sqrt", (0.11, 3.68, 0.96))]:
        found = q03.compute(opener, d_k=d_k, divisor=divisor)
        for name, value in zip(("largest", "entropy", "jacobian"), expected, strict=True):
            assert found[name] == pytest.approx(value, abs=0.05), (d_k, divisor, name)


def test_a_jacobian_that_is_wrong_is_told():
    p = np.array([0.7, 0.2, 0.1])
    assert q03.jacobian_deviation(p) < 1e-12
    assert q03.jacobian_deviation(np.array([0.7, 0.2, 0.2])) > 0.01


@pytest.mark.thorough
def test_what_is_shipped_are_three_trainings_and_a_real_model(opener):
    data = shipped.read("q03_scaling").data
    assert data["losses"].keys() == data["saturated"].keys() == {"none", "sqrt", "d_k"}
    at_start = {name: rows[0][1] for name, rows in data["saturated"].items()}
    assert at_start["none"] > at_start["sqrt"] >= at_start["d_k"]
    scores = {factor: score for factor, score, *_rest in data["factors"]}
    assert max(scores.values()) - scores[10.0] > 0.02
    # One point once more, sentence by sentence: the share that the model has right.
    model = opener(q03.REAL)
    task = choose.make("classify", model, choose.built_in("classify"))
    with torch.no_grad():
        right = [int(model.network(**_batch(item.inputs)).logits.argmax()) == item.target for item in task.items]
    assert scores[1.0] == pytest.approx(sum(right) / len(right), abs=1e-3)


def _batch(inputs):
    return {name: torch.tensor([ids]) for name, ids in inputs.items()}


def test_the_jacobian_is_that_of_gradients_taken_one_by_one(opener):
    """d p_i / d s_j by torch, weight by weight, beside p_i (1 if i = j, else 0, minus p_j): of the first row of weights, and of weights that
    are none because their sum is not 1."""
    _pairs, keys, queries = drawn(64)
    first = torch.softmax(torch.from_numpy(keys) @ torch.from_numpy(queries[0]) / 8, -1).numpy()

    def apart(p):
        scores = torch.log(torch.from_numpy(p)).requires_grad_(True)
        weights, most = scores.softmax(-1), 0.0
        for i in range(len(p)):
            (row,) = torch.autograd.grad(weights[i], scores, retain_graph=True)
            for j in range(len(p)):
                most = max(most, abs(float(row[j]) - p[i] * ((i == j) - p[j])))
        return most

    assert q03.compute(opener, d_k=64, divisor="sqrt")["deviation"] == pytest.approx(apart(first), abs=1e-12)
    wrong = np.array([0.7, 0.2, 0.2])
    assert q03.jacobian_deviation(wrong) == pytest.approx(apart(wrong), rel=1e-9) and apart(wrong) > 0.01
