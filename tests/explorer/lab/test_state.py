import numpy as np
import pytest

from explorer.lab.state import FINISHED, Kept, State, step_times
from models.training.runs import Evaluation, Metrics, Snapshot
from tests.tiny_training import training


def frames(*steps: int) -> tuple[Snapshot, ...]:
    return tuple(Snapshot(step, {}, Evaluation(1.0, 0.5, 0.25, 10)) for step in steps)


def test_the_frame_of_a_step_is_the_last_one_before_it():
    state = State(FINISHED, 9, (), frames(0, 2, 5, 9))
    assert [state.frame(step).step for step in (0, 1, 2, 4, 5, 8, 100, None)] == [0, 0, 2, 2, 5, 5, 9, 9]
    assert State(FINISHED, 9, (), frames(3)).frame(1).step == 3


def test_times_are_per_step_also_where_the_history_is_thinned():
    history = tuple(Metrics(step, 1.0, 0.5, {}, seconds) for step, seconds in ((1, 0.010), (2, 0.012), (6, 0.032)))
    np.testing.assert_allclose(step_times(history), [[2, 2.0], [6, 5.0]])
    assert State(FINISHED, 6, history, frames(0)).step_ms() == pytest.approx(3.5)
    assert step_times(history[:1]).shape == (0, 2) and State(FINISHED, 0, (), frames(0)).step_ms() is None


def test_a_kept_run_is_over():
    run = training(2)
    while not run.finished:
        run.step()
    state = Kept(run).read()
    assert state.over and not state.active and state.done == 2
    assert state.evaluation == run.evaluate() and [f.step for f in state.frames] == [0, 2]
