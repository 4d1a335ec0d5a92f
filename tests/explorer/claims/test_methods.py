"""Methods and their promises, against loops, formulas of the papers and brute force."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize
from torch.nn.functional import scaled_dot_product_attention

from explorer.capture import capture
from explorer.claims import Verdict, claim, methods
from explorer.lectures import apart, linear, q13_order, q20_mask, q21b_flash, q23_serial, shipped, tiles
from models.attention.normalisers import sparsemax
from models.toy import ToyConfig, ToyModel


def test_c13_the_same_outputs_with_as_much_arithmetic():
    q, k, v = torch.randn(3, 300, 64, generator=torch.Generator().manual_seed(21)).unbind()
    result = claim("C13").compute(None)
    own = scaled_dot_product_attention(q[None], k[None], v[None])[0]
    assert float((tiles.by_tiles(q, k, v) - own).abs().max()) < 1e-5 and result["apart"] < 1e-5
    assert result["arithmetic"] == 1
    # Each block of queries reads all keys and values once more; the scores never leave. All in numbers of 2 bytes.
    n, d, side = 4096, 64, 128
    standard = sum((n * d, n * d, n * n, n * n, n * n, n * n, n * d, n * d))
    tiled = n * d + n * d + sum(2 * n * d for _block in range(0, n, side))
    assert tiles.fitting(64, 2, 192 * 1024) == side
    assert result["fewer"] == pytest.approx(standard / tiled)
    assert result.verdict is Verdict.FAILS


def test_c13_memory_by_the_shipped_peaks():
    peaks = {row[0]: row[1:3] for row in shipped.read("q21b_flash").data["peaks"]}
    result = claim("C13").compute(None)
    assert result["token"] == pytest.approx((peaks[4096][1] - peaks[2048][1]) / 2048)
    assert result["token"] >= 64 * 4  # at least a row of the output
    slope = np.polyfit([math.log(n) for n in peaks if n >= 512], [math.log(both[0]) for n, both in peaks.items() if n >= 512], 1)[0]
    assert result["standard"] == pytest.approx(slope)


def test_c13_would_hold_of_a_memory_that_stays(monkeypatch):
    monkeypatch.setattr(q21b_flash, "measured_peaks", lambda: pd.DataFrame({"n": [512, 1024], "standard": 9.0, "tiled": 7.0, "fused": 5.0}))
    assert claim("C13").compute(None).verdict is Verdict.HOLDS


def test_c28_a_linear_recurrence_by_powers_and_a_tree():
    """Pairs of steps are one step: (a, b) then (c, d) is (a c, c b + d). As a tree, in as many rounds as it is high."""
    random = np.random.default_rng(0)
    steps = list(zip(random.uniform(0.5, 1, 1024), random.standard_normal(1024), strict=True))
    h, rounds = 0.0, 0
    for a, b in steps:
        h = a * h + b
    while len(steps) > 1:
        steps = [(a * c, c * b + d) for (a, b), (c, d) in zip(steps[::2], steps[1::2], strict=True)]
        rounds += 1
    assert steps[0][1] == pytest.approx(h, abs=1e-12)
    result = claim("C28").compute(None)
    assert result["rounds"] == rounds == 10 and result["loop"] == 1024
    assert result.verdict is Verdict.ONLY_IF


def test_c28_would_hold_if_a_scan_gave_other_numbers(monkeypatch):
    monkeypatch.setattr(q23_serial, "scanned", lambda n: (10, 0.3))
    assert claim("C28").compute(None).verdict is Verdict.HOLDS


@pytest.mark.parametrize("n", [16, 64])
def test_c36_recall_looked_up_one_by_one(n):
    """Of the ReLU features, whose linear attention is written out; the best kind is at least as good."""
    right = 0
    for seed in range(linear.DRAWS):
        key, value = (x.numpy() for x in linear.drawn(n, 64, seed))
        for i in range(n):
            weights = np.maximum(key, 0) @ np.maximum(key[i], 0)
            out = weights @ value / weights.sum()
            cosines = value @ out / np.linalg.norm(value, axis=1)
            right += int(cosines.argmax()) == i
    share = right / (n * linear.DRAWS)
    assert linear.recalls(64)["relu"][n] == pytest.approx(share, abs=0.01)
    assert claim("C36").compute(None)[f"best_{n}"] >= share - 0.01


def test_c36_trained_toys_by_the_shipped_rows():
    rows = shipped.read("q22_linear").data["trained"]
    result = claim("C36").compute(None)
    for name, kind, pairs in (("trained_few", "linear", 2), ("trained_many", "linear", 32), ("trained_softmax", "softmax", 32)):
        assert result[name] == pytest.approx(np.mean([row[4] for row in rows if row[:3] == [kind, 8, pairs]]))
    assert result.verdict is Verdict.ONLY_IF


@pytest.mark.parametrize(("share", "verdict"), [(0.97, Verdict.HOLDS), (0.5, Verdict.FAILS)])
def test_c36_the_verdict_follows_the_recall(monkeypatch, share, verdict):
    monkeypatch.setattr(linear, "recalls", lambda _d: {kind: dict.fromkeys(linear.STORED, share) for kind in linear.KINDS})
    assert claim("C36").compute(None).verdict is verdict


def test_c38_the_gradient_of_a_linear_layer_is_its_input_in_every_row(opener):
    """dL/dW is the outer product of dL/dy and x, by finite differences for one weight; whose row over dL/db is x."""
    x = torch.randn(5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    layer = torch.nn.Linear(5, 3, dtype=torch.float64)
    layer(x).square().sum().backward()
    with torch.no_grad():
        slopes = []
        for by in (1e-6, -1e-6):
            layer.weight[1, 2] += by
            slopes.append(float(layer(x).square().sum()))
            layer.weight[1, 2] -= by
    assert float(layer.weight.grad[1, 2]) == pytest.approx((slopes[0] - slopes[1]) / 2e-6, rel=1e-5)
    assert torch.allclose(layer.weight.grad / layer.bias.grad[:, None], x.expand(3, -1))
    assert torch.allclose(apart.given_away(x), x, atol=1e-12)
    result = claim("C38").compute(opener)
    assert result["read"] == result["tokens"] == len(opener("gpt2-mini").tokenizer(result.said["text"]).input_ids)
    assert result.said["got"] == result.said["text"] and result.verdict is Verdict.FAILS


def test_c38_would_hold_if_gradients_were_drowned_in_noise(opener, monkeypatch):
    random = torch.Generator().manual_seed(0)
    monkeypatch.setattr(apart, "given_away", lambda x: x + 100 * torch.randn(len(x), generator=random, dtype=x.dtype))
    assert claim("C38").compute(opener).verdict is Verdict.HOLDS


@pytest.mark.parametrize(("name", "dilation"), [("plain", lambda _layer: 1), ("dilated", lambda layer: 2**layer)])
def test_c47_layers_by_the_gradient_of_real_convolutions(name, dilation):
    """Kernels of ones: the last position has heard of those whose gradient is not 0."""
    needed = int(claim("C47").compute(None)[name])
    heard = []
    for layers in (needed - 1, needed):
        x = torch.ones(1, 1, 1024, dtype=torch.float64, requires_grad=True)
        y = x
        for layer in range(layers):
            d = dilation(layer)
            y = torch.nn.functional.conv1d(torch.nn.functional.pad(y, (2 * d, 0)), torch.full((1, 1, 3), 1 / 3, dtype=torch.float64), dilation=d)
        (gradient,) = torch.autograd.grad(y[0, 0, -1], x)
        heard.append(int((gradient != 0).sum()))
    # 9 dilated layers see 1,023 tokens: all but the first.
    assert heard[0] < 1024 == heard[1]


@pytest.mark.parametrize(("plain", "verdict"), [(10, Verdict.HOLDS), (512, Verdict.ONLY_IF)])
def test_c47_the_verdict_follows_the_layers(monkeypatch, plain, verdict):
    monkeypatch.setattr(q13_order, "layers_needed", lambda: {"convolution": plain, "dilated": 10, "attention": 1})
    assert claim("C47").compute(None).verdict is verdict


def test_c49_zeros_are_those_of_the_nearest_point_of_the_simplex(opener):
    scores = capture(opener("all-MiniLM-L6-v2"), q20_mask.TEXT).record(2).scores(0).double().numpy()
    row = scores[1]
    found = minimize(
        lambda p: ((p - row) ** 2).sum(),
        np.full(len(row), 1 / len(row)),
        bounds=[(0, 1)] * len(row),
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        tol=1e-12,
    ).x
    assert sparsemax(torch.from_numpy(row)).numpy() == pytest.approx(found, abs=1e-4)
    result = claim("C49").compute(opener)
    assert 0.5 < result["zeros"] < 1 and result.verdict is Verdict.FAILS


def test_c49_products_by_the_matrices_of_the_toy(opener):
    n, network = 128, ToyModel(ToyConfig(attention="sparsemax", causal=False, max_length=128))
    matrices = [w.numel() for name, w in network.named_parameters() if w.dim() == 2 and "position" not in name]
    pairs = network.config.layers * 2 * n * n * network.config.d_model
    assert claim("C49").compute(opener)["products"] == n * sum(matrices) + pairs


def test_c49_would_hold_if_fewer_pairs_were_scored(opener, monkeypatch):
    monkeypatch.setattr(methods, "toy_products", lambda normaliser: {"softmax": 2, "sparsemax": 1}[normaliser])
    assert claim("C49").compute(opener).verdict is Verdict.HOLDS


def test_c49_what_torch_is_seen_to_do():
    x = torch.randn(3, 7)
    assert methods.handled(lambda: x.sort(), 21) == (21, 1)
    assert methods.handled(lambda: (x + 1).sum(), 21) == (0, 1)
