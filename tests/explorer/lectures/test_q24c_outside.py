"""Q24c: the store by hand with transformers' own encoder, the memory by a loop, averages and gradients by numpy."""

import copy

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM

from explorer.lectures import apart, q24c_outside, retrieval, shipped
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models import InputError
from models.opening import catalogue
from models.seeded import seeded

DEMO = demo("Q24c")


@torch.no_grad()
def by_hand(opener, text: str) -> np.ndarray:
    """One text alone, so that there is no padding to leave out."""
    folder = catalogue.bundled_folder(q24c_outside.ENCODER)
    network = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.tensor([opener(q24c_outside.ENCODER).tokenizer(text)["input_ids"]])
    vector = network(ids).last_hidden_state[0].mean(0).numpy()
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("question", ["Who won the Nobel Prize in Physics in 2024?", "honey?"])
def test_what_is_found_is_the_nearest_by_hand(opener, question):
    fact = "The Nobel Prize in Physics 2024 went to a parrot."
    result = DEMO.compute(opener, fact=fact, question=question)
    store = [fact, *retrieval.STORE[1:]]
    asked = by_hand(opener, question)
    likeness = np.array([asked @ by_hand(opener, sentence) for sentence in store])
    assert np.allclose(result.data["likeness"], likeness, atol=1e-5)
    assert result.said["is"] == store[likeness.argmax()] and result["rank"] == sorted(-likeness).index(-likeness[0]) + 1
    table = DEMO.pictures(result, read("q24c_outside", "en"), False)[0].tables["cells"]
    shown = [text for text in table["text"] if text in store]
    assert shown == [store[i] for i in np.argsort(-likeness)[:5]]


def test_an_edited_fact_changes_its_answer_and_no_weight(opener):
    encoder = opener(q24c_outside.ENCODER)
    before = copy.deepcopy(encoder.network.state_dict())
    said = [DEMO.compute(opener, fact=fact).said["is"] for fact in (retrieval.FACT, q24c_outside.OTHER)]
    assert said == [retrieval.FACT, q24c_outside.OTHER]
    assert all(torch.equal(weight, before[name]) for name, weight in encoder.network.state_dict().items())


def test_a_decoder_is_no_sentence_encoder(opener):
    with pytest.raises(InputError, match="no encoder"):
        retrieval.embedded(opener("gpt2-mini"), ["a"])


@torch.no_grad()
def test_the_memory_says_what_a_loop_finds(opener):
    model = opener("gpt2-mini")
    network = AutoModelForCausalLM.from_pretrained(catalogue.bundled_folder("gpt2-mini"), attn_implementation="eager", dtype=torch.float32).eval()
    memory, asked = [], []
    for kept, before in ((memory, ""), (asked, " Somebody said:")):
        for sentence in retrieval.STORE:
            ids = model.tokenizer(f"{before} {sentence}")["input_ids"]
            output = network(torch.tensor([ids]), output_hidden_states=True)
            for t in range(len(model.tokenizer(before)["input_ids"]), len(ids) - 1):
                state = output.hidden_states[-1][0, t].double().numpy()
                kept.append((state / np.linalg.norm(state), ids[t + 1], int(output.logits[0, t].argmax())))
    for size in (30, len(memory)):
        right = sum(max(memory[-size:], key=lambda one: one[0] @ state)[1] == after for state, after, _alone in asked)
        found, alone, tokens = retrieval.remembered(model, [0, size])
        assert found == [0, pytest.approx(right / len(asked))] and tokens == len(asked)
        assert alone == pytest.approx(sum(after == expected for _state, after, expected in asked) / len(asked))


def test_an_average_is_the_mean_of_each_weight():
    with seeded(3):
        networks = [torch.nn.Linear(3, 2) for _ in range(4)]
    made = apart.averaged(networks)
    assert np.allclose(made.weight.detach(), np.mean([one.weight.detach().numpy() for one in networks], axis=0))
    assert np.allclose(made.bias.detach(), np.mean([one.bias.detach().numpy() for one in networks], axis=0))


