"""Masks, against loops and the library's own eager attention."""

import copy
import math

import numpy as np
import pytest
import torch

from explorer.capture import capture
from explorer.claims import Verdict, claim, mask
from explorer.lectures import q20_mask, q23_serial


def eager(model):
    network = copy.deepcopy(model.network).float().eval()
    network.set_attn_implementation("eager")
    return network


def test_c12_the_leak_row_by_row(opener, monkeypatch):
    result = claim("C12").compute(opener)
    rows = [(5 - i) / 5 for i in range(1, 6)]  # row i sees i tokens of five, all of weight exp(0)
    assert result["five"] == pytest.approx(sum(rows) / 5)
    model = opener("gpt2-mini")
    ids = model.tokenizer(q20_mask.TEXT, return_tensors="pt").input_ids
    with torch.inference_mode():
        states = model.network(ids, output_hidden_states=True).hidden_states[2]
        block = model.network.transformer.h[2]
        query, key, _value = (part[0, :, 32:64] for part in block.attn.c_attn(block.ln_1(states)).chunk(3, dim=-1))
    leaks = []
    for i in range(len(query)):
        powers = [math.exp(float(query[i] @ key[j]) / math.sqrt(32)) if j <= i else 1.0 for j in range(len(key))]
        leaks.append(sum(powers[i + 1 :]) / sum(powers))
    assert result["real"] == pytest.approx(np.mean(leaks), abs=1e-4)
    assert result.verdict is Verdict.FAILS
    own = q20_mask.masked
    monkeypatch.setattr(q20_mask, "masked", lambda scores, seen, how: own(scores, seen, "inf"))
    assert claim("C12").compute(opener).verdict is Verdict.HOLDS


def test_c24_a_pass_for_each_token(opener, monkeypatch):
    network, model = eager(opener("gpt2-mini")), opener("gpt2-mini")
    calls = []
    network.transformer.h[0].register_forward_pre_hook(lambda *_args: calls.append(1))
    ids = model.tokenizer(mask.PROMPT, return_tensors="pt").input_ids
    network.generate(ids, max_new_tokens=5, min_new_tokens=5, do_sample=False, pad_token_id=0)
    assert len(calls) == mask.passes_for(model, 5) == 5
    result = claim("C24").compute(opener)
    assert result["training"] == 12 and result["generating"] == sum(12 for _token in range(1024))
    assert result.verdict is Verdict.FAILS
    monkeypatch.setattr(q23_serial, "serial_steps", lambda kind, n, layers, *, generating: layers)
    monkeypatch.setattr(mask, "passes_for", lambda _model, _tokens: 1)
    assert claim("C24").compute(opener).verdict is Verdict.HOLDS


def test_c27_the_newest_token_needs_no_mask_and_the_prompt_does(opener):
    model = opener("gpt2-mini")
    network = eager(model)
    ids = model.tokenizer(mask.PROMPT, return_tensors="pt").input_ids
    n = ids.shape[1]
    last_row_free = torch.tril(torch.ones(n, n))
    last_row_free[-1] = 1
    masks = {"usual": torch.tril(torch.ones(n, n)), "newest": last_row_free, "free": torch.ones(n, n)}
    with torch.inference_mode():
        given = {name: torch.where(seen > 0, 0.0, torch.finfo(torch.float32).min)[None, None] for name, seen in masks.items()}
        chances = {name: network(ids, attention_mask=added).logits[0, -1].double().softmax(-1) for name, added in given.items()}
    divergence = {name: float((chances["usual"] * (chances["usual"] / chances[name]).log()).sum()) for name in ("newest", "free")}
    result = claim("C27").compute(opener)
    assert divergence["newest"] == 0 and result["newest"] < 1e-9
    assert result["prompt"] == pytest.approx(divergence["free"], rel=1e-3)
    assert chances["usual"].argmax() != chances["free"].argmax()
    words = [model.tokenizer.decode(int(chances[name].argmax())).strip() for name in ("usual", "free")]
    assert words == [result.said["with"].strip(), result.said["without"].strip()]
    assert result["hidden_prompt"] == sum(i for i in range(n))
    assert result.verdict is Verdict.ONLY_IF


def test_c27_would_hold_of_a_prompt_that_is_read_the_same_without_a_mask(opener, monkeypatch):
    own = q20_mask.logits
    monkeypatch.setattr(q20_mask, "logits", lambda model, captured, masked=True: own(model, captured))
    assert claim("C27").compute(opener).verdict is Verdict.HOLDS


def test_c27_reads_the_last_token_alone_without_a_mask(opener):
    model = opener("gpt2-mini")
    captured = capture(model, mask.PROMPT)
    with torch.inference_mode():
        usual = eager(model)(torch.tensor([captured.queries().ids])).logits[0, -1]
    assert torch.allclose(mask.unmasked_newest(model, captured.queries().ids), usual, atol=1e-3)
