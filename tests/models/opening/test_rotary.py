"""Angles that depend on a text's length are those of this text, whatever others read."""

import threading

import pytest
import torch
import transformers

import models
from explorer.capture import capture_ids
from models.surgery.private import private
from tests import tiny

FIRST = 16
"""The length that the network was trained on."""


@pytest.fixture(scope="module")
def dynamic(tmp_path_factory) -> models.Model:
    folder = tmp_path_factory.mktemp("dynamic")
    torch.manual_seed(0)
    shape = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
    how = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    network = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape, max_position_embeddings=FIRST, rope_parameters=how, pad_token_id=0))
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.2 * torch.randn_like(weights))
    network.save_pretrained(folder)
    tiny.tokenizer("llama").save_pretrained(folder)
    return models.load(folder, "cpu")


def ids(n: int) -> torch.Tensor:
    return 5 + torch.arange(n)[None] % 20


def logits(network: torch.nn.Module, n: int) -> torch.Tensor:
    with torch.no_grad():
        return network(ids(n)).logits


def untouched(model: models.Model) -> torch.nn.Module:
    """The same network as transformers opens it, which has read nothing yet."""
    return type(model.network).from_pretrained(model.name, attn_implementation="eager").eval()


@pytest.mark.parametrize("n", [FIRST - 4, FIRST, FIRST + 8, 40])
def test_a_longer_text_before_it_changes_nothing(dynamic, n):
    expected = logits(untouched(dynamic), n)
    logits(dynamic.network, 60)
    torch.testing.assert_close(logits(dynamic.network, n), expected, atol=1e-5, rtol=0)
    copy = private(dynamic.network)
    logits(copy, 60)
    torch.testing.assert_close(logits(copy, n), expected, atol=1e-5, rtol=0)


def test_without_that_it_would():
    """What is guarded against is there: transformers' own network remembers."""
    torch.manual_seed(0)
    how = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    shape = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
    network = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape, max_position_embeddings=FIRST, rope_parameters=how)).eval()
    turned = network.model.rotary_emb
    logits(network, 24)
    before = turned.inv_freq.clone()
    logits(network, 60)
    logits(network, 24)
    assert not torch.equal(turned.inv_freq, before)


def test_two_viewers_read_short_and_long_texts_at_once(dynamic):
    alone = {n: capture_ids(models.load(dynamic.name, "cpu"), ids(n)[0].tolist()).patterns(1) for n in (24, 36)}
    wrong: list[float] = []

    def read(n: int) -> None:
        for _turn in range(12):
            found = capture_ids(dynamic, ids(n)[0].tolist()).patterns(1)
            wrong.extend([float(abs(found - alone[n]).max())] if (found != alone[n]).any() else [])

    threads = [threading.Thread(target=read, args=(n,)) for n in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
