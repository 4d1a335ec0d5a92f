"""Q24b: adapters against peft, the Fisher information against one gradient at a time, the penalty by loops, curves as they are shipped."""

import numpy as np
import peft
import pytest
import torch

from explorer.lectures import forgetting, one_fact, shipped
from explorer.lectures import q24b_forgetting as q24b
from explorer.lectures.demo import Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read

DEMO = demo("Q24b")


def data():
    return shipped.read("q24b_forgetting").data


def loaded():
    """The shipped network, its weights put in the usual way."""
    net, base, given = q24b.kept(data())
    net.load_state_dict({**net.state_dict(), **base})
    return net, given


@pytest.mark.parametrize("rank", q24b.RANKS)
def test_adapters_are_those_of_peft(opener, rank):
    """Accuracy with each adapter on and with none, parameters and bytes, by another library's LoRA on the same network."""
    result = DEMO.compute(opener, way="lora", rank=rank)
    net, given = loaded()
    named = [name.removesuffix(".weight") for name in given["B", rank]]
    config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=named)
    wrapped = peft.get_peft_model(net, config, adapter_name="B")
    wrapped.add_adapter("C", config)
    for task in "BC":
        for name, (b, a) in given[task, rank].items():
            module = wrapped.base_model.model.get_submodule(name.removesuffix(".weight"))
            with torch.no_grad():
                module.lora_A[task].weight.copy_(a)
                module.lora_B[task].weight.copy_(b)
    wrapped.eval()
    facts = forgetting.tasks(q24b.SEEDS[0])

    def known():
        with torch.no_grad():
            answers = [wrapped(input_ids=one.asked).logits[:, -1].argmax(-1) for one in facts.values()]
        return [float((mine == one.answers).float().mean()) for mine, one in zip(answers, facts.values(), strict=True)]

    for task in "BC":
        wrapped.set_adapter(task)
        assert known() == pytest.approx(result.data["live"][task])
    with wrapped.disable_adapter():
        assert known() == pytest.approx(result.data["live"]["none"])
    wrapped.set_adapter("B")
    count = wrapped.get_nb_trainable_parameters()[0]
    assert result["trained"] == count
    state = peft.get_peft_model_state_dict(wrapped, adapter_name="B")
    assert result["bytes"] == sum(part.nbytes for part in state.values())


def test_an_adapter_beside_a_matrix_is_one_added_into_it(opener):
    net, given = loaded()
    asked = forgetting.tasks(q24b.SEEDS[0])["B"].asked
    base = forgetting.weights_of(net)
    apart = q24b._merged(net, base, given["B", 4])
    for name, (b, a) in given["B", 4].items():
        module = net.get_submodule(name.removesuffix(".weight"))
        with torch.no_grad():
            module.weight += torch.from_numpy(b.numpy() @ a.numpy())
    with torch.no_grad():
        merged = net(input_ids=asked).logits[:, -1]
    assert torch.allclose(merged, forgetting.logits(net, forgetting.adapted(base, given["B", 4]), asked), atol=1e-4)
    assert 0 < apart < 1e-9 and DEMO.compute(opener)["merged"] < 1e-9
    # Another adapter beside the matrix is not the one that was added.
    other = {**given["B", 4], next(iter(given["B", 4])): next(iter(given["C", 4].values()))}
    assert (forgetting.logits(net, forgetting.adapted(base, other), asked) - merged).abs().max() > 0.1


def test_what_is_important_is_found_as_one_gradient_after_the_other_finds_it():
    net, _given = loaded()
    asked = forgetting.tasks(q24b.SEEDS[0])["A"].asked[:3]
    found = forgetting.fisher(net, forgetting.weights_of(net), asked)
    expected = {name: torch.zeros_like(weight) for name, weight in net.named_parameters()}
    for one in asked:
        log_p = net(input_ids=one[None]).logits[0, -1].log_softmax(-1)
        for answer in range(len(log_p)):
            gradients = torch.autograd.grad(log_p[answer], list(net.parameters()), retain_graph=True, allow_unused=True)
            for name, gradient in zip(expected, gradients, strict=True):
                if gradient is not None:
                    expected[name] += float(log_p[answer].detach().exp()) * gradient**2 / len(asked)
    assert all(torch.allclose(found[name], expected[name], rtol=1e-3, atol=1e-8) for name in expected)
    assert max(float(value.max()) for value in found.values()) > 1e-5


def test_the_penalty_is_that_of_the_exercise():
    old, moved = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([1.1, 3.0])}
    assert float(forgetting.consolidation(2, {"w": torch.tensor([4, 0.01])}, old, moved)) == pytest.approx(0.05, abs=1e-6)