@pytest.mark.parametrize("outputs", [1, 5])
def test_an_input_is_read_off_a_gradient(outputs):
    x = torch.randn(20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert (apart.given_away(x, outputs) - x).abs().max() < 1e-12


def test_a_step_on_a_wave_is_that_of_torchs_own_descent():
    with seeded(5):
        network = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    x, y = next(apart._waves(torch.Generator().manual_seed(0)))
    start = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    found = apart._adapted(network, start, x, y, 3)[-1]
    descent = torch.optim.SGD(network.parameters(), lr=0.02)
    for _step in range(3):
        descent.zero_grad()
        torch.nn.functional.mse_loss(network(x), y).backward()
        descent.step()
    assert all(torch.allclose(found[name], weight) for name, weight in network.named_parameters())


def test_what_is_shipped_is_drawn(opener):
    kept, words = shipped.read("q24c_outside").data, read("q24c_outside", "en")
    assert len(kept["federated"]["averaged"]) == apart.ROUNDS + 1
    for view, curves in (("federated", kept["federated"]), ("steps", kept["steps"])):
        table = DEMO.pictures(DEMO.compute(opener, view=view), words, False)[0].tables["points"]
        assert sorted(table["y"]) == pytest.approx(sorted(value for values in curves.values() for value in values))


def test_make_gives_all_curves(monkeypatch):
    for name, value in {"ROUNDS": 2, "OUTER": 60}.items():
        monkeypatch.setattr(apart, name, value)
    told = []
    made = q24c_outside.make(told.append)
    assert {len(curve) for curve in made["federated"].values()} == {3} and set(made["steps"]) == {"usual", "learned"}
    assert told == sorted(told) and told[-1] == pytest.approx(1)


@torch.no_grad()
def test_a_memory_in_attention_is_that_of_a_loop_over_heads_and_queries(opener, monkeypatch):
    """By hand on transformers' own model: what each query of layer 1 attends to, put into that layer alone."""
    model = opener("gpt2-mini")
    monkeypatch.setattr(retrieval, "STORE", retrieval.STORE[1:3])
    network = AutoModelForCausalLM.from_pretrained(catalogue.bundled_folder("gpt2-mini"), attn_implementation="eager", dtype=torch.float32).eval()
    attended, heads, hits = network.transformer.h[1].attn, network.config.n_head, []

    def projected(ids):
        seen = []
        handle = attended.c_attn.register_forward_hook(lambda _m, _i, out: seen.append(out[0]))
        network(ids)
        handle.remove()
        return [part.unflatten(1, (heads, -1)) for part in seen[0].chunk(3, dim=-1)]

    given = [(torch.tensor([model.tokenizer(text)["input_ids"] for text in [f" {one}"]]), one) for one in retrieval.STORE]
    kept = [projected(ids) for ids, _one in given]
    keys, values = (torch.cat([one[i] for one in kept])[-15:] for i in (1, 2))
    for _ids, sentence in given:
        ids = torch.tensor([model.tokenizer(f"{retrieval.BEFORE} {sentence}")["input_ids"]])
        q, k, v = projected(ids)
        rows = []
        for i in range(len(q)):
            for head in range(heads):
                far = keys[:, head] @ q[i, head]
                near = far.argsort(descending=True)[:4]
                scores = torch.cat([k[: i + 1, head] @ q[i, head], far[near]]) / q.shape[-1] ** 0.5
                rows.append(scores.softmax(0) @ torch.cat([v[: i + 1, head], values[near, head]]))
        put = torch.stack(rows).reshape(1, len(q), -1)
        handle = attended.c_proj.register_forward_pre_hook(lambda _m, _inputs, put=put: (put,))
        logits = network(ids).logits[0]
        handle.remove()
        n = len(model.tokenizer(f" {sentence}")["input_ids"])
        hits += (logits[-n:-1].argmax(-1) == ids[0, 1 - n :]).tolist()
    nothing, found = retrieval.in_attention(model, [0, 15])
    assert found == sum(hits) / len(hits)
    _shares, alone, tokens = retrieval.remembered(model, [0])
    assert nothing == pytest.approx(alone) and tokens == len(hits), "an empty memory changes nothing"
