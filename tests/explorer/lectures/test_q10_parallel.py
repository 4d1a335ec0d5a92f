"""Q10: the layer, its strides, operations and the queue against loops; clock times are only held against each other."""

import numpy as np
import pytest
import torch

from explorer.lectures import q10_parallel
from explorer.lectures.demo import Measure, Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models.seeded import seeded
from models.toy import ToyConfig
from models.toy.layers import ToyAttention

DEMO = demo("Q10")


def test_the_loop_over_heads_is_the_layer_written_as_a_numpy_loop():
    with seeded(q10_parallel._SEED):
        module = ToyAttention(ToyConfig(d_model=q10_parallel.D_MODEL, heads=q10_parallel.HEADS, bias=False, causal=False))
    x = torch.randn(2, q10_parallel.SHORT, q10_parallel.D_MODEL, generator=torch.Generator().manual_seed(q10_parallel._SEED))
    qkv, out = module.qkv.weight.detach().double().numpy(), module.output.weight.detach().double().numpy()
    d, d_k = q10_parallel.D_MODEL, q10_parallel.D_MODEL // q10_parallel.HEADS
    expected = np.zeros((2, q10_parallel.SHORT, d))
    for b, rows in enumerate(x.double().numpy()):
        for h in range(q10_parallel.HEADS):
            q, k, v = (rows @ qkv[part * d + h * d_k : part * d + (h + 1) * d_k].T for part in range(3))
            scores = np.exp(q @ k.T / d_k**0.5)
            expected[b] += scores / scores.sum(1, keepdims=True) @ v @ out[:, h * d_k : (h + 1) * d_k].T
    with torch.no_grad():
        assert q10_parallel.by_head(module, x).numpy() == pytest.approx(expected, abs=1e-6)
        assert q10_parallel.at_once(module, x).numpy() == pytest.approx(expected, abs=1e-6)
    assert 0 < q10_parallel.loop_deviation(2) < 1e-5


