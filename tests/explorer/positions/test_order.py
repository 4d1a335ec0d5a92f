"""Attention(PX) = P Attention(X) without positions, and not with them."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DebertaV2Config, DebertaV2ForMaskedLM

import models
from explorer.positions import order
from models import InputError
from models.opening.in_float32 import HALF
from tests import tiny as making

TEXT = "the cat sat on the mat because it was warm"
WORDS = 10
SCHEMES = ["learned", "none", "sinusoidal", "sinusoidal-concat", "rope", "alibi"]


@pytest.fixture(scope="module")
def toys():
    return {scheme: order.toy(scheme) for scheme in SCHEMES}


@given(st.permutations(range(5)), st.sampled_from(SCHEMES))
def test_toys_without_positions_are_equivariant(toys, permutation, scheme) -> None:
    found = order.permuted(toys[scheme], "我爱你主宾", permutation, positions=False)
    assert found.max < 1e-5
    assert np.abs(found.before).max() > 0.1  # zeros would be equivariant, too


@given(st.permutations(range(WORDS)))
@settings(max_examples=10)
def test_bert_without_positions_is_equivariant(bert, permutation) -> None:
    found = order.permuted(bert, TEXT, permutation, positions=False)
    assert found.max < 1e-5 and found.scale > 0.1


@pytest.mark.parametrize("name", ["roberta", "distilbert", "electra", "albert", "t5", "bart", "marian", "toy_sparsemax", "toy_pair"])
def test_every_bidirectional_stack_is_equivariant(tiny, name: str) -> None:
    permutation = [3, 1, 2, 0, 9, 8, 4, 5, 7, 6]
    off, on = (order.permuted(tiny(name), TEXT, permutation, positions=on) for on in (False, True))
    assert off.max < 1e-5 and not off.order_in_mask
    assert on.max > 0.1


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("name", ["bert", "toy_encoder", "toy_sparsemax", "t5"])
def test_half_precision_rounds_nothing_away(name: str, dtype: torch.dtype, tmp_path) -> None:
    making.save(name, tmp_path)
    half = models.load(tmp_path, device="cpu", dtype=str(dtype).removeprefix("torch."))
    masked = order._order_in_mask(half)
    found = order.permuted(half, "the cat sat on the mat", [3, 1, 5, 0, 2, 4], positions=False)
    assert half.dtype == dtype and (masked or found.max < 1e-5) and found.scale > 0.1


def test_positions_make_a_difference(bert, toys) -> None:
    assert order.permuted(bert, TEXT, range(WORDS)[::-1]).max > 0.1
    for scheme in ("learned", "sinusoidal", "sinusoidal-concat", "rope"):
        assert order.permuted(toys[scheme], "我爱你主宾", [1, 0, 2, 4, 3]).max > 1e-3
    assert order.permuted(toys["none"], "我爱你主宾", [1, 0, 2, 4, 3]).max < 1e-5


def test_alibi_that_looks_both_ways_cannot_tell_a_text_from_its_reverse(toys) -> None:
    assert order.permuted(toys["alibi"], "我爱你", [2, 1, 0]).max < 1e-5
    assert order.permuted(toys["alibi"], "我爱你", [1, 0, 2]).max > 1e-4


def test_shipped_toys_know_word_order_only_with_positions() -> None:
    folders = order.trained_toys()
    found = {name: order.permuted(models.load(folder, device="cpu"), "我爱你主宾", [2, 1, 0, 3, 4]).max for name, folder in folders.items()}
    assert found["order"] > 0.1 > 1e-5 > found["order-without-positions"]


def test_the_parts_of_the_result(bert) -> None:
    found = order.permuted(bert, "dog bites man", [2, 1, 0])
    assert found.labels == ("[CLS]", "dog", "bites", "man", "[SEP]")
    assert found.order == (0, 3, 2, 1, 4)  # what frames the text stays
    assert found.order == order.permuted(bert, "dog bites man", (0, 3, 2, 1, 4)).order
    with torch.inference_mode():
        reference = bert.network(torch.tensor([bert.tokenizer("man bites dog")["input_ids"]]), output_attentions=False)[0][0].numpy()
    assert np.allclose(found.after, reference, atol=1e-5)
    loop = [max(abs(a - b) for a, b in zip(found.after[i], found.before[found.order[i]], strict=True)) for i in range(5)]
    assert np.allclose(found.deviation, loop) and found.max == pytest.approx(max(loop))


def test_the_identity_moves_nothing(bert) -> None:
    assert order.permuted(bert, TEXT, range(WORDS)).max < 1e-5


@pytest.mark.parametrize("name", ["llama", "gpt_neox", "opt", "toy", "toy_rope"])
def test_a_causal_mask_is_order_itself(tiny, name: str) -> None:
    found = order.permuted(tiny(name), TEXT, range(WORDS)[::-1], positions=False)
    assert "causal" in found.order_in_mask and found.max > 1e-3


def test_a_window_is_order_itself(tiny) -> None:
    found = order.permuted(tiny("toy_encoder"), TEXT, [*range(1, WORDS), 0], positions=False)
    assert found.order_in_mask and found.max > 1e-3


@pytest.mark.parametrize("name", ["llama", "gpt_neox"])
def test_switched_off_is_as_if_all_stood_at_one_place(tiny, name: str) -> None:
    """Against transformers' own way to say so; with a mask, or it takes equal positions for texts that are packed together."""
    _check_blind(tiny(name), tiny(name).network.base_model, position_ids=torch.zeros((1, 5), dtype=torch.long))


