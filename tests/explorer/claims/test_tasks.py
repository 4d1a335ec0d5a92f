"""Claims about what models are for, against what transformers and a loop say."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from explorer.claims import Verdict, claim, tasks
from models import load
from tests.explorer.claims.shared import found, model


def test_bert_has_no_attention_to_a_source(monkeypatch):
    def crossing(name):
        return sum(part.endswith(("encoder_attn", "crossattention", "cross_attention")) for part, _m in model(name).network.named_modules())

    assert (found("C10")["bert"], found("C10")["translator"]) == (crossing(tasks.BERT), crossing(tasks.TRANSLATOR))
    assert found("C10").verdict is Verdict.FAILS
    monkeypatch.setattr(tasks, "BERT_TASKS", (*tasks.BERT_TASKS, "WMT14"))
    assert claim("C10").compute(model).verdict is Verdict.HOLDS


def test_the_share_that_looks_ahead_is_that_of_eager_attention():
    opened = load("bert-mini", "cpu")
    network = type(opened.network).from_pretrained(opened.network.name_or_path, attn_implementation="eager")
    with torch.no_grad():
        weights = network(**opened.tokenizer(tasks.TEXTS[0], return_tensors="pt"), output_attentions=True).attentions
    shares = [
        sum(float(head[i, j]) for i in range(len(head)) for j in range(i + 1, len(head))) / len(head) for layer in weights for head in layer[0]
    ]
    assert found("C10")["ahead"] == pytest.approx(np.mean(shares), rel=1e-4)


def test_a_causal_mask_hides_what_is_ahead_and_nothing_else(monkeypatch):
    n = len(model(tasks.DECODER).tokenizer(tasks.TEXTS[0]).input_ids)
    assert found("C11")["hidden"] == sum(1 for i in range(n) for j in range(n) if j > i)
    assert found("C11")["future"] == 1 and found("C11")["differ"] == 0 and found("C11").verdict is Verdict.FAILS
    random = np.random.default_rng(0)
    monkeypatch.setattr(tasks, "capture", lambda _model, _text: SimpleNamespace(visible=lambda _layer: random.random((6, 6)) > 0.15))
    assert claim("C11").compute(model).verdict is Verdict.HOLDS
