import threading
import time
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from explorer.lab import live
from explorer.lab.live import Live
from explorer.lab.slots import Slots
from explorer.lab.state import FAILED, FINISHED, PAUSED, RUNNING, STOPPED, WAITING
from models.errors import InputError
from tests.tiny_training import training

LONG = 100_000


def until(holds, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def weights(run) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in run.network.state_dict().items()}


def test_in_the_background_it_learns_what_a_plain_loop_learns(begun):
    # One core each: with another number of threads sums are made in another order.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    plain = training(8)
    while not plain.finished:
        plain.step()
    torch.set_num_threads(before)
    run = begun(training(8))
    assert run.join(30)
    state = run.read()
    assert (state.status, state.done) == (FINISHED, 8) and state.over
    with run.still() as inside:
        for name, weight in weights(inside).items():
            assert torch.equal(weight, plain.network.state_dict()[name]), name
        assert state.final == inside.evaluate() == state.evaluation
    assert [m.loss for m in state.history] == [m.loss for m in plain.history]
    assert [f.step for f in state.frames] == [s.step for s in plain.snapshots]


def test_other_threads_keep_their_cores(begun):
    before = torch.get_num_threads()
    begun(training(2)).join(30)
    assert torch.get_num_threads() == before
    later = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [before]


def test_pause_step_resume_stop(begun):
    run = begun(training(LONG))
    until(lambda: run.read().done > 2)
    run.pause()
    assert run.settle(20)
    first = run.read()
    assert first.status == PAUSED and not first.active and not first.over
    time.sleep(0.1)
    assert run.read().done == first.done
    # What is shown of a pause is the network as it is now.
    assert first.frames[-1].step == first.done
    with run.still() as inside:
        shown = {name: weight.half() for name, weight in weights(inside).items()}
    assert all(torch.equal(shown[name], weight) for name, weight in first.frames[-1].weights.items())
    run.step()
    assert run.settle(20)
    assert run.read().done == first.done + 1 == run.read().frames[-1].step
    run.resume()
    until(lambda: run.read().done > first.done + 3)
    assert run.read().status == RUNNING and run.read().active
    run.stop()
    assert run.join(20)
    last = run.read()
    assert last.status == STOPPED and last.frames[-1].step == last.done
    run.resume()
    assert run.read() is not last and run.read().done == last.done


def test_a_state_does_not_change_any_more(begun):
    run = begun(training(LONG))
    until(lambda: run.read().history)
    state = run.read()
    n, done = len(state.history), state.done
    until(lambda: run.read().done > done + 2)
    assert (len(state.history), state.done) == (n, done)
    assert all(metrics.step <= done for metrics in state.history)


def test_the_next_step_waits_for_who_looks(begun):
    run = begun(training(LONG))
    until(lambda: run.read().done > 1)
    with run.still() as inside:
        before, done = weights(inside), inside.done
        time.sleep(0.1)
        assert inside.done == done
        assert all(torch.equal(weight, before[name]) for name, weight in weights(inside).items())
    until(lambda: run.read().done > done)


def test_two_go_on_at_once_and_a_third_waits_for_its_turn(begun, monkeypatch):
    monkeypatch.setattr(live, "TURN_S", float("inf"))
    slots = Slots(2)
    runs = [begun(training(LONG, seed=seed), slots=slots) for seed in range(2)]
    until(lambda: all(run.read().done > 2 for run in runs))
    third = begun(training(LONG, seed=2), slots=slots)
    until(lambda: third.read().status == WAITING)
    # Nobody has to stop: they take turns.
    monkeypatch.setattr(live, "TURN_S", 0.1)
    until(lambda: third.read().done > 2)
    seen = [run.read().done for run in runs]
    until(lambda: all(run.read().done > done for run, done in zip(runs, seen, strict=True)))


def test_a_paused_one_gives_its_place_to_others(begun):
    slots = Slots(1)
    first = begun(training(LONG), slots=slots)
    until(lambda: first.read().done > 1)
    first.pause()
    first.settle(20)
    second = begun(training(3), slots=slots)
    assert second.join(30) and second.read().status == FINISHED


def failing(run, error: Exception):
    def fail() -> None:
        raise error

    run.step = fail
    return run


def test_an_error_becomes_a_sentence(begun):
    broken = begun(failing(training(LONG), ZeroDivisionError("by nothing.")))
    assert broken.join(20)
    state = broken.read()
    assert state.status == FAILED and state.over and "ZeroDivisionError: by nothing." in state.problem and state.advice


@pytest.mark.parametrize(
    ("error", "said"),
    [(torch.OutOfMemoryError("CUDA out of memory"), "memory"), (MemoryError(), "memory"), (InputError("So not.", "Otherwise."), "So not.")],
)
def test_known_errors_say_what_to_do(begun, error, said):
    failed = begun(failing(training(LONG), error))
    assert failed.join(20)
    assert said in failed.read().problem and failed.read().advice


def test_a_loss_that_is_no_number_ends_it(begun):
    run = training(LONG)
    with torch.no_grad():
        next(run.network.parameters()).fill_(float("nan"))
    failed = begun(run)
    assert failed.join(20)
    assert "no number" in failed.read().problem and "learning rate" in failed.read().advice


def test_it_ends_when_its_viewer_is_gone_and_not_before(begun, monkeypatch):
    # A clock of the test's own: on a busy machine a moment may take longer than a viewer may be away.
    clock, there, looks = [0.0], threading.Event(), [0, 0]
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    there.set()

    def alive(which: int) -> bool:
        looks[which] += 1
        return there.is_set()

    def looked() -> None:
        """Both have looked since, the first time perhaps in the middle of it."""
        before = list(looks)
        until(lambda: all(now >= then + 2 for now, then in zip(looks, before, strict=True)))

    running, paused = (begun(training(LONG, seed=seed), alive=partial(alive, seed)) for seed in range(2))
    paused.pause()
    paused.settle(20)
    for here in (False, True, False, True):  # a connection that breaks off for a moment, twice
        (there.set if here else there.clear)()
        looked()
        clock[0] += 0.8 * live.GRACE_S
        looked()
        assert not running.read().over and not paused.read().over
    there.clear()
    looked()
    clock[0] += 1.1 * live.GRACE_S
    assert running.join(60) and paused.join(60)
    assert running.read().status == paused.read().status == STOPPED


def test_what_is_over_is_not_kept_in_memory():
    import gc
    import weakref

    run = Live(training(1)).start()
    run.join(20)
    gone = weakref.ref(run)
    del run
    gc.collect()
    assert gone() is None
