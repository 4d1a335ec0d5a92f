"""Training at one length and reading at others: against a loop, against the network itself, and going on where a file stops."""

import dataclasses
import json

import pytest
import torch

from models.errors import ModelError
from models.toy import ToyConfig, ToyModel
from models.toy.tasks import IGNORED
from models.training import extrapolation_runs as runs
from models.training.extrapolation_runs import CURVES, SCHEMES, TRAINED, Plan, Reading

TINY = Plan(length=16, seeds=(0,), examples=20, steps=2, switches={"layers": 2, "heads": 2, "d_model": 16, "ffn": 0.0})


def trained(positions: str, plan: Plan = TINY):
    training = plan.training(positions, 0)
    while not training.finished:
        training.step()
    return training


@pytest.fixture(scope="module")
def readings() -> dict[str, list[Reading]]:
    found = [reading for positions in TRAINED for reading in runs.read(TINY, trained(positions))]
    return {scheme: [reading for reading in found if reading.scheme == scheme] for scheme in SCHEMES}


def test_every_scheme_at_every_length(readings) -> None:
    assert all([reading.length for reading in readings[scheme]] == [16, 32, 64, 128] for scheme in SCHEMES)
    for scheme, found in readings.items():
        can = [reading.accuracy is not None and reading.loss is not None and reading.end_accuracy is not None for reading in found]
        assert can == [True] + 3 * [scheme != "learned"]


def test_learned_positions_really_end_at_the_trained_length() -> None:
    training = trained("learned")
    with pytest.raises(Exception, match="more than the 16 learned positions"):
        training.network(torch.zeros(1, 17, dtype=torch.long))


def test_figures_are_those_of_a_loop(readings) -> None:
    training = trained("sinusoidal")
    task = dataclasses.replace(training.task, length=32)
    losses, right, right_at_the_end = [], [], []
    for batch in task.held_out(20):
        for ids, targets in zip(batch.input_ids, batch.targets, strict=True):
            logits = training.network(ids[None]).logits[0].detach().double()
            for i, target in enumerate(targets.tolist()):
                if target != IGNORED:
                    losses.append(float(logits[i].logsumexp(0) - logits[i, target]))
                    right.append(int(logits[i].argmax()) == target)
                    if i >= 16:
                        right_at_the_end.append(right[-1])
    found = readings["sinusoidal"][1]
    assert found.loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert found.accuracy == pytest.approx(sum(right) / len(right))
    assert found.end_accuracy == pytest.approx(sum(right_at_the_end) / len(right_at_the_end))


def test_interpolation_is_a_network_with_squeezed_positions(readings) -> None:
    """Another network of the same weights, made with the switch set."""
    training = trained("rope")
    config = training.config.to_dict() | {"position_interpolation": 4.0}
    other = ToyModel(ToyConfig(**config)).eval()
    other.load_state_dict(training.network.state_dict())
    batch = dataclasses.replace(training.task, length=64).held_out(20)[0]
    loss = other(batch.input_ids, labels=batch.targets).loss
    assert readings[runs.INTERPOLATED][2].loss == pytest.approx(loss.item(), rel=1e-5)
    assert readings[runs.INTERPOLATED][0].loss == readings["rope"][0].loss  # nothing to squeeze
    assert readings[runs.INTERPOLATED][2].loss != readings["rope"][2].loss
    assert training.network.config.position_interpolation == 1.0


def test_what_is_there_is_left_as_it_is(tmp_path, monkeypatch) -> None:
    runs.made(TINY, tmp_path, "once")
    text = (tmp_path / CURVES).read_text()
    about = json.loads(text)
    kept = [reading for reading in about["readings"] if reading["scheme"] not in ("alibi", "rope", runs.INTERPOLATED)]
    (tmp_path / CURVES).write_text(json.dumps(about | {"readings": kept}))
    asked = []
    training = Plan.training
    monkeypatch.setattr(Plan, "training", lambda plan, positions, seed: asked.append(positions) or training(plan, positions, seed))
    again = runs.made(TINY, tmp_path, "once")
    assert set(asked) - {"none"} == {"alibi", "rope"}  # "none" is only asked what the plan is
    assert runs.load(tmp_path / CURVES)[1] == again
    by_name = lambda readings: sorted(json.dumps(reading, sort_keys=True) for reading in readings)  # noqa: E731
    assert by_name(about["readings"]) == by_name(dataclasses.asdict(reading) for reading in again)
    before = (tmp_path / CURVES).stat().st_mtime_ns
    runs.made(TINY, tmp_path, "again")
    assert (tmp_path / CURVES).stat().st_mtime_ns == before


def test_more_seeds_go_into_the_same_file_and_other_plans_do_not(tmp_path) -> None:
    runs.made(TINY, tmp_path, "")
    more = runs.made(dataclasses.replace(TINY, seeds=(0, 1)), tmp_path, "")
    assert {reading.seed for reading in more} == {0, 1} and len(more) == 2 * 4 * len(SCHEMES)
    with pytest.raises(ModelError, match="another plan"):
        runs.made(dataclasses.replace(TINY, steps=3), tmp_path, "")


def test_the_command_prints_a_row_for_each_scheme(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(runs, "Plan", lambda seeds=(0,): dataclasses.replace(TINY, seeds=seeds))
    assert runs.main(["--out", str(tmp_path), "--seeds", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCHEMES)
    assert lines[1].split()[2:] == 3 * ["none"]
    about, found = runs.load(tmp_path / CURVES)
    assert about["command"] == f"python -m models.training.extrapolation_runs --out {tmp_path} --seeds 3"
    assert {reading.seed for reading in found} == {3}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"readings": [{"scheme": "rope"}]}'])
def test_a_broken_file_is_said(tmp_path, text: str) -> None:
    (tmp_path / CURVES).write_text(text)
    with pytest.raises(ModelError, match="no extrapolation runs"):
        runs.load(tmp_path / CURVES)
