"""Q3's other looks, against hooks in the model's own projections, loops over single numbers, and the figures of the syllabus."""

import copy
import math

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.lectures import q03_scaling as q03
from explorer.lectures import scales, shipped
from explorer.lectures.words import read
from explorer.tasks import choose
from models import InputError, attention


@pytest.fixture(scope="module")
def projected(opener):
    """What the projections of the layer give for the text, (heads, tokens, head dim): q and k."""
    model = opener(q03.REAL)
    attention = next(module for name, module in model.network.named_modules() if name.endswith(f"layer.{scales._LAYER}.attention.self"))
    seen = {}
    hooks = [
        getattr(attention, name).register_forward_hook(lambda _m, _args, out, name=name: seen.update({name: out[0]})) for name in ("query", "key")
    ]
    with torch.no_grad():
        model.network(**model.tokenizer(scales.TEXT, return_tensors="pt"))
    for hook in hooks:
        hook.remove()
    return [seen[name].unflatten(-1, (-1, q03._REAL_D_K)).transpose(0, 1) for name in ("query", "key")]


@pytest.mark.parametrize("divisor", ["none", "sqrt", "d_k"])
def test_scores_of_the_real_model_are_its_projections_multiplied(opener, projected, divisor):
    found = q03.compute(opener, d_k=16, divisor=divisor, view="real")
    by = {"none": 1, "sqrt": 4, "d_k": 16}[divisor]
    query, key = projected
    products = [float(q @ k) for head in range(len(query)) for q in query[head] for k in key[head]]
    assert found["real_variance"] == pytest.approx(np.var(products), rel=1e-4)
    assert found["real_after"] == pytest.approx(np.var(products) / by**2, rel=1e-4)
    rows = torch.stack([(q @ key[head].T / by).softmax(-1) for head in range(len(query)) for q in query[head]])
    assert min(np.abs(row.double().numpy() - found.data["real"]["weights"]).max() for row in rows) < 1e-5
    assert found["real_own"] < 1e-5


@pytest.mark.thorough
def test_right_answers_with_another_divisor_are_those_of_a_model_with_longer_queries(opener):
    found = q03.compute(opener, d_k=64, divisor="sqrt", view="real")
    model = opener(q03.REAL)
    network = copy.deepcopy(model.network).requires_grad_(False)
    for name, module in network.named_modules():
        if name.endswith("attention.self.query"):
            module.weight *= found.data["real"]["factor"]
            module.bias *= found.data["real"]["factor"]
    task = choose.make("classify", model, choose.built_in("classify"))
    with torch.no_grad():
        right = [
            int(network(**{name: torch.tensor([ids]) for name, ids in item.inputs.items()}).logits.argmax()) == item.target for item in task.items
        ]
    assert found["real_score"] == pytest.approx(sum(right) / len(right), abs=1e-3)
    assert found.data["real"]["factor"] == pytest.approx(math.sqrt(32 / 64))


@pytest.mark.thorough
def test_every_stand_of_the_two_controls_has_right_answers_of_the_real_model(opener):
    scores = {(d_k, name): q03.compute(opener, d_k=d_k, divisor=name, view="real")["real_score"] for d_k in q03.D_K for name in q03.DIVISORS}
    assert max(scores.values()) - min(scores.values()) > 0.05


def test_the_table_by_hand_is_that_of_the_syllabus(opener):
    found = q03.compute(opener, view="hand")
    for times, expected in {1: 0.2335, 2: 0.1318, 4: 0.0200, 8: 0.00034}.items():
        exps = [math.exp(times * score) for score in scales.SCORES]
        shares = [e / sum(exps) for e in exps]
        assert found[f"gain_{times}"] == pytest.approx(max(p * (1 - p) for p in shares), rel=1e-9)
        assert found[f"gain_{times}"] == pytest.approx(expected, abs=6e-5)
    # The other two entries are so small that they are the gradient.
    assert found["gain_25"] == pytest.approx(math.exp(25 - 50), rel=1e-4) == pytest.approx(1.4e-11, abs=5e-13)
    assert found.data["hand"]["gains"][:, 1] == pytest.approx([0.233, 0.264, 0.080, 0.003], abs=6e-4)


def test_exp_overflows_where_it_is_said_and_only_without_the_maximum_subtracted(opener):
    limits = q03.compute(opener, view="hand").data["hand"]["limits"]
    assert limits[:, 0] == pytest.approx([11.09, 88.72, 709.78], abs=5e-3)
    for (limit, naive, safe), dtype in zip(limits, (np.float16, np.float32, np.float64), strict=True):
        with np.errstate(over="ignore"):
            assert np.isfinite(np.exp(dtype(limit * 0.999))) and np.isinf(np.exp(dtype(limit * 1.001 + 0.01)))
        assert math.isnan(naive) and safe == pytest.approx(1, abs=1e-4)