@pytest.mark.parametrize(
    ("name", "where", "first"),
    [
        ("gpt2", "wpe", 0),
        ("opt", "decoder.embed_positions", 2),
        ("bert", "embeddings.position_embeddings", 0),
        ("roberta", "embeddings.position_embeddings", 1),  # its padding token stands at 0
    ],
)
def test_a_table_that_is_switched_off_adds_its_mean_everywhere(tiny, name: str, where: str, first: int) -> None:
    """Against a copy of the network in whose table each row is the mean of those that positions have; `first` is the first of them."""
    changed = copy.deepcopy(tiny(name).network.base_model)
    weight = changed.get_submodule(where).weight
    with torch.no_grad():
        weight[:] = torch.stack(list(weight[first:])).double().mean(0).float()
    _check_blind(tiny(name), changed)


def _check_blind(model, reference, **given) -> None:
    ids = torch.tensor([[7, 5, 9, 11, 8]])
    read = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.inference_mode():
        expected = reference(**read, **given)[0]
        blind = order.without_positions(model).base_model(**read)[0]
        seeing = model.network.base_model(**read)[0]
    assert torch.allclose(blind, expected, atol=1e-5)
    assert not torch.allclose(seeing, expected, atol=1e-2)


@pytest.mark.parametrize("text", ["I love you", "dog bites man", "no good"])
def test_minilm_without_positions_still_tells_words_apart(bert, text: str) -> None:
    """With its first row everywhere it takes each word for [CLS], and its outputs are all the same to 0.0002."""
    n = len(text.split())
    found = order.permuted(bert, text, range(n)[::-1], positions=False)
    assert found.max < 1e-5 and np.abs(found.before[1] - found.before[n]).max() > 0.1


@pytest.mark.parametrize("name", ["bert", "llama", "t5", "toy", "toy_alibi", "toy_mean"])
def test_nothing_is_left_on_a_shared_network(tiny, name: str) -> None:
    model = tiny(name)
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    buffers = [b.clone() for b in model.network.buffers()]
    config, hooks = copy.deepcopy(model.network.config.to_dict()), _hooks(model.network)
    order.permuted(model, TEXT, range(WORDS)[::-1], positions=False)
    assert all(torch.equal(value, before[key]) for key, value in model.network.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(buffers, model.network.buffers(), strict=True))
    assert model.network.config.to_dict() == config
    assert _hooks(model.network) == hooks


def _hooks(network: torch.nn.Module) -> list[int]:
    """How many each module has; transformers puts some on by itself."""
    return [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()]


def test_what_cannot_be_switched_off_is_said(tmp_path) -> None:
    """DeBERTa adds a table, which can be switched off, and looks at distances in its attention, which cannot."""
    shape = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
    config = DebertaV2Config(**shape, max_position_embeddings=40, relative_attention=True, pos_att_type=["p2c", "c2p"], pad_token_id=0)
    torch.manual_seed(0)
    network = DebertaV2ForMaskedLM(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(tmp_path)
    making.tokenizer("bert").save_pretrained(tmp_path)
    with pytest.raises(InputError, match="cannot be switched off"):
        order.permuted(models.load(tmp_path, device="cpu"), TEXT, range(WORDS)[::-1], positions=False)


@pytest.mark.parametrize("wrong", [[0, 0, 1], [0, 1], [1, 2, 3], [], list(range(6))])
def test_no_permutation(bert, wrong) -> None:
    with pytest.raises(InputError, match="no order of 5 tokens"):
        order.permuted(bert, "dog bites man", wrong)


@pytest.mark.parametrize("text", ["", "  ", [], [-1], [10**6]])
def test_no_text(bert, text) -> None:
    with pytest.raises(InputError):
        order.permuted(bert, text, [])
