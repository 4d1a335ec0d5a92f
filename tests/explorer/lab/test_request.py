import argparse
import dataclasses
import shlex

import pytest

from explorer.cli import training
from explorer.lab.request import TrainingRequest, of_preset, switches
from models.errors import InputError
from models.training.presets import PRESETS
from models.training.settings import Settings


@pytest.fixture
def by_command(monkeypatch):
    """Task, network and settings that the command makes of a line, without training them."""
    parser = argparse.ArgumentParser()
    training.add(parser.add_subparsers())
    monkeypatch.setattr(training, "Training", lambda task, config, settings, device: (task, config, settings))
    return lambda line: training._wanted(parser.parse_args(shlex.split(line)[3:]))


def same(found, request: TrainingRequest) -> bool:
    task, config, settings = found
    mine = request.parts()
    return (task, settings) == (mine[0], request.settings) and config.to_dict() == mine[1].to_dict()


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "characters"])
def test_the_command_trains_the_same_as_the_lab(by_command, name):
    preset = PRESETS[name]
    request = TrainingRequest(name, settings=preset.settings)
    assert request.changed() == {}
    line = request.command("DIR")
    assert line.startswith("python -m explorer train --task ") and line.endswith("--out DIR")
    assert same(by_command(line), request)
    assert same((preset.toy_task(), preset.config(), preset.settings), request)


def test_switches_settings_and_task_travel_to_the_command(by_command):
    settings = Settings(steps=50, batch=8, learning_rate=0.01, weight_decay=0.1, seed=7, warm_up=3)
    request = TrainingRequest("induction-one-layer", {"heads": 1, "d_k": 8, "tie_kv": True, "ffn": 0.5, "norm": "none"}, {"length": 20}, settings)
    assert same(by_command(request.command("a b")), request)
    changed = request.changed()
    assert changed["heads"] == 1 and changed["length"] == 20 and changed["seed"] == 7 and "layers" not in changed
    assert request.training().identity()["config"]["tie_kv"] is True


def test_what_widgets_say_without_a_change_is_the_preset():
    for name, preset in PRESETS.items():
        if name != "characters":
            asked = {switch: of_preset(preset, switch) for switch in switches()}
            assert same((preset.toy_task(), preset.config(), preset.settings), TrainingRequest(name, asked, settings=preset.settings))


def test_a_text_of_the_viewers_is_what_characters_learns():
    settings = dataclasses.replace(PRESETS["characters"].settings, steps=1, batch=2)
    request = TrainingRequest("characters", {"layers": 1, "d_model": 8}, {"length": 8}, settings, text="so it goes, and goes. " * 20)
    run = request.training()
    assert set(run.task.tokens) == set("so it goes, and goes. ") and "--text text.txt" in request.command("DIR")
    assert run.task.passage == request.text
    assert TrainingRequest("characters", settings=settings).training().task.passage != request.text


def test_what_does_not_go_together_is_told_at_once():
    with pytest.raises(InputError, match="does not divide"):
        TrainingRequest("recall", {"heads": 3}).check()
    with pytest.raises(InputError, match="parameters"):
        TrainingRequest("recall", {"d_model": 2048, "layers": 4}).check()
    with pytest.raises(InputError, match="GB of memory"):
        TrainingRequest("recall", settings=Settings(batch=1_000_000)).check()
    with pytest.raises(InputError, match="20,000 layers"):
        TrainingRequest("recall", {"layers": 20_000}).check()
    with pytest.raises(InputError, match="too short"):
        TrainingRequest("characters", text="short").check()


def test_the_same_is_asked_for_by_what_differs_from_the_preset():
    settings = PRESETS["recall"].settings
    plain = TrainingRequest("recall", settings=settings)
    assert plain.same_as(TrainingRequest("recall", {name: of_preset(PRESETS["recall"], name) for name in switches()}, settings=settings))
    others = [
        TrainingRequest("recall", {"heads": 4}, settings=settings),
        TrainingRequest("recall", {}, {"pairs": 2}, settings),
        TrainingRequest("recall", settings=dataclasses.replace(settings, seed=1)),
        TrainingRequest("recall", settings=settings, text="another"),
        TrainingRequest("recall-apart", settings=settings),
    ]
    assert not any(plain.same_as(other) or other.same_as(plain) for other in others)
