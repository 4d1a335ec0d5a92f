"""Schedules and limits of a training run."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel

from models import InputError
from models.toy import RnnConfig, ToyConfig
from models.training.presets import PRESETS
from models.training.settings import MOST_LAYERS, SNAPSHOTS, Settings, limits


@given(st.integers(1, 5000), st.integers(0, 60))
def test_snapshots_begin_before_the_first_step_and_end_after_the_last(steps, every):
    found = Settings(steps=steps, snapshot_every=every).snapshot_steps()
    assert found[0] == 0 and found[-1] == steps and list(found) == sorted(set(found))
    gaps = [b - a for a, b in pairwise(found)]
    if every:
        assert set(gaps[:-1]) <= {every} and gaps[-1] <= every
    else:
        assert len(found) <= SNAPSHOTS + 1 and (steps < 1000 or len(found) == SNAPSHOTS + 1)


@given(st.integers(2, 500), st.integers(0, 500), st.booleans())
def test_the_rate_rises_and_falls_along_lines(steps, warm_up, decay):
    settings = Settings(steps=steps, warm_up=min(warm_up, steps - 1), decay=decay, learning_rate=0.1)
    rates = [settings.rate(step) for step in range(steps)]
    assert 0 < min(rates) <= max(rates) <= 0.1 + 1e-12
    peak = settings.warm_up
    assert rates[peak] == pytest.approx(max(rates))
    assert all(a < b for a, b in pairwise(rates[: peak + 1]))
    assert all((a > b) if decay else a == b for a, b in pairwise(rates[peak:]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"steps": 0}, "at least 1"), ({"learning_rate": 0}, "nothing is learned"), ({"steps": 10**6}, "too many"), ({"seed": -1}, "seed is -1")],
)
def test_settings_that_make_no_sense_are_refused(changed, said):
    with pytest.raises(InputError, match=said):
        Settings(**changed)


@pytest.mark.parametrize(
    ("config", "settings", "said"),
    [
        (ToyConfig(d_model=1024, layers=12), Settings(), "million parameters"),
        (ToyConfig(max_length=2048), Settings(batch=64), "attention scores"),
        (ToyConfig(d_model=256, layers=8), Settings(steps=200_000, batch=4), "This run takes about .* multiply-adds"),
        (ToyConfig(d_model=512, layers=3, max_length=32), Settings(batch=80), "One step takes about .* multiply-adds"),
        (
            ToyConfig(max_length=12, layers=1, heads=1),
            Settings(batch=1_000_000),
            "One step takes about .* GB of memory.*smaller batch than 1,000,000",
        ),
        (ToyConfig(max_length=16, encoder_decoder=True), Settings(batch=20_000), "GB of memory"),
        (ToyConfig(vocab_size=100_000, d_model=8, layers=1), Settings(batch=10), "GB of memory"),
        (RnnConfig(max_length=16), Settings(batch=1_000_000), "GB of memory"),
        (RnnConfig(d_model=2048), Settings(), "million parameters"),
    ],
)
def test_what_a_laptop_does_not_bear_is_refused(config, settings, said):
    with pytest.raises(InputError, match=said):
        limits(config, settings)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ToyConfig(layers=100_000), f"100,000 layers are too many.*at most {MOST_LAYERS}"),
        (RnnConfig(layers=100_000), "100,000 layers are too many"),
        (ToyConfig(d_model=10**10), "million parameters"),
        (ToyConfig(heads=10**7, d_k=2), "million parameters"),
        (ToyConfig(vocab_size=10**9), "million parameters"),
    ],
)
def test_what_is_far_too_large_is_refused_before_anything_is_built(monkeypatch, config, said):
    monkeypatch.setattr(AutoModel, "from_config", lambda config: pytest.fail("a network is built"))
    with pytest.raises(InputError, match=said):
        limits(config, Settings())


def test_the_length_of_the_examples_counts_and_not_how_many_positions_there_are():
    config = ToyConfig(max_length=8192, positions="rope", layers=1, d_model=32)
    limits(config, Settings(), 12)
    with pytest.raises(InputError, match="attention scores"):
        limits(config, Settings())


def test_an_ordinary_run_is_within_the_limits():
    limits(ToyConfig(layers=4, d_model=128), Settings(steps=5000))
    limits(ToyConfig(encoder_decoder=True), Settings())
    limits(RnnConfig(), Settings())
    for preset in PRESETS.values():
        if preset.task != "characters":
            task = preset.toy_task()
            limits(preset.config(task), preset.settings, task.n_tokens)