@pytest.mark.parametrize("batch", [1, 4])
def test_shapes_and_strides_are_those_of_row_major_memory(batch):
    n, d, h = q10_parallel.SHORT, q10_parallel.D_MODEL, q10_parallel.HEADS
    shapes = {step.name: (step.shape, step.strides, step.kind) for step in q10_parallel.steps(batch)}
    assert shapes["project"] == ((batch, n, d), (n * d, d, 1), "new")
    assert shapes["view"] == ((batch, n, h, d // h), (n * d, d, d // h, 1), "view")
    assert shapes["transpose"] == ((batch, h, n, d // h), (n * d, d // h, d, 1), "view")
    assert shapes["scores"][0] == (batch, h, n, n) and shapes["scores"][2] == "new"
    assert shapes["back"][0] == (batch, n, h, d // h) and shapes["back"][2] == "view"
    assert shapes["join"] == ((batch, n, d), (n * d, d, 1), "copy")
    assert [kind for _s, _t, kind in shapes.values()].count("view") == 3


@pytest.mark.parametrize("name", ["gpt2-mini", "bert-mini"])
def test_heads_of_a_real_layer_are_the_same_one_at_a_time(opener, name):
    assert 0 <= q10_parallel.real_deviation(opener(name)) < 1e-5


def test_operations_are_two_for_each_multiply_add_of_the_matrices(opener):
    model = opener("gpt2-mini")
    config = model.network.config
    n, d, layers = q10_parallel.SHORT, config.n_embd, config.n_layer
    per_token = layers * (4 * d * d + 2 * d * (config.n_inner or 4 * d)) + d * config.vocab_size
    expected = 2 * (n * per_token + layers * 2 * n * n * d)
    assert q10_parallel.operations(model, 1, n) == pytest.approx(expected, rel=1e-6)
    assert q10_parallel.operations(model, 4, n) == 4 * q10_parallel.operations(model, 1, n)


def test_the_queue_serves_one_after_the_other_and_in_batches():
    # One at a time, twice as many arrive as are answered: each waits for all before it.
    served = q10_parallel.queue({1: 1.0, 2: 1.0, 4: 1.0}, 1, 2.0, 0.0)
    arrived = np.cumsum(np.random.default_rng(q10_parallel._SEED).exponential(0.5, q10_parallel.REQUESTS))
    free, late = 0.0, []
    for at in arrived:
        free = max(free, at) + 1.0
        late.append(free - at)
    assert served.latency == pytest.approx(np.quantile(late, 0.95)) and served.latency > 100
    assert served.per_second == pytest.approx(q10_parallel.REQUESTS / (free - arrived[0]))
    # Four at once: by steps of a thousandth of a second, a batch starts when it is full or one has waited long enough.
    dt, clock, waiting, done, busy = 1e-3, 0.0, [], [], 0.0
    todo = list(arrived)
    while len(done) < len(arrived):
        while todo and todo[0] <= clock:
            waiting.append(todo.pop(0))
        if clock >= busy and waiting and (len(waiting) >= 4 or clock - waiting[0] >= 0.7):
            busy = clock + 1.0
            done += [busy - at for at in waiting[:4]]
            del waiting[:4]
        clock += dt
    batched = q10_parallel.queue({1: 1.0, 2: 1.0, 4: 1.0}, 4, 2.0, 0.7)
    assert batched.latency == pytest.approx(np.quantile(done, 0.95), rel=0.03)
    assert batched.latency < served.latency / 10


def test_factors_and_shares_follow_from_the_times_that_are_drawn(opener):
    result = DEMO.compute(opener, batch=4)
    seconds = result.data["seconds"]
    assert result["factor"] == pytest.approx(4 * seconds[1] / seconds[4])
    assert result["asked"] == pytest.approx(16 * seconds[1] / seconds[16])
    assert result["loop"] == pytest.approx(1e3 * result.data["loop"][0]) and result["batched"] > 0
    assert result["share_one"] == pytest.approx(result.data["shares"]["one"]) and result["share_one"] > 0
    words = read(DEMO.module, "en")
    drawn = DEMO.pictures(result, words, False)
    points = drawn[1].tables["points"]
    measured = points[points["series"] == words.label("measured")]
    assert measured["y"].tolist() == pytest.approx([b / s for b, s in seconds.items()])
    assert drawn[1].tables["rules"]["x"].tolist() == [4]
    cells = drawn[0].tables["cells"]["text"].tolist()
    assert "4 × 8 × 256" in cells and "2048, 256, 1" in cells


@pytest.mark.parametrize(("factor", "letter"), [(0.7, "D"), (1.0, "A"), (3.5, "B"), (16.0, "C")])
def test_the_measurement_decides_which_option_is_right(factor, letter):
    assert DEMO.right(Result((Measure("asked", factor),))) == letter


def test_shares_of_the_rate_are_operations_over_times(opener, monkeypatch):
    """With times and a best rate that are given: operations of 32 sentences of 8 tokens, counted from the shape of the network."""
    model = opener("gpt2-mini")
    config, n = model.network.config, 8
    d, layers = config.n_embd, config.n_layer
    per_token = layers * (4 * d * d + 2 * d * (config.n_inner or 4 * d)) + d * config.vocab_size
    one = 2 * (n * per_token + layers * 2 * n * n * d)
    monkeypatch.setattr(q10_parallel, "timings", lambda _model, sizes: {size: 0.01 * size[0] ** 0.5 for size in sizes})
    monkeypatch.setattr(q10_parallel, "best_rate", lambda: 1e12)
    found = DEMO.compute(opener)
    assert found["share_many"] == pytest.approx(32 * one / (0.01 * 32**0.5) / 1e12, rel=1e-6)
    assert found["share_one"] == pytest.approx(one / 0.01 / 1e12, rel=1e-6)


def test_heads_of_a_real_layer_are_a_numpy_loop_and_another_head_would_be_told(opener, monkeypatch):
    """Each head of the first layer of gpt2-mini by loops over its own matrices, beside what the layer hands to its output projection."""
    model = opener("gpt2-mini")
    layer, seen = model.network.transformer.h[0].attn, {}
    hook = layer.c_proj.register_forward_pre_hook(lambda _module, given: seen.setdefault("z", given[0]) is None or None)
    source = layer.c_attn.register_forward_pre_hook(lambda _module, given: seen.setdefault("x", given[0]) is None or None)
    try:
        with torch.no_grad():
            model.network(**model.tokenizer(q10_parallel.TEXT, return_tensors="pt"))
    finally:
        hook.remove()
        source.remove()
    x, z = (seen[name][0].double().numpy() for name in ("x", "z"))
    weight, bias = (t.detach().double().numpy() for t in (layer.c_attn.weight, layer.c_attn.bias))
    q, k, v = np.split(x @ weight + bias, 3, axis=1)
    d_k, expected = q.shape[1] // layer.num_heads, np.zeros_like(z)
    for head in range(layer.num_heads):
        at = slice(head * d_k, (head + 1) * d_k)
        for i in range(len(x)):
            scores = np.exp(k[: i + 1, at] @ q[i, at] / d_k**0.5)
            expected[i, at] = scores @ v[: i + 1, at] / scores.sum()
    captured = q10_parallel.capture(model, q10_parallel.TEXT)
    apart = [np.abs(captured.outputs(0, head) - expected[:, head * d_k : (head + 1) * d_k]).max() for head in range(layer.num_heads)]
    assert np.abs(expected - z).max() < 1e-5 and max(apart) < 1e-5
    assert DEMO.compute(opener)["real"] == q10_parallel.real_deviation(model) <= 2 * max(apart) + 1e-6
    outputs = type(captured).outputs
    monkeypatch.setattr(type(captured), "outputs", lambda self, layer, head: outputs(self, layer, head) + 0.5 * (head == 3))
    assert q10_parallel.real_deviation(model) == pytest.approx(0.5, abs=1e-5)
