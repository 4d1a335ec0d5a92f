"""Claims about what comes out of attention, against independent computations."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.claims import Verdict, claim, output
from explorer.lectures import shipped
from tests.explorer.claims.shared import found, model


def values(name, layer):
    """Of all heads of a layer, (heads, token, d), from the states that transformers itself gives."""
    opened, heads = model(name), model(name).network.config.num_attention_heads
    ids = opened.tokenizer(output.TEXT, return_tensors="pt")
    with torch.no_grad():
        x = opened.network.base_model(**ids, output_hidden_states=True).hidden_states[layer]
        if name == output.ENCODER:
            v = opened.network.base_model.encoder.layer[layer].attention.self.value(x)
        else:
            block = opened.network.base_model.h[layer]
            v = block.attn.c_attn(block.ln_1(x)).chunk(3, dim=-1)[2]
    return v[0].double().unflatten(-1, (heads, -1)).transpose(0, 1).numpy()


def test_uniform_weights_give_a_mean_that_is_no_single_value():
    smallest = []
    for layer in range(model(output.ENCODER).network.config.num_hidden_layers):
        for v in values(output.ENCODER, layer):
            mean = sum(v) / len(v)
            smallest.append(min(np.linalg.norm(mean - one) for one in v) / np.mean([np.linalg.norm(one) for one in v]))
    assert found("C8")["nearest"] == pytest.approx(min(smallest), rel=1e-4) and found("C8").verdict is Verdict.FAILS


def test_were_the_output_one_of_the_values_the_claim_would_hold(monkeypatch):
    monkeypatch.setattr(output, "nearest_value", lambda _captured: 0.0)
    assert claim("C8").compute(model).verdict is Verdict.HOLDS


def test_a_matrix_does_not_bend_and_a_rectifier_does():
    one, other = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(1))
    assert output.bend(torch.nn.Linear(8, 8), one, other) < 1e-6
    bent = output.bend(torch.nn.ReLU(), one, other)
    by_hand = [max(a + b, 0) - max(a, 0) - max(b, 0) for a, b in zip(one.flatten().tolist(), other.flatten().tolist(), strict=True)]
    assert bent == pytest.approx(np.linalg.norm(by_hand) / float((one + other).clamp(min=0).norm()), rel=1e-5)


def test_the_output_projection_is_its_matrix(monkeypatch):
    captured = capture(model(output.DECODER), output.TEXT)
    module = model(output.DECODER).network.transformer.h[0].attn.c_proj
    z = torch.from_numpy(np.concatenate([captured.outputs(0, head) for head in range(captured.site(0).heads)], axis=1))
    assert torch.allclose(module(z), z @ module.weight + module.bias, atol=1e-5)
    assert found("C16")["linear"] < 1e-6 < 1e-2 < found("C16")["ffn"] and found("C16").verdict is Verdict.FAILS
    monkeypatch.setattr(output, "bend", lambda *_given: 0.5)
    assert claim("C16").compute(model).verdict is Verdict.HOLDS


def test_eight_heads_side_by_side_are_as_wide_as_their_input(monkeypatch):
    weights = torch.randn(3, 8, 512, 64)
    x = torch.randn(4, 512)
    heads = [((x @ q) @ (x @ k).T / 8).softmax(-1) @ (x @ v) for q, k, v in zip(*weights, strict=True)]
    assert found("C17")["width"] == torch.cat(heads, -1).shape[1] and found("C17").verdict is Verdict.FAILS
    worst = min(run["without"]["accuracy"] for run in shipped.read("q12_output").data.values())
    assert found("C17")["without"] == worst and found("C17")["saved"] == 1 - 3 / 4
    monkeypatch.setattr(output, "ToyAttention", lambda _config: lambda _x: (torch.zeros(1, 4, 7), None))
    assert claim("C17").compute(model).verdict is Verdict.HOLDS


def test_tied_keys_and_values_still_attend_to_a_source(monkeypatch):
    with torch.random.fork_rng():
        torch.manual_seed(output._SEED)
        module = output.ToyCrossAttention(output.ToyConfig(heads=2, tie_kv=True, attn_implementation="sdpa"))
        target, source, another = torch.randn(1, 5, 64), torch.randn(1, 7, 64), torch.randn(1, 7, 64)
    outs = []
    with torch.no_grad():
        for given in (source, another):
            heads = []
            for rows in (slice(0, 32), slice(32, 64)):
                q = target[0] @ module.query.weight[rows].T + module.query.bias[rows]
                k = given[0] @ module.key.weight[rows].T + module.key.bias[rows]
                heads.append((q @ k.T / 32**0.5).softmax(-1) @ k)
            outs.append(module.output(torch.cat(heads, -1)))
    assert found("C40")["moved"] == pytest.approx(float((outs[0] - outs[1]).norm() / outs[0].norm()), rel=1e-4)
    assert found("C40").verdict is Verdict.FAILS

    lost = {"rows": [[width, tied, 0, 0.1 if tied else 1.0] for width in (4, 16) for tied in (0, 1)]}
    monkeypatch.setattr(output.shipped, "read", lambda _name: SimpleNamespace(data=lost))
    assert claim("C40").compute(model).verdict is Verdict.HOLDS


def test_causal_means_of_prefixes_differ():
    largest = []
    for v in values(output.DECODER, 0):
        means = [sum(v[: i + 1]) / (i + 1) for i in range(len(v))]
        length = np.mean([np.linalg.norm(mean) for mean in means])
        largest.append(max(np.linalg.norm(a - b) for a, b in combinations(means, 2)) / length)
    assert found("C42")["causal"] == pytest.approx(max(largest), rel=1e-4)


def test_behind_the_residual_positions_differ(monkeypatch):
    network = model(output.ENCODER).network.base_model
    ids = model(output.ENCODER).tokenizer(output.TEXT, return_tensors="pt")
    layer = network.encoder.layer[0]
    with torch.no_grad():
        x = network(**ids, output_hidden_states=True).hidden_states[0]
        mean = layer.attention.self.value(x).mean(dim=1, keepdim=True).expand_as(x)
        attended = layer.attention.output(mean, x)
        state = layer.output(layer.intermediate(attended), attended)[0].double().numpy()
    closest = min(np.linalg.norm(a - b) for a, b in combinations(state, 2)) / np.mean([np.linalg.norm(one) for one in state])
    assert found("C42")["residual"] == pytest.approx(closest, rel=1e-4) and found("C42").verdict is Verdict.ONLY_IF
    monkeypatch.setattr(output, "DECODER", output.ENCODER)
    monkeypatch.setattr(output, "apart_after_layer", lambda *_given: 0.0)
    assert claim("C42").compute(model).verdict is Verdict.HOLDS
