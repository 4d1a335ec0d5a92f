"""A logit taken apart: the sum on every architecture, and each part of GPT-2 against the same worked out by hand."""

import numpy as np
import pytest
import torch

import explorer
import models
from explorer.lens import contributions as parts
from models.opening.in_float32 import HALF
from models.surgery import slicing
from tests import tiny as making

PREDICT = [name for name in [*making.ENCODERS, *making.DECODERS] if name != "electra"]


@pytest.mark.parametrize("name", PREDICT)
def test_the_parts_sum_to_the_logit(tiny, name):
    text = "the" if name == "gpt2" else "the cat sat on mat"
    for at, number in ((1, None), (2, 7)):
        found = parts.contributions(tiny(name), text, at, number)
        assert found.deviation < 1e-4
        assert found.heads.shape == (2, 4) and np.abs(found.heads).max() > 0
        # Toys and others without a feed-forward network have nothing there.
        assert found.feed_forward.any() == (name != "toy_rope")


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("name", PREDICT)
def test_half_precision_is_taken_apart_in_float32(name, dtype, tmp_path):
    making.save(name, tmp_path)
    half = models.load(tmp_path, device="cpu", dtype=str(dtype).removeprefix("torch."))
    text = "the" if name == "gpt2" else "the cat sat"
    found = parts.contributions(half, text, 1, 7)
    # The same weights, rounded to half precision, in a network of float32.
    half.network.float()
    known = parts.contributions(half, text, 1, 7)
    assert found.deviation < 1e-4 and found.logit == pytest.approx(known.logit, abs=1e-5)
    np.testing.assert_allclose(found.heads, known.heads, atol=1e-5)
    np.testing.assert_allclose(found.feed_forward, known.feed_forward, atol=1e-5)


def test_a_difference_of_two_logits(tiny):
    model = tiny("llama")
    one, other = (parts.contributions(model, "the cat sat", 2, number) for number in (5, 6))
    both = parts.contributions(model, "the cat sat", 2, 5, against=6)
    np.testing.assert_allclose(both.heads, one.heads - other.heads, atol=1e-5)
    assert both.logit == pytest.approx(one.logit - other.logit, abs=1e-5) and np.isnan(both.chance)


def test_each_part_of_gpt2_by_hand(tiny):
    model, at, number = tiny("gpt2"), 2, 70
    found = parts.contributions(model, "the", at, number)
    network, captured = model.network, explorer.capture(model, "the")
    kept = {}
    hooks = [network.transformer.ln_f.register_forward_hook(lambda _m, args, _out: kept.update(final=args[0]))]
    hooks += [block.mlp.register_forward_hook(lambda _m, _a, out, i=i: kept.update({i: out})) for i, block in enumerate(network.transformer.h)]
    with torch.no_grad():
        embedded = network.transformer.wte(torch.tensor(captured.sides["decoder"].ids)) + network.transformer.wpe.weight[:3]
        network(torch.tensor([captured.sides["decoder"].ids]))
    for hook in hooks:
        hook.remove()
    norm, row = network.transformer.ln_f, network.lm_head.weight[number].detach()
    weight, bias = norm.weight.detach(), norm.bias.detach()
    deviation = (kept["final"][0, at].var(unbiased=False) + norm.eps).sqrt().detach()

    def direct(vector: torch.Tensor) -> float:
        return float(((vector - vector.mean()) / deviation * weight) @ row)

    size = 6
    for layer, block in enumerate(network.transformer.h):
        for head in range(4):
            z = torch.from_numpy(captured.outputs(layer, head)[at])
            passed = z @ block.attn.c_proj.weight.detach()[head * size : (head + 1) * size]
            assert found.heads[layer, head] == pytest.approx(direct(passed), abs=1e-4)
        assert found.feed_forward[layer] == pytest.approx(direct(kept[layer][0, at].detach()), abs=1e-4)
    assert found.embedding == pytest.approx(direct(embedded[at]), abs=1e-4)
    biases = sum(direct(block.attn.c_proj.bias.detach()) for block in network.transformer.h) + float(bias @ row)
    assert found.biases == pytest.approx(biases, abs=1e-4)


def test_the_network_stays_as_it_is(tiny):
    model = tiny("bert")
    before = explorer.capture(model, "the cat sat").patterns(1)
    parts.contributions(model, "the cat sat")
    np.testing.assert_array_equal(explorer.capture(model, "the cat sat").patterns(1), before)
    assert all(parameter.grad is None for parameter in model.network.parameters())


def test_what_does_not_add_up_is_said(tiny, monkeypatch):
    model = tiny("llama")
    head = model.network.lm_head
    handle = head.register_forward_hook(lambda _m, _a, out: 30 * torch.tanh(out / 3))
    try:
        with pytest.raises(models.InputError, match="do not add up"):
            parts.contributions(model, "the cat sat")
    finally:
        handle.remove()


@pytest.mark.parametrize(("how", "said"), [({"at": 7}, "no token 7"), ({"number": 99}, "no id 99"), ({"against": -1}, "no id -1")])
def test_errors(tiny, how, said):
    with pytest.raises(models.InputError, match=said):
        parts.contributions(tiny("llama"), "the cat sat", **how)


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert"])
def test_a_layer_without_heads_adds_nothing_and_the_rest_adds_up(tiny, name):
    model = tiny(name)
    small = slicing.sliced(model, {0: range(4), 1: [0, 1]})
    found = parts.contributions(small, "the cat sat" if name != "gpt2" else "the")
    assert found.deviation < 1e-3 and np.isnan(found.heads[0]).all() and np.isfinite(found.heads[1, :2]).all()
