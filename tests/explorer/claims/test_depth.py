"""Deep networks, against loops, finite differences and the shipped trainings read as files."""

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from explorer.claims import Verdict, claim, depth
from explorer.lectures import deep, q17_residual, q18_norm, q19_ffn, shipped, sublayers

DATA = Path(shipped.__file__).parent / "data"


def data(module):
    return json.loads((DATA / f"{module}.json").read_text())["data"]


def test_c18_a_hundred_halvings(opener):
    result, left = claim("C18").compute(opener), 1.0
    for _layer in range(100):
        left += -left / 2
    assert result["hundred"] == pytest.approx(left, rel=1e-12)
    assert result.verdict is Verdict.FAILS


def test_c18_the_jacobian_by_finite_differences(opener):
    model = opener("gpt2-mini")
    network = copy.deepcopy(model.network).double().eval()
    network.set_attn_implementation("eager")
    ids = torch.tensor([model.tokenizer(q17_residual.TEXT).input_ids[:8]])
    block = network.transformer.h[2]
    found = depth.layer_jacobian(model, 2)
    random = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        before = network(ids, output_hidden_states=True).hidden_states[2]
        mask = torch.full((8, 8), torch.finfo(torch.float64).min, dtype=torch.float64).triu(1)[None, None]

        def after(moved):
            stream = before.clone()
            stream[0, -1] += moved
            made = block(stream, attention_mask=mask)
            return (made if isinstance(made, torch.Tensor) else made[0])[0, -1]

        for _try in range(3):
            way = torch.nn.functional.normalize(torch.randn(256, generator=random, dtype=torch.float64), dim=0)
            slope = (after(1e-5 * way) - after(-1e-5 * way)) / 2e-5
            assert torch.allclose(found @ way, slope, atol=1e-4)


def test_c18_would_hold_if_nothing_cancelled(opener, monkeypatch):
    monkeypatch.setattr(q17_residual, "through", lambda c: [1.5**n for n in range(101)])
    monkeypatch.setattr(depth, "layer_jacobian", lambda _model, _layer: 1.2 * torch.eye(4, dtype=torch.float64))
    assert claim("C18").compute(opener).verdict is Verdict.HOLDS


def test_c22_by_the_shipped_trainings(opener):
    plain, warm = data("q17_residual"), data("q18_norm")

    def last(runs, layers):
        return [np.mean([curve[-2:] for curve in run["curves"]]) for run in runs[str(layers)].values()]

    result = claim("C22").compute(opener)
    assert result["pre"] == pytest.approx(min(last(plain["pre"], 16) + last(warm["pre_warm"], 16)))
    assert result["post"] == pytest.approx(min(last(warm["post"], 16) + last(warm["post_warm"], 16)))
    assert result["without"] == sum(loss < 0.5 for loss in last(warm["post"], 4))
    assert result["with"] == sum(loss < 0.5 for loss in last(warm["post_warm"], 4))
    assert result.verdict is Verdict.ONLY_IF


def test_c22_the_trained_encoder_ends_each_layer_with_a_norm(opener):
    model = opener("all-MiniLM-L6-v2")
    with torch.no_grad():
        states = model.network.base_model(torch.tensor([[101, 2023, 2003, 102]]), output_hidden_states=True).hidden_states
    for layer, state in zip(model.network.base_model.encoder.layer, states[1:], strict=True):
        norm = layer.output.LayerNorm
        free = ((state - norm.bias) / norm.weight).detach()
        assert float(free.mean(-1).abs().max()) < 1e-3 and float((free.std(-1, correction=0) - 1).abs().max()) < 1e-3


@pytest.mark.parametrize(("loss", "verdict"), [(0.1, Verdict.FAILS), (9.0, Verdict.HOLDS)])
def test_c22_the_verdict_follows_the_losses(opener, monkeypatch, loss, verdict):
    monkeypatch.setattr(q18_norm, "losses", lambda _behind: np.full((2, len(deep.DEPTHS), len(deep.RATES)), loss))
    monkeypatch.setattr(sublayers, "norms", lambda _model, _tokens: ("pre", ""))
    assert claim("C22").compute(opener).verdict is verdict


def test_c23_by_the_shipped_toys_and_the_real_layers_before_their_activation(opener):
    toys = data("q19_ffn")
    result = claim("C23").compute(opener)
    for name in ("begun", "after"):
        assert result[name] == pytest.approx(1 - np.mean([run[name] for width in "1248" for run in toys[width]]))
    assert result["wide"] == pytest.approx(1 - np.mean([run["after"] for run in toys["8"]]))
    model, inputs = opener("gpt2-mini"), []
    network = copy.deepcopy(model.network)
    for block in network.transformer.h:
        block.mlp.c_fc.register_forward_hook(lambda _module, _args, output: inputs.append(float((output <= 0).float().mean())))
    with torch.inference_mode():
        network(torch.tensor([model.tokenizer(q17_residual.TEXT).input_ids]))
    assert result["real"] == pytest.approx(np.mean(inputs), abs=1e-3)
    assert result.verdict is Verdict.ONLY_IF


