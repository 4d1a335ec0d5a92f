"""One fused call gives what the blocks give: output, row statistics and patterns, whatever is masked, added, cut or grouped."""

import math
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import attention
from models.attention import kernel, scoring
from models.attention.calls import Call
from models.opening import sites
from tests import tiny as making
from tests.models.attention.test_function import EXACT, batch

CLOSE = {**EXACT, "equal_nan": True}
LOWEST = torch.finfo(torch.float32).min


def both(call: Call) -> tuple[tuple, tuple]:
    with torch.no_grad():
        return call.fused(), call.in_blocks(0.0)


def lse(found: tuple) -> torch.Tensor:
    return found[1] + found[2].log()


def pattern_of(call: Call, found: tuple) -> torch.Tensor:
    q, k, v = call.query, call.key, call.value
    record = attention.Record(q, k, v, call.scale, call.mask, call.bias, call.allow, None, found[1], found[2], causal=call.causal)
    return torch.stack([record.patterns(example=example) for example in range(len(q))])


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Every way to hide, to add, to group and to scale; some rows see nothing."""
    examples, kv_heads, group = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    rows, keys, width = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 6))
    value_width, heads = draw(st.sampled_from([width, width + 3, max(1, width - 2)])), kv_heads * group
    torch.manual_seed(draw(st.integers(0, 999)))
    q = torch.randn(examples, rows, heads, width).transpose(1, 2) * draw(st.sampled_from([0.1, 1.0, 3.0]))
    k, v = torch.randn(examples, kv_heads, keys, width), torch.randn(examples, kv_heads, keys, value_width)

    def shape() -> tuple[int, ...]:
        return (*(draw(st.sampled_from(sorted({1, n}))) for n in (examples, heads, rows)), keys)

    seen = torch.rand(shape()) < draw(st.sampled_from([0.2, 0.7]))
    hide = draw(st.sampled_from(["no", "bool", "lowest", "infinite", "half", "some"]))
    lowest = {"lowest": LOWEST, "infinite": -math.inf, "half": -65504.0, "some": -2.0}.get(hide)
    mask = None if hide == "no" else seen if lowest is None else torch.where(seen, 0.0, lowest)
    if hide == "half":
        mask = mask.half()
    bias = torch.randn(shape()) if draw(st.booleans()) else None
    # A `Change` cuts edges for all heads and rows by number.
    allow = torch.rand(shape()[0], heads, rows, keys) < 0.5 if draw(st.booleans()) else None
    scale = torch.full((1, heads, 1, 1), draw(st.floats(0.01, 1)))
    if draw(st.booleans()):
        scale = scale * torch.rand(1, heads, 1, 1)
    sinks = torch.randn(heads) if draw(st.booleans()) else None
    causal = mask is None and draw(st.booleans())
    return Call(q, k, v, scale, mask, bias, allow, causal, None, sinks, "softmax", None, attention.Run())


@given(calls(), st.sampled_from([1, 200, 2**20]))
@settings(max_examples=300)
def test_it_gives_what_the_blocks_give(call, added_bytes):
    with mock.patch.object(kernel, "_ADDED_BYTES", added_bytes):
        fused, blocks = both(call)
    assert kernel.serves(call.query, call.key, call.value)
    for i in (0, 1, 2):
        assert fused[i].shape == blocks[i].shape and fused[i].dtype == blocks[i].dtype
    torch.testing.assert_close(fused[0], blocks[0], **CLOSE)
    torch.testing.assert_close(lse(fused), lse(blocks), rtol=1e-6, atol=1e-5, equal_nan=True)
    torch.testing.assert_close(pattern_of(call, fused), pattern_of(call, blocks), **CLOSE)


@pytest.mark.parametrize("name", making.DISPATCHED)
@pytest.mark.parametrize("padded", [False, True])
def test_every_architecture_gives_the_same_in_both_ways(tiny, name, padded, monkeypatch):
    model, given = tiny(name), batch(name)
    if not padded:
        given = {key: values for key, values in given.items() if key != "attention_mask"}
    given = sites.inputs_for(model.network, **given)
    used = []
    with monkeypatch.context() as patch:
        patch.setattr(kernel, "_call", lambda *args, call=kernel._call: used.append(1) or call(*args))
        with torch.no_grad(), attention.attending(model.sites_of) as run:
            fused = model.network(**given).logits
    softmax = all(record.normaliser == "softmax" for record in run.records)
    assert bool(used) == softmax
    monkeypatch.setattr(kernel, "serves", lambda *_given: False)
    with torch.no_grad(), attention.attending(model.sites_of) as blocks:
        expected = model.network(**given).logits
    torch.testing.assert_close(fused, expected, **EXACT)
    for one, other in zip(run.records, blocks.records, strict=True):
        for example in range(2):
            torch.testing.assert_close(one.patterns(example=example), other.patterns(example=example), **EXACT)
            torch.testing.assert_close(one.uniform(example=example), other.uniform(example=example), **EXACT)
            assert torch.equal(one.visible(example=example), other.visible(example=example))
        if one.normaliser == "softmax":
            torch.testing.assert_close(one.lse, other.lse, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in making.DECODERS if not name.startswith("toy")])
def test_no_mask_is_made_that_only_says_looks_back(tiny, name):
    model = tiny(name)
    model.network.set_attn_implementation(attention.LEAN)  # as it is opened; tests that compare with eager attention leave the other name
    with torch.no_grad(), attention.attending(model.sites_of) as run:
        model.network(**sites.inputs_for(model.network, input_ids=batch(name)["input_ids"]))
    assert all(record.mask is None and record.causal and not record.visible().triu(1).any() for record in run.records)
    with torch.no_grad(), attention.attending(model.sites_of) as run:
        model.network(**sites.inputs_for(model.network, **batch(name)))
    assert not any(record.causal for record in run.records) and not run.records[0].visible(example=1)[:, 6:].any()


def test_who_wants_weights_or_gradients_gets_blocks(tiny, monkeypatch):
    model = tiny("gpt2")
    monkeypatch.setattr(kernel, "_call", mock.Mock(side_effect=AssertionError("the kernel was called")))
    given = sites.inputs_for(model.network, **batch("gpt2"))
    model.network(**given).logits.sum().backward()
    model.network.zero_grad()
    seen = []
    with torch.no_grad(), attention.attending(model.sites_of, observe=lambda *told: seen.append(told)):
        model.network(**given)
    assert len(seen) == len(model.sites)
    q = torch.randn(1, 2, 4, 3)
    with torch.no_grad():
        attention.attention_function(torch.nn.Identity(), q, q, q, None, softcap=2.0)
        attention.attention_function(torch.nn.Identity().train(), q, q, q, None, dropout=0.5)
        half = q.bfloat16()
        attention.attention_function(torch.nn.Identity(), half, half, half, None)
    torch.func.vmap(lambda one: attention.attention_function(torch.nn.Identity(), one, one, one, None)[0])(q[None])


@pytest.mark.parametrize("rows", [6, 9])
def test_an_observer_is_told_a_causal_mask(rows):
    q, k, told = torch.randn(1, 2, rows, 3), torch.randn(1, 2, 9, 3), []
    with attention.attending(observe=lambda _site, _rows, weights, mask: told.append((weights, mask))):
        attention.attention_function(torch.nn.Identity(), q, k, k, None, causal=True)
    ((weights, mask),) = told
    assert torch.equal(mask[0, 0], torch.ones(rows, 9, dtype=torch.bool).tril()) and not weights[..., ~mask[0, 0]].any()


@given(st.integers(1, 9), st.integers(1, 9))
def test_the_uniform_mean_of_what_was(rows, keys):
    values = torch.randn(2, 3, keys, 4)
    mask = torch.ones(1, 1, rows, keys, dtype=torch.bool).tril()
    torch.testing.assert_close(scoring.uniform(values, None, rows, causal=True), scoring.uniform(values, mask, rows), **EXACT)
