"""The shipped curves, and a live run of one's own."""

import dataclasses

import numpy as np
import pytest

from explorer.positions import extrapolation
from explorer.positions.extrapolation import NOTES, SCHEMES, LiveRun, Plan, live, shipped
from models.errors import ModelError
from models.training import extrapolation_runs as runs

TINY = Plan(length=16, seeds=(0, 1), examples=20, steps=2, switches={"layers": 1, "heads": 2, "d_model": 16, "ffn": 0.0})


def test_the_shipped_curves_are_those_of_the_plan() -> None:
    curves = shipped()
    assert curves.plan == Plan().about() and curves.schemes == list(SCHEMES)
    assert {reading.seed for reading in curves.readings} == set(Plan().seeds)
    assert len(curves.readings) == len(SCHEMES) * len(Plan().seeds) * len(Plan().lengths)
    assert curves.command == "python -m models.training.extrapolation_runs --out models/shipped/extrapolation"
    assert curves.notes == NOTES and curves.date


def test_the_shipped_networks_know_the_task_at_the_trained_length() -> None:
    """Else a curve would say nothing about positions."""
    summary = shipped().summary()
    at_home = summary[summary["length"] == Plan().length]
    assert (at_home["low"] >= 0.99).all() and len(at_home) == len(SCHEMES)
    assert shipped().trained == 32


def test_the_summary_is_mean_least_and_most_over_the_seeds() -> None:
    curves = shipped()
    for what in ("accuracy", "end_accuracy", "loss"):
        for row in curves.summary(what).itertuples():
            values = [getattr(r, what) for r in curves.readings if (r.scheme, r.length) == (row.scheme, row.length)]
            assert (row.mean, row.low, row.high, row.seeds) == (pytest.approx(sum(values) / 3), min(values), max(values), 3)
    assert curves.summary().query("scheme == 'learned'")["length"].tolist() == [32]
    assert np.isnan(curves.table.query("scheme == 'learned' and length == 64")["loss"]).all()


def test_a_live_run_reads_what_the_command_reads(tmp_path) -> None:
    heard = []
    curves = live(TINY, tell=lambda share, so_far: heard.append((share, len(so_far.readings))))
    assert list(curves.readings) == runs.made(TINY, tmp_path, "")
    assert np.allclose([share for share, _n in heard], np.arange(1, 21) / 20)  # 2 seeds x 5 networks x 2 steps
    assert [n for _share, n in heard][-1] == 44 and heard[2][1] == 4
    assert curves.plan == TINY.about() and not curves.command


def test_a_live_run_can_be_stopped() -> None:
    shares = []
    found = live(TINY, tell=lambda share, _so_far: shares.append(share), stop=lambda: len(shares) == 3)
    assert [reading.scheme for reading in found.readings] == 4 * ["none"]
    assert len(shares) == 3
    assert live(TINY, stop=lambda: True).summary().empty


def test_what_tell_raises_stops_it() -> None:
    def tell(_share: float, _so_far: extrapolation.Curves) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        live(TINY, tell=tell)


@pytest.mark.parametrize("steps", [1, 8])
def test_what_was_stopped_goes_on_where_it_was(steps) -> None:
    run, shares = LiveRun(TINY), []

    def tell(share: float, _so_far: extrapolation.Curves) -> None:
        shares.append(share)
        if len(shares) == steps:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.compute(tell)
    # Networks of two steps: what has been read is there, and no step is done twice.
    assert {reading.scheme for reading in run.curves.readings} == {reading.scheme for reading in live(TINY).readings[: len(run.curves.readings)]}
    assert len(run.curves.table[["scheme", "seed"]].drop_duplicates()) >= (steps - 1) // 2
    assert run.compute(tell).readings == live(TINY).readings
    assert np.allclose(shares, np.arange(1, 21) / 20)


def test_some_networks_only() -> None:
    found = live(dataclasses.replace(TINY, seeds=(0,)), ["rope"])
    assert found.schemes == ["rope", "rope-interpolated"] and list(found.notes) == ["rope-interpolated"]


def test_missing_curves_are_said(tmp_path) -> None:
    with pytest.raises(ModelError, match="no extrapolation runs"):
        shipped(tmp_path)