def test_tasks_ask_for_other_relations_of_the_same_subjects():
    facts = forgetting.tasks(3)
    subjects = [set(one.asked[:, 0].tolist()) for one in facts.values()]
    relations = [set(one.asked[:, 1].tolist()) for one in facts.values()]
    assert subjects[0] == subjects[1] == subjects[2] and not relations[0] & relations[1] and not relations[1] & relations[2]
    assert all(len({tuple(pair) for pair in one.asked.tolist()}) == len(one) == 64 for one in facts.values())


@pytest.mark.parametrize(("way", "key"), [("plain", "plain"), ("replay", "replay32"), ("ewc", "ewc1000"), ("lora", "lora2")])
def test_curves_and_numbers_are_means_of_what_was_trained(opener, way, key):
    result = DEMO.compute(opener, way=way, rank=2, strength=1000)
    runs = data()["runs"]
    for task in range(2):
        mean = sum(run[key][-1][task] for run in runs) / len(runs)
        assert result["ab"[task] + f"_{way}"] == pytest.approx(mean)
    drawn = DEMO.pictures(result, read("q24b_forgetting", "en"), False)
    points = drawn[0].tables["points"]
    line = points[(points["series"] == "A") & (points["x"] > forgetting.STEPS)]["y"]
    assert line.tolist() == pytest.approx(np.mean([[point[0] for point in run[key][1:]] for run in runs], axis=0).tolist())
    if way != "lora":
        bars = drawn[1].tables["bars"]
        assert bars[bars["marked"]]["value"].tolist() == pytest.approx([result[f"a_{way}"], result[f"b_{way}"]])


def test_the_adapter_that_is_on_is_framed(opener):
    words = read("q24b_forgetting", "en")
    for row, adapter in enumerate(q24b.ADAPTERS):
        marked = DEMO.pictures(DEMO.compute(opener, way="lora", adapter=adapter), words, False)[1].tables["marked"]
        assert set(marked["r"]) == {row} and len(marked) == 3


def test_what_the_demo_says_was_measured():
    """Plain training forgets; more replay and a stronger penalty keep more; a stronger penalty in the end hinders B; W0 knows A as before."""
    runs = data()["runs"]
    kept = {key: np.mean([run[key][-1] for run in runs], axis=0) for key in runs[0]}
    replays = [kept[f"replay{n}"][0] for n in q24b.KEPT]
    strengths = [kept[f"ewc{n}"][0] for n in q24b.STRENGTHS]
    assert kept["plain"][0] < 0.3 and kept["plain"][1] > 0.95
    assert replays == sorted(replays) and strengths == sorted(strengths) and kept["plain"][0] < replays[0]
    assert kept["ewc100000"][1] < kept["ewc100"][1]
    assert kept["lora1"][1] < kept["lora4"][1] > 0.95 and kept["lora4"][0] < 0.3


def test_the_shipped_network_is_the_one_that_training_makes(monkeypatch):
    """The first way of the first seed, trained again: close to what is shipped, on whatever machine."""
    facts = forgetting.tasks(q24b.SEEDS[0])
    net, base, _given = q24b.kept(data())
    weights, curve = forgetting.trained(net, base, facts["B"], (facts["A"], facts["B"]))
    assert curve[0][0] == data()["runs"][0]["plain"][0][0]
    assert curve[-1] == pytest.approx(data()["runs"][0]["plain"][-1], abs=0.15)
    moved = max(float((weights[name] - base[name]).abs().max()) for name in base)
    assert moved > 0.01


@pytest.mark.parametrize(("a", "b", "letter"), [(1.0, 0.1, "A"), (0.2, 1.0, "B"), (1.0, 1.0, "D")])
def test_the_measurement_decides_which_option_is_right(a, b, letter):
    assert DEMO.right(Result((), {"known": [[1.0, 0.0]], "ends": {"plain": [a, b]}})) == letter
    assert DEMO.right(Result((), {"known": [[0.8, 0.0]], "ends": {"plain": [0.9, 1.0]}})) == "C"


def test_make_teaches_in_every_way(monkeypatch):
    monkeypatch.setattr(forgetting, "STEPS", 4)
    monkeypatch.setattr(forgetting, "EVERY", 2)
    for name, few in {"SEEDS": (1,), "KEPT": (8,), "STRENGTHS": (10,), "RANKS": (1,)}.items():
        monkeypatch.setattr(q24b, name, few)
    monkeypatch.setattr(one_fact, "all_ways", lambda _model, ranks, _report: {"ranks": ranks})
    told = []
    made = q24b.make(told.append)
    assert made["runs"][0].keys() == {"first", "plain", "replay8", "ewc10", "lora1"} and told[-1] == pytest.approx(0.9)
    assert all(len(curve) == 3 for curve in made["runs"][0].values())
    assert made["weights"].keys() == {"base", "B1", "C1"} and made["fact"] == {"ranks": (1,)}
