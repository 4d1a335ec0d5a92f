"""With the weights of GPT-2 and BERT a toy computes what transformers' own code does."""

import pytest
import torch
import transformers

from models import InputError
from models.toy import parity
from tests import tiny
from tests.models.attention.test_function import batch

EXACT = {"rtol": 0, "atol": 1e-5}


@pytest.mark.parametrize(
    "switches", [{}, {"n_inner": 36, "activation_function": "relu", "scale_attn_weights": False, "tie_word_embeddings": False}]
)
def test_gpt2(switches):
    torch.manual_seed(0)
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(**tiny._DECODER, n_embd=24, n_layer=2, n_head=4, n_positions=40, **switches))
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    ours = parity.from_gpt2(theirs.eval())
    given = batch("gpt2")
    kept = given["attention_mask"].bool()
    with torch.no_grad():
        torch.testing.assert_close(ours(**given).logits[kept], theirs(**given).logits[kept], **EXACT)
    assert ours.num_parameters() == theirs.num_parameters()


def test_bert():
    theirs = tiny.network("bert")
    ours = parity.from_bert(theirs)
    given = batch("bert")
    kept = given["attention_mask"].bool()
    with torch.no_grad():
        expected = theirs(**given, output_hidden_states=True)
        found = ours(**given, output_hidden_states=True)
    torch.testing.assert_close(found.logits[kept], expected.logits[kept], **EXACT)
    for ours_, theirs_ in zip(found.hidden_states, expected.hidden_states, strict=True):
        torch.testing.assert_close(ours_[kept], theirs_[kept], **EXACT)
    assert ours.num_parameters() == theirs.num_parameters()


def test_the_gradients_are_theirs_too():
    theirs = tiny.network("gpt2")
    ours = parity.from_gpt2(theirs)
    ids = batch("gpt2")["input_ids"]
    theirs(ids, labels=ids).loss.backward()
    ours(ids[:, :-1], labels=ids[:, 1:]).loss.backward()
    found = ours.transformer.stack.layers[1].attention.qkv.weight.grad
    torch.testing.assert_close(found, theirs.transformer.h[1].attn.c_attn.weight.grad.T, **EXACT)
    torch.testing.assert_close(ours.get_input_embeddings().weight.grad, theirs.transformer.wte.weight.grad, **EXACT)


def test_what_a_toy_does_not_have_is_refused():
    scaled = transformers.GPT2Config(**tiny._DECODER, n_embd=24, n_layer=1, n_head=4, scale_attn_by_inverse_layer_idx=True)
    with pytest.raises(InputError, match="by layer"):
        parity.from_gpt2(transformers.GPT2LMHeadModel(scaled))
    decoder = transformers.BertConfig(**tiny._BERT, is_decoder=True)
    with pytest.raises(InputError, match="decoder"):
        parity.from_bert(transformers.BertForMaskedLM(decoder))