@pytest.mark.parametrize(("begun", "trained", "verdict"), [(0.5, 0.5, Verdict.HOLDS), (0.2, 0.1, Verdict.FAILS), (0.5, 0.1, Verdict.ONLY_IF)])
def test_c23_the_verdict_follows_the_shares(opener, monkeypatch, begun, trained, verdict):
    monkeypatch.setattr(q19_ffn, "trained_toys", lambda: {"loss": [0.0] * 5, "begun": [begun] * 5, "after": [begun] * 5})
    units = np.where(np.arange(100) < 100 * trained, 1.0, -1.0)[None]
    monkeypatch.setattr(sublayers, "units", lambda _model, _tokens: [units])
    assert claim("C23").compute(opener).verdict is verdict


def test_c29_by_the_matrices_of_a_feed_forward_network_alone():
    """Tokens and positions of deviation 0.02, their sum normalised, two matrices of deviation 0.02, and a GELU between them."""
    random = np.random.default_rng(0)
    stream = random.normal(0, 0.02, (64, 768)) + random.normal(0, 0.02, (64, 768))
    normed = (stream - stream.mean(axis=1, keepdims=True)) / stream.std(axis=1, keepdims=True)
    inner = normed @ random.normal(0, 0.02, (768, 3072))
    inner = inner / 2 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    added = np.linalg.norm(inner @ random.normal(0, 0.02, (3072, 768))) / np.linalg.norm(stream)
    result = claim("C29").compute(None)
    assert result["added"] == pytest.approx(added, rel=0.05)
    assert result.verdict is Verdict.FAILS


def test_c29_the_stream_of_torchs_own_pre_ln_layers_grows_as_much():
    """Causal, with matrices that keep the variance of what goes in."""
    torch.manual_seed(0)
    layers = [nn.TransformerEncoderLayer(64, 2, 256, 0.0, "gelu", batch_first=True, norm_first=True) for _layer in range(96)]
    with torch.inference_mode():
        for weight in (w for layer in layers for w in layer.parameters() if w.dim() == 2):
            weight.normal_(std=weight.shape[1] ** -0.5)
        x, sizes = torch.randn(8, 12, 64), []
        for layer in layers:
            x = layer.train()(x, src_mask=nn.Transformer.generate_square_subsequent_mask(12), is_causal=True)
            sizes.append(float(x.square().mean().sqrt()))
    result = claim("C29").compute(None)
    assert [result["first"], result["twelve"], result["last"]] == pytest.approx([sizes[0], sizes[11], sizes[95]], rel=0.35)
    assert sizes[95] > 5 * sizes[0]


def test_c29_would_hold_of_branches_that_start_at_nothing(monkeypatch):
    monkeypatch.setattr(depth, "begun_branch", lambda _d: 0.0)
    monkeypatch.setattr(deep, "begun", lambda kind, layers, width: deep.Begun([], [], [1.0] * (layers + 1)))
    assert claim("C29").compute(None).verdict is Verdict.HOLDS


@pytest.mark.parametrize("branch", [nn.Linear(16, 16), nn.ReLU(), nn.Tanh(), torch.neg, torch.zeros_like, torch.round])
def test_c30_no_function_of_x_tells_more_than_x(branch):
    """Counted in a dictionary."""
    x = torch.randn(300, 16, generator=torch.Generator().manual_seed(0)).round()
    x[::3] = x[0]

    def bits(rows):
        counts = {}
        for row in rows.tolist():
            counts[tuple(row)] = counts.get(tuple(row), 0) + 1
        return -sum(n / len(rows) * math.log2(n / len(rows)) for n in counts.values())

    with torch.no_grad():
        y = x + branch(x)
    assert depth._bits(x) == pytest.approx(bits(x)) and depth._bits(y) == pytest.approx(bits(y))
    assert bits(y) <= bits(x) + 1e-9


def test_c30_verdict(monkeypatch):
    assert claim("C30").compute(None).verdict is Verdict.FAILS
    monkeypatch.setattr(depth, "_bits", lambda _rows: 10.0)
    assert claim("C30").compute(None).verdict is Verdict.FAILS
    monkeypatch.setattr(q17_residual, "through", lambda c: [1.0] * 101)
    assert claim("C30").compute(None).verdict is Verdict.HOLDS
