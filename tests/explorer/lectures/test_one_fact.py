"""One new fact: transformers' own GPT-2 that reads it, trains all its weights on it, or wears peft's LoRA."""

import numpy as np
import peft
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from explorer.lectures import one_fact, shipped
from explorer.lectures.edits import NEIGHBOURS
from explorer.lectures.one_fact import FACTS, FULL_RATE, LORA_RATE, MOST_TOLD
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models.opening import catalogue

DEMO = demo("Q24b")
FOLDER = catalogue.bundled_folder("gpt2-mini")


def found():
    return shipped.read("q24b_forgetting").data["fact"]


def network():
    return AutoModelForCausalLM.from_pretrained(FOLDER, attn_implementation="eager", dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def tokens():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    return lambda text: tokenizer(text, return_tensors="pt")["input_ids"]


@torch.no_grad()
def likeliest(reader, ids):
    return int(reader(input_ids=ids).logits[0, -1].argmax())


def test_what_is_new_is_one_word_that_the_model_does_not_think_of(tokens):
    reader = network()
    for prompt, word in FACTS:
        assert tokens(word).shape == (1, 1) and likeliest(reader, tokens(prompt)) != int(tokens(word))
    assert found()["before"] == 0


def test_in_the_context_a_fact_is_told_until_it_comes_back(tokens):
    reader = network()
    usual = [likeliest(reader, tokens(text)) for text in NEIGHBOURS]
    for i, (prompt, word) in enumerate(FACTS):
        times, sentence = 0, prompt + word + ". "
        while times < MOST_TOLD:
            times += 1
            if likeliest(reader, tokens(times * sentence + prompt)) == int(tokens(word)):
                assert found()["known"]["context"][i] == times
                break
        else:
            assert found()["known"]["context"][i] is None
        after = [likeliest(reader, tokens(times * sentence + text)) for text in NEIGHBOURS]
        assert found()["kept"]["context"][i] == sum(a == b for a, b in zip(usual, after, strict=True))


def taught(reader, weights, rate, ids, word):
    """Steps until the word is the likeliest one; the network is left as it is then."""
    optimiser, steps = torch.optim.AdamW(weights, lr=rate, weight_decay=0), 0
    while likeliest(reader, ids) != word:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(reader(input_ids=ids).logits[:, -1], torch.tensor([word])).backward()
        optimiser.step()
        steps += 1
    return steps


def test_all_weights_learn_it_in_as_many_steps(tokens):
    usual = [likeliest(network(), tokens(text)) for text in NEIGHBOURS]
    for i in (0, 1, 4):
        reader = network()
        prompt, word = FACTS[i]
        assert taught(reader, list(reader.parameters()), FULL_RATE, tokens(prompt), int(tokens(word))) == found()["known"]["full"][i]
        after = [likeliest(reader, tokens(text)) for text in NEIGHBOURS]
        # A tie between two words falls this way or that, by rounding.
        assert abs(sum(a == b for a, b in zip(usual, after, strict=True)) - found()["kept"]["full"][i]) <= 1
    assert found()["numbers"]["full"] == sum(weight.numel() for weight in reader.parameters())


@pytest.mark.parametrize("rank", [1, 4])
def test_adapters_are_those_of_peft(tokens, rank):
    """Another library's LoRA of the same matrices, from the same start."""
    usual = [likeliest(network(), tokens(text)) for text in NEIGHBOURS]
    i, config = 1, peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)
    reader = network()
    base = {name: weight.detach().clone() for name, weight in reader.named_parameters()}
    wrapped = peft.get_peft_model(reader, config).eval()
    assert found()["numbers"][f"lora{rank}"] == wrapped.get_nb_trainable_parameters()[0]
    for name, (down, up) in one_fact.adapters(base, rank).items():
        module = wrapped.base_model.model.get_submodule(name.removesuffix(".weight"))
        with torch.no_grad():
            module.lora_A["default"].weight.copy_(down.T)
            module.lora_B["default"].weight.copy_(up.T)
    weights = [weight for weight in wrapped.parameters() if weight.requires_grad]
    prompt, word = FACTS[i]
    assert taught(wrapped, weights, LORA_RATE, tokens(prompt), int(tokens(word))) == found()["known"][f"lora{rank}"][i]
    after = [likeliest(wrapped, tokens(text)) for text in NEIGHBOURS]
    assert abs(sum(a == b for a, b in zip(usual, after, strict=True)) - found()["kept"][f"lora{rank}"][i]) <= 1
    # Taken off, the fact is gone: no weight of the model itself has moved.
    with wrapped.disable_adapter():
        assert likeliest(wrapped, tokens(prompt)) != int(tokens(word))


@pytest.mark.parametrize("rank", [1, 8])
def test_measures_and_pictures_are_of_the_chosen_rank(opener, rank):
    result = DEMO.compute(opener, rank=rank, view="fact")
    kept = found()
    for way, name in (("context", "context"), ("lora", f"lora{rank}"), ("full", "full")):
        counts = [n for n in kept["known"][name] if n is not None]
        assert result[f"fact_{way}"] == len(counts) / 10 and result[f"times_{way}"] == pytest.approx(sum(counts) / len(counts))
        assert result[f"others_{way}"] == pytest.approx(sum(kept["kept"][name]) / 80)
    assert result["fact_before"] == 0 and result["times_full"] < result["times_lora"]
    words = read("q24b_forgetting", "en")
    curve, table = DEMO.pictures(result, words, False)
    points = curve.tables["points"]
    for way, name in (("context", "context"), ("lora", f"lora{rank}"), ("full", "full")):
        mine = points[points["series"] == words.label(f"fact_way.{way}")].set_index("x")["y"]
        assert all(value == pytest.approx(np.mean([at is not None and at <= n for at in kept["known"][name]])) for n, value in mine.items())
        assert mine.iloc[0] == 0 and mine.iloc[-1] == pytest.approx(result[f"fact_{way}"])
    said = table.tables["cells"]["text"].tolist()
    assert f"{kept['numbers'][f'lora{rank}']:,}" in said and f"{result['others_full']:.0%}" in said
    assert len(DEMO.more(result, words, False)) == 2


def test_higher_ranks_need_fewer_steps():
    known = found()["known"]
    means = [np.mean(known[f"lora{rank}"]) for rank in (1, 2, 4, 8)]
    assert means == sorted(means, reverse=True) and np.mean(known["full"]) < means[-1]
