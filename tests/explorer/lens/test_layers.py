"""The logit lens against the output head of each architecture, applied by hand to the hidden states that transformers returns."""

import numpy as np
import pytest
import torch

import models
from explorer.lens import layers
from tests import tiny as making

HEADS = {
    "bert": lambda network, states: network.cls(states),
    "roberta": lambda network, states: network.lm_head(states),
    "albert": lambda network, states: network.predictions(states),
    "gpt2": lambda network, states: network.lm_head(network.transformer.ln_f(states)),
    "llama": lambda network, states: network.lm_head(network.model.norm(states)),
    "gpt_neox": lambda network, states: network.lm_head(network.gpt_neox.final_layer_norm(states)),
}


def text_for(name: str) -> str:
    return "the" if name == "gpt2" else "the cat sat"


@pytest.mark.parametrize("name", HEADS)
def test_each_layer_is_read_by_the_head(tiny, name):
    model = tiny(name)
    found = layers.lens(model, text_for(name), k=3)
    with torch.no_grad():
        ids = torch.tensor([model.tokenizer(text_for(name))["input_ids"]])
        outputs = model.network(ids, output_hidden_states=True)
        # The last of transformers' states has passed the final norm already, so it is compared with the logits themselves.
        expected = [HEADS[name](model.network, states)[0] for states in outputs.hidden_states[:-1]] + [outputs.logits[0]]
    last = expected[-1].log_softmax(-1)
    assert len(found.chance) == len(expected) == 3
    for layer, logits in enumerate(expected):
        chances = logits.softmax(-1)
        np.testing.assert_array_equal(found.ids[layer, :, 0], logits.argmax(-1).numpy())
        np.testing.assert_allclose(found.chances[layer], chances.topk(3).values.numpy(), atol=1e-5)
        np.testing.assert_allclose(found.entropy[layer], -(chances * chances.log()).sum(-1).numpy(), atol=1e-4)
        np.testing.assert_allclose(found.divergence[layer], (last.exp() * (last - chances.log())).sum(-1).numpy(), atol=1e-4)
        for at, number in enumerate(found.chosen):
            assert found.chance[layer, at] == pytest.approx(float(chances[at, number]), abs=1e-5)
            assert found.rank[layer, at] == int((chances[at] > chances[at, number]).sum())
    np.testing.assert_array_equal(found.rank[-1], 0)


@pytest.mark.parametrize("name", [n for n in [*making.ENCODERS, *making.DECODERS] if n != "electra"])
def test_the_last_layer_is_the_model(tiny, name):
    found = layers.lens(tiny(name), text_for(name))
    np.testing.assert_allclose(found.divergence[-1], 0, atol=1e-5)
    assert found.chances.shape == (3, len(found.labels), 5)


@pytest.mark.parametrize("name", [n for n in [*making.ENCODERS, *making.DECODERS] if n != "electra"])
@pytest.mark.parametrize("tokens", [1, 2])
def test_blocks_of_tokens_change_nothing_and_no_more_logits_are_made(tiny, monkeypatch, name, tokens):
    model, text = tiny(name), text_for(name)
    whole = layers.lens(model, text, k=3)
    vocabulary, head = layers.checked(model), model.network.get_output_embeddings().weight
    made: list[tuple[int, ...]] = []

    def linear(*given: torch.Tensor, real: object = torch.nn.functional.linear) -> torch.Tensor:
        out = real(*given)
        if given[1].data_ptr() == head.data_ptr():
            made.append(tuple(out.shape[:-1]))
        return out

    monkeypatch.setattr(layers, "BLOCK_BYTES", 4 * vocabulary * tokens)
    monkeypatch.setattr(torch.nn.functional, "linear", linear)
    told: list[float] = []
    found = layers.lens(model, text, k=3, progress=told.append)
    for array in ("ids", "chosen", "rank"):
        np.testing.assert_array_equal(getattr(found, array), getattr(whole, array))
    for array in ("chances", "chance", "entropy", "divergence"):
        # Rounding in float32: a block of another size is summed in another order.
        np.testing.assert_allclose(getattr(found, array), getattr(whole, array), rtol=2e-6, atol=1e-6)
    assert found.words == whole.words and found.labels == whole.labels
    assert told == sorted(told) and told[-1] == 1
    n = len(found.labels)
    blocks = [(1, min(tokens, n - start)) for start in range(0, n, tokens)]
    assert made == [(1, 1)] + [block for block in blocks for _layer in found.chance], "once to run the layers, then a block at a time"


def test_a_chosen_word_and_a_mask(tiny):
    found = layers.lens(tiny("bert"), "the cat sat", masked=2, chosen=9)
    assert found.labels[2] == "[MASK]" and (found.chosen == 9).all()


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("t5", {}, "two stacks"),
        ("falcon", {}, "view-only"),
        ("electra", {}, "predicts no words"),
        ("gpt2", {"masked": 1}, "no mask token"),
        ("bert", {"masked": 50}, "no token 50"),
        ("bert", {"chosen": 32}, "no id 32"),
    ],
)
def test_errors(tiny, name, how, said):
    with pytest.raises(models.InputError, match=said):
        layers.lens(tiny(name), "the cat", **how)
