"""Schedules and limits of a training run."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import InputError
from models.toy import RnnConfig, ToyConfig
from models.training.settings import SNAPSHOTS, Settings, limits


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
        (ToyConfig(d_model=256, layers=8), Settings(steps=100_000), "multiply-adds"),
        (RnnConfig(d_model=2048), Settings(), "million parameters"),
    ],
)
def test_what_a_laptop_does_not_bear_is_refused(config, settings, said):
    with pytest.raises(InputError, match=said):
        limits(config, settings)


def test_an_ordinary_run_is_within_the_limits():
    limits(ToyConfig(layers=4, d_model=128), Settings(steps=5000))
    limits(ToyConfig(encoder_decoder=True), Settings())
    limits(RnnConfig(), Settings())
