"""Generation against transformers' own, and the attention of each step against a capture of the whole text."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

import models
from explorer import generate
from explorer.capture import capture_ids
from tests import tiny as making

ROOT = Path(__file__).resolve().parents[2]


def text_for(name: str) -> str:
    return "the" if name == "gpt2" else "the cat sat"


@pytest.mark.parametrize("name", [*making.DECODERS, "t5", "toy_pair", "falcon"])
def test_greedy_is_what_transformers_generates(tiny, name):
    model = tiny(name)
    steps = list(generate.generate(model, text_for(name), tokens=6))
    ids = torch.tensor([model.tokenizer(text_for(name))["input_ids"]])
    start = 1 if model.kind == "encoder-decoder" else ids.shape[1]
    with torch.no_grad():
        expected = model.network.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False, num_beams=1)
    assert [step.token.number for step in steps] == expected[0, start:].tolist()
    assert all(step.token.number == step.candidates[0].number for step in steps)


def test_a_text_that_outgrows_its_angles_goes_on_as_transformers_does(tmp_path):
    """Phi 3 turns all of a text by other angles above its first limit, so that nothing in the cache is right any more."""
    torch.manual_seed(1)
    how = {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0] * 3, "long_factor": [4.0] * 3}
    shape = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}
    shape |= {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "max_position_embeddings": 64}
    config = transformers.Phi3Config(**shape, rope_parameters=how, original_max_position_embeddings=16)
    network = transformers.Phi3ForCausalLM(config).eval()
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(tmp_path)
    making.tokenizer("llama").save_pretrained(tmp_path)
    model = models.load(tmp_path, device="cpu")
    ids = torch.randint(5, 25, (1, 12))
    with torch.no_grad():
        expected = network.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False)[0, 12:].tolist()
    steps = list(generate.generate(model, ids[0].tolist(), tokens=20))
    assert [step.token.number for step in steps] == expected and len(set(expected)) > 4
    for n in (15, 17, 25):
        captured = capture_ids(model, [*ids[0].tolist(), *expected[: n - 12]])
        np.testing.assert_allclose(steps[n - 12].attention["decoder"][1], captured.patterns(1)[:, -1], atol=2e-5)


def test_places_are_counted_where_the_first_layer_keeps_nothing_of_them(tmp_path):
    """MiniMax' cache asks its first layer how many tokens it holds: of one that mixes them in another way it says none, whatever it holds."""
    sizes = {"vocab_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32, "head_dim": 6}
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "max_position_embeddings": 40}
    layers = {"num_key_value_heads": 2, "num_local_experts": 2, "layer_types": ["linear_attention", "full_attention"]}
    torch.manual_seed(0)
    network = transformers.MiniMaxForCausalLM(transformers.MiniMaxConfig(**sizes, **ends, **layers)).eval()
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(tmp_path)
    making.tokenizer("llama").save_pretrained(tmp_path)
    ids = torch.tensor([[5, 7, 8, 9, 5, 11, 12, 13, 14]])
    expected = []
    with torch.no_grad():
        for _step in range(8):
            ids = torch.cat([ids, network(ids, use_cache=False).logits[:, -1:].argmax(-1)], dim=1)
            expected.append(ids[0, -1].item())
    model = models.load(tmp_path, device="cpu")
    assert [step.token.number for step in generate.generate(model, ids[0, :9].tolist(), tokens=8)] == expected


@pytest.mark.parametrize("name", ["gpt2", "llama", "toy", "falcon"])
def test_attention_and_chances_are_those_of_the_whole_text(tiny, name):
    model = tiny(name)
    ids = list(model.tokenizer(text_for(name))["input_ids"])
    for step in generate.generate(model, text_for(name), generate.Sampling(seed=3), tokens=4):
        captured = capture_ids(model, ids)
        for layer in range(2):
            np.testing.assert_allclose(step.attention["decoder"][layer], captured.patterns(layer)[:, -1], atol=1e-5)
        with torch.no_grad():
            chances = model.network(torch.tensor([ids])).logits[0, -1].softmax(-1)
        assert step.token.chance == pytest.approx(float(chances[step.token.number]), abs=1e-5)
        assert step.entropy == pytest.approx(float(-(chances * chances.log()).sum()), abs=1e-4)
        assert len(step.keys["decoder"]) == len(ids)
        ids.append(step.token.number)


