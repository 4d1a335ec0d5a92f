"""Presets: each one fits its task, and the fastest are trained to their goals (`benchmarks/presets.py` trains all of them)."""

import pytest

from models.toy.tasks import TASKS
from models.training.presets import PRESETS

PASSAGE = "a passage of a few words, written for this test. " * 40


def trained(name):
    run = PRESETS[name].training()
    while not run.finished:
        run.step()
    return run


def test_every_task_has_its_preset_and_something_to_look_at():
    assert set(TASKS) <= set(PRESETS)
    assert all(preset.name == name and preset.look_at and preset.at_least <= preset.at_most for name, preset in PRESETS.items())
    assert all(PRESETS[preset.task].at_most == 1 for preset in PRESETS.values())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs(name):
    preset = PRESETS[name]
    task = preset.toy_task(**{"passage": PASSAGE} if preset.task == "characters" else {})
    config = preset.config(task)
    assert config.task == preset.task and config.task_settings == task.settings(bulky=False)
    assert {key: getattr(config, key) for key in preset.switches} == dict(preset.switches)
    assert preset.config(task, positions="sinusoidal").positions == "sinusoidal"
    if preset.task != "characters":
        assert preset.training().step().loss > 0


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["order", "majority"])
def test_a_fast_preset_reaches_its_goal(name):
    assert trained(name).evaluate().exact >= PRESETS[name].at_least >= 0.99


def test_without_positions_order_is_a_guess():
    found = trained("order-without-positions").evaluate()
    assert found.exact <= PRESETS["order-without-positions"].at_most
    # Both orders of all words are held out, and get one and the same answer.
    assert found.accuracy == 0.5
