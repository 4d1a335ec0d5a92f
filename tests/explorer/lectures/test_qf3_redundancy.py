"""QF3: the shipped trainings are summed up as they are, and pruning is tried against weights that are set to zero by hand."""

import numpy as np
import pytest
import torch

from explorer.lectures import qf3_redundancy, shipped
from explorer.lectures.demo import Result
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models.seeded import seeded
from models.toy import ToyModel
from models.training.presets import PRESETS

DEMO = demo("QF3")


@pytest.fixture
def network():
    preset = PRESETS["recall"]
    task = preset.toy_task()
    with seeded(3):
        made = ToyModel(preset.config(task, heads=8, d_k=2, init_std=0.5)).eval()
    return task, made


def test_a_pruned_head_passes_nothing_on(network):
    task, made = network
    batch = task.held_out(40)[0]
    gone = [1, 4, 6]
    with qf3_redundancy.without(made, gone), torch.no_grad():
        found = made(**batch.inputs).logits
    with torch.no_grad():
        whole = made(**batch.inputs).logits
        output = made.transformer.stack.layers[0].attention.output.weight
        for head in gone:
            output[:, 2 * head : 2 * head + 2] = 0
        expected = made(**batch.inputs).logits
    assert (found - expected).abs().max() < 1e-5 < (found - whole).abs().max()


def test_the_greedy_order_is_that_of_brute_force(network):
    task, made = network
    batch = task.batch(60, torch.Generator().manual_seed(5))
    order, losses = qf3_redundancy.greedy(made, batch)
    weights = made.transformer.stack.layers[0].attention.output.weight
    kept = weights.detach().clone()

    def loss(gone):
        with torch.no_grad():
            weights.copy_(kept)
            for head in gone:
                weights[:, 2 * head : 2 * head + 2] = 0
            return float(torch.nn.functional.cross_entropy(made(**batch.inputs).logits.flatten(0, 1), batch.targets.flatten()))

    gone = []
    for at, row in enumerate(losses):
        rest = {head: loss([*gone, head]) for head in range(8) if head not in gone}
        assert {head: value for head, value in enumerate(row) if value >= 0} == pytest.approx(rest, abs=2e-4)
        assert rest[order[at]] == pytest.approx(min(rest.values()), abs=2e-4)
        gone.append(order[at])
    assert len(order) == 7


@pytest.mark.parametrize("left", qf3_redundancy.LEFT)
def test_measures_are_means_over_the_seeds(opener, left):
    runs = shipped.read("qf3_redundancy").data["runs"]
    result = DEMO.compute(opener, left=left)
    for way in qf3_redundancy.WAYS:
        assert result[way] == pytest.approx(np.mean([run[way][str(left)] for run in runs]), abs=1e-9)
    assert result["insurance"] == np.mean([run["start"][str(left)] >= 0.95 for run in runs])
    assert result["whole"] == pytest.approx(np.mean([run["start"]["8"] for run in runs])) and result["same"] == 0
    words = read(DEMO.module, "en")
    drawn = DEMO.pictures(result, words, False)
    values = drawn[1].tables["bars"]
    for way in qf3_redundancy.WAYS:
        mine = values[values["series"] == words.label(f"way.{way}")]["value"].tolist()
        assert mine == pytest.approx([run[way][str(left)] for run in runs])
    assert drawn[0].tables["rules"]["x"].tolist() == [left]


def test_the_shipped_orders_go_by_the_shipped_losses():
    runs = shipped.read("qf3_redundancy").data["runs"]
    assert [run["seed"] for run in runs] == list(qf3_redundancy.SEEDS)
    for run in runs:
        for at, (head, row) in enumerate(zip(run["order"], run["steps"], strict=True)):
            assert {i for i, value in enumerate(row) if value < 0} == set(run["order"][:at])
            assert row[head] == min(value for value in row if value >= 0)


def test_make_gives_all_ways_to_all_counts(monkeypatch):
    for name, value in {"SEEDS": (1,), "STEPS": 6, "PRUNED_AT": 4}.items():
        monkeypatch.setattr(qf3_redundancy, name, value)
    told = []
    (run,) = qf3_redundancy.make(told.append)["runs"]
    assert set(run["pruned"]) == {str(n) for n in range(1, 9)} and set(run["start"]) == set(run["tuned"]) == {"1", "2", "4", "8"}
    assert told == sorted(told) and told[-1] == pytest.approx(1)


@pytest.mark.parametrize(("start", "pruned", "letter"), [(0.9, 0.92, "A"), (0.9, 0.6, "B"), (0.5, 0.7, "C"), (0.2, 0.4, "D")])
def test_the_measurement_decides_which_option_is_right(start, pruned, letter):
    assert DEMO.right(Result((), {"asked": (start, pruned)})) == letter


def test_how_often_all_heads_learn_the_task_is_counted(opener):
    right, runs = 0, shipped.read("qf3_redundancy").data["runs"]
    for run in runs:
        if run["start"]["8"] >= 0.95:
            right += 1
    for left in qf3_redundancy.LEFT:
        assert DEMO.compute(opener, left=left)["insurance_all"] == right / len(runs)