def test_cross_attention_looks_at_the_source(tiny):
    step = next(generate.generate(tiny("bart"), "the cat sat"))
    assert step.attention["cross"].shape == (2, 4, 4) and step.keys["cross"][:3] == ("the", "cat", "sat")
    np.testing.assert_allclose(step.attention["cross"].sum(-1), 1, atol=1e-5)


def test_the_same_seed_gives_the_same_text_and_it_can_be_stopped(tiny):
    def first(seed: int) -> list[int]:
        made = generate.generate(tiny("llama"), "the cat", generate.Sampling(seed=seed), tokens=30)
        return [next(made).token.number for _ in range(8)]

    assert first(1) == first(1) and len({tuple(first(seed)) for seed in range(5)}) > 1


def test_sampling_controls_are_those_of_transformers(tiny):
    model = tiny("llama")
    sampling = generate.Sampling(temperature=0.5, top_k=3, top_p=0.8)
    step = next(generate.generate(model, "the cat", sampling, candidates=32))
    drawn = np.array([candidate.drawn for candidate in step.candidates])
    raw = np.array([candidate.chance for candidate in step.candidates])
    sharp = raw**2
    sharp[3:] = 0
    sharp /= sharp.sum()
    sharp[np.concatenate([[False], sharp.cumsum()[:-1] >= 0.8])] = 0
    np.testing.assert_allclose(drawn, sharp / sharp.sum(), atol=1e-5)
    assert drawn.sum() == pytest.approx(1, abs=1e-5)
    counts = np.zeros(32)
    for seed in range(300):
        counts[next(generate.generate(model, "the cat", generate.Sampling(temperature=0.5, top_k=3, top_p=0.8, seed=seed))).token.number] += 1
    of_step = np.zeros(32)
    of_step[[candidate.number for candidate in step.candidates]] = drawn
    np.testing.assert_allclose(counts / 300, of_step, atol=0.1)


def test_it_ends_where_the_model_has_no_more_places(tiny):
    model = tiny("gpt2")
    assert len(list(generate.generate(model, "x" * 38, tokens=30))) == 3  # 40 places: the 38th, 39th and 40th token predict


@pytest.mark.parametrize("wrong", [{"temperature": 0}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.5}])
def test_controls_out_of_range(wrong):
    with pytest.raises(models.InputError):
        generate.Sampling(**wrong)


@pytest.mark.parametrize(
    ("name", "text", "said"), [("bert", "the", "next words"), ("llama", " ", "no text"), ("llama", "the " * 50, "more than")]
)
def test_errors(tiny, name, text, said):
    with pytest.raises(models.InputError, match=said):
        generate.generate(tiny(name), text)


TOLD = """
import torch
torch.set_num_threads(1)
import models
from tests.explorer.test_generate import told_of
print(told_of(models.load("translate-mini")))
"""


def told_of(model: models.Model) -> str:
    """All that is known of a text that translate-mini makes, to the bit: tokens, chances, entropies and attention."""
    every = hashlib.sha256()
    for sampling in (generate.Sampling(greedy=True), generate.Sampling(temperature=0.8, top_p=0.95, seed=3)):
        for step in generate.generate(model, "He has been reading the book since this morning.", sampling, tokens=20):
            every.update(repr((step.token, step.candidates, step.entropy)).encode())
            for part in sorted(step.attention):
                every.update(step.attention[part].tobytes())
    return every.hexdigest()


@pytest.mark.thorough
def test_the_translator_says_the_same_again_and_in_another_process_to_the_bit():
    model, threads = models.load("translate-mini"), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        first = told_of(model)
        assert told_of(model) == first and told_of(models.load("translate-mini")) == first
    finally:
        torch.set_num_threads(threads)
    other = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True, cwd=ROOT)
    assert other.stdout.split()[-1] == first