def test_almost_all_scores_lie_within_three_roots_of_the_width(opener):
    for d_k in (64, 256, 1024):
        pairs = np.random.default_rng(q03._SEED).standard_normal((2, q03.PAIRS, d_k), dtype=np.float32)
        inside = sum(abs(sum(map(float, q * k))) < 3 * math.sqrt(d_k) for q, k in zip(*pairs, strict=True)) / q03.PAIRS
        assert q03.compute(opener, d_k=d_k)["within"] == pytest.approx(inside) == pytest.approx(0.997, abs=3e-3)


def test_a_table_of_widths_says_what_a_loop_over_pairs_finds(opener):
    found = q03.compute(opener, view="widths")
    for d_k, row in zip((64, 256, 512, 1024), found.data["widths"], strict=True):
        pairs = np.random.default_rng(q03._SEED).standard_normal((2, q03.PAIRS, d_k), dtype=np.float32)
        products = np.array([math.fsum(map(float, q * k)) for q, k in zip(*pairs, strict=True)])
        inside = np.mean([abs(product) < 3 * math.sqrt(d_k) for product in products])
        expected = [products.var(), products.std(), inside, (products / math.sqrt(d_k)).var(), (products / d_k).var()]
        assert row == pytest.approx(expected, rel=1e-4)
        assert row[0] == pytest.approx(d_k, rel=0.05) and row[2] == pytest.approx(0.997, abs=2e-3) and row[3] == pytest.approx(1, rel=0.05)
    (table,) = q03.pictures(found, read("q03_scaling", "en"), False)
    assert table.tables["cells"]["text"].tolist()[:3] == ["63.05", "7.941", "99.9%"]


def test_a_divisor_can_be_typed_and_must_be_above_zero(opener):
    by = q03.compute(opener, d_k=64, divisor="16")
    assert by["after"] == pytest.approx(by["variance"] / 256)
    assert by["median"] == pytest.approx(np.median(q03.gradient_norms(*_drawn(64), 16.0)))
    for word in ("0", "-1", "x", "nan", "inf"):
        with pytest.raises(InputError, match="divided"):
            q03.compute(opener, divisor=word)


def _drawn(d_k):
    random, _raw = q03.drawn(d_k)
    return [random.standard_normal((n, d_k), dtype=np.float32) for n in (q03.KEYS, q03.QUERIES)][::-1]


@pytest.mark.parametrize("name", ["gpt2", "llama", "distilbert", "opt"])
def test_another_model_s_own_scale_is_multiplied_too(tiny, name):
    """Grouped heads, turned queries and keys, and a row that sees itself alone: with its own divisor the model is what it was."""
    model = tiny(name)
    own = 1 / float(capture(model, scales.TEXT).record(min(scales._LAYER, len(model.sites) - 1)).scale.flatten()[0])
    found = q03.compute(lambda _name: model, divisor=repr(own), view="real", model=name)
    assert found["real_own"] < 1e-5 and found.data["real"]["factor"] == pytest.approx(1, rel=1e-6)
    assert found.data["real"]["weights"].sum() == pytest.approx(1) and found.data["real"]["shares"].sum() == pytest.approx(1)
    kind = "masked" if name == "distilbert" else "next"
    task = choose.make(kind, model, choose.built_in(kind)).subset(range(scales.PASSAGES))
    assert found["real_score"] == pytest.approx(task.score().score)
    assert len(q03.pictures(found, read("q03_scaling", "zh"), True)) == 3


def test_a_typed_divisor_is_measured_on_the_sentiment_model(opener):
    found = q03.compute(opener, divisor="7", view="real")
    kept = dict(row[:2] for row in shipped.read("q03_scaling").data["factors"])
    assert found.data["real"]["factor"] == pytest.approx(math.sqrt(32) / 7) and found.data["real"]["factor"] not in kept
    assert {factor: score for factor, score in found.data["real"]["factors"] if factor in kept} == kept
    task = choose.make("classify", opener(q03.REAL), choose.built_in("classify"))
    scale = {site.index: attention.Change(scale=torch.full((site.heads,), math.sqrt(32) / 7)) for site in task.model.sites}
    assert found["real_score"] == pytest.approx(task.score(lambda _batch: scale).score)
