"""Jobs: what runs when, who shares what, and what a stop stops."""

import contextvars
import os
import sys
import threading
import time

import numpy as np
import pytest

from explorer import jobs, limits
from explorer.jobs import DONE, FAILED, RUNNING, STOPPED, WAITING, Jobs, Viewer
from models import InputError

ANN, BOB = Viewer("Ann"), Viewer("Bob")


@pytest.fixture
def pool():
    made = Jobs(2)
    yield made
    made.close(5)


class Gate:
    """Work that reports and waits until it is let on."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self, report) -> str:
        report(0.25, "a quarter")
        self.begun.set()
        while not self.open.wait(0.005):
            report(0.25)
        return "done"


def test_a_job_tells_how_far_it_is_and_what_there_is_already(pool):
    gate = Gate()
    job = pool.start("a", "Scoring", gate, ANN)
    assert gate.begun.wait(60)
    assert (job.state, job.share, job.partial, job.result) == (RUNNING, 0.25, "a quarter", None)
    gate.open.set()
    assert job.wait(60) and (job.state, job.result, job.left) == (DONE, "done", None)


def test_the_time_left_is_that_of_what_is_done_now_and_not_of_what_was_kept(pool):
    ends = threading.Event()

    def work(report) -> None:
        report(0.8)  # of an earlier time: it takes no time now
        began = time.monotonic()
        while not ends.wait(0.01):
            report(min(0.9, 0.8 + 0.02 * (time.monotonic() - began)))

    job = pool.start("a", "Scoring", work, ANN)
    while job.left is None:
        assert job.share < 0.9, "no time left is told"
        time.sleep(0.01)
    told, known = job.left, (1 - job.share) / 0.02
    ends.set()
    assert told == pytest.approx(known, rel=0.3)


def test_the_same_key_is_the_same_job_for_everybody(pool):
    gate = Gate()
    first = pool.start("a", "Scoring", gate, ANN)
    assert pool.start("a", "Scoring", lambda report: pytest.fail("computed twice"), BOB) is first
    pool.leave("a", ANN)
    gate.open.set()
    assert first.wait(60) and first.state == DONE, "Bob still wants it"
    assert pool.start("a", "Scoring", gate, ANN) is first, "what is done is not done again"


def test_it_ends_when_the_last_viewer_leaves_and_begins_anew_when_asked_for_again(pool):
    gate = Gate()
    job = pool.start("a", "Scoring", gate, ANN)
    assert gate.begun.wait(60)
    pool.leave("a", ANN)
    assert job.state == STOPPED
    gate.open.set()
    again = pool.start("a", "Scoring", gate, ANN)
    assert again is not job and again.wait(60) and again.state == DONE


def test_a_stop_is_answered_at_once_and_reaches_the_work(pool):
    left = threading.Event()

    def work(report) -> None:
        try:
            while True:
                report(0.1)
                time.sleep(0.002)
        finally:
            left.set()

    job = pool.start("a", "Scoring", work, ANN)
    while job.state == WAITING:
        time.sleep(0.001)
    job.stop()
    assert job.state == STOPPED
    assert left.wait(30), "the work itself ends at its next report"


def test_what_returns_after_a_stop_is_dropped(pool):
    begun, let, returned = threading.Event(), threading.Event(), threading.Event()

    def deaf(report) -> str:
        begun.set()
        let.wait(60)
        returned.set()
        return "too late"

    job = pool.start("a", "Opening", deaf, ANN)
    assert begun.wait(60)
    job.stop()
    assert job.state == STOPPED and not returned.is_set(), "who stops it does not wait for the work"
    let.set()
    assert returned.wait(60)
    time.sleep(0.05)
    assert (job.state, job.result) == (STOPPED, None)


def test_jobs_of_one_place_replace_each_other_for_one_viewer_only(pool):
    gates = [Gate(), Gate(), Gate()]
    mine = pool.start("a", "Scoring", gates[0], ANN, group=("board", "Ann"))
    theirs = pool.start("b", "Scoring", gates[1], BOB, group=("board", "Bob"))
    assert gates[0].begun.wait(60) and gates[1].begun.wait(60)
    new = pool.start("c", "Scoring", gates[2], ANN, group=("board", "Ann"))
    assert mine.state == STOPPED and theirs.state == RUNNING
    for gate in gates:
        gate.open.set()
    assert new.wait(60) and theirs.wait(60) and {new.state, theirs.state} == {DONE}


def test_the_pool_is_fair_between_viewers():
    pool, order, hold = Jobs(1), [], Gate()
    first = pool.start("hold", "", hold, ANN)
    assert hold.begun.wait(60)
    for i in range(3):
        pool.start(("Ann", i), "", lambda report, i=i: order.append(("Ann", i)), ANN)
    last = pool.start(("Bob", 0), "", lambda report: order.append(("Bob", 0)), BOB)
    # One worker, which Ann has: it is Bob's turn before Ann's older jobs.
    assert min(pool._waiting, key=pool._turn) is last
    hold.open.set()
    for job in [first, last, *(pool.find(("Ann", i)) for i in range(3))]:
        assert job.wait(60)
    assert [entry for entry in order if entry[0] == "Ann"] == [("Ann", 0), ("Ann", 1), ("Ann", 2)]
    pool.close(5)


def test_no_more_run_at_once_than_there_are_workers(pool):
    now, most, lock = [0], [0], threading.Lock()

    def work(report) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1

    for job in [pool.start(i, "", work, Viewer(str(i))) for i in range(12)]:
        assert job.wait(60) and job.state == DONE
    assert most[0] == 2


def test_a_closed_tab_ends_it(pool, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE_S", 0.05)
    monkeypatch.setattr(jobs, "_ALIVE_S", 0.01)
    there = [True]
    job = pool.start("a", "Scoring", Gate(), Viewer("Ann", lambda: there[0]))
    time.sleep(0.2)
    assert job.state == RUNNING
    there[0] = False
    assert job.wait(60) and job.state == STOPPED
    # Whoever asks for it later is no part of that: it begins anew.
    gate = Gate()
    again = pool.start("a", "Scoring", gate, BOB)
    gate.open.set()
    assert again is not job and again.wait(60) and again.state == DONE


def test_the_context_of_the_viewer_travels_along(pool):
    language = contextvars.ContextVar("language", default="en")
    language.set("zh")
    job = pool.start("a", "", lambda report: language.get(), ANN)
    language.set("fr")
    assert job.wait(60) and job.result == "zh"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError("The text is empty.", "Type one."), "The text is empty."),
        (ValueError("seven is no head"), "seven is no head"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "not enough memory"),
    ],
)
def test_what_goes_wrong_is_said_in_words(pool, error, words):
    def fail(report) -> None:
        raise error

    job = pool.start("a", "Scoring", fail, ANN)
    assert job.wait(60) and job.state == FAILED and words in job.error.problem and job.error.advice


def test_what_has_no_room_is_refused_before_it_begins(pool):
    with pytest.raises(InputError, match=r"needs about 1000000\.0 GB"):
        pool.start("a", "Capturing", lambda report: pytest.fail("begun"), ANN, needs_bytes=10**15)
    assert pool.find("a") is None


def test_only_so_many_finished_jobs_are_remembered(pool, monkeypatch):
    monkeypatch.setattr(jobs, "_KEPT", 3)
    for i in range(8):
        assert pool.start(i, "", lambda report: None, ANN).wait(60)
    # The last one was not over yet when it was asked for.
    assert [i for i in range(8) if pool.find(i)] == [4, 5, 6, 7]


def test_results_are_remembered_within_so_many_bytes(pool, monkeypatch):
    monkeypatch.setattr(jobs, "_KEPT_BYTES", 2_500_000)
    for i in range(6):
        assert pool.start(i, "", lambda report: np.zeros(1_000_000, np.uint8), ANN).wait(60)
    assert [i for i in range(6) if pool.find(i)] == [3, 4, 5]
    assert pool.find(5).result_bytes >= 1_000_000


def test_what_takes_a_moment_waits_for_no_long_work_and_long_work_never_takes_its_place(pool):
    long, quick = [Gate() for _job in range(3)], Gate()
    began = [pool.start(("long", at), "A sweep", gate, ANN) for at, gate in enumerate(long)]
    assert long[0].begun.wait(60) and long[1].begun.wait(60)
    sentence = pool.start("sentence", "Reading the text", quick, BOB, quick=True)
    assert quick.begun.wait(60)
    quick.open.set()
    assert sentence.wait(60) and sentence.result == "done"
    assert not began[2].wait(0.1) and began[2].state == WAITING


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows the urgency of a single thread")
def test_long_work_gives_way_and_quick_work_does_not():
    pool, held, mine = Jobs(1), threading.Event(), os.getpriority(os.PRIO_PROCESS, 0)

    def urgency(_report):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    try:
        long = pool.start("long", "long", urgency, Viewer("me"))
        assert long.wait(60) and long.result == min(19, mine + limits._LESS_URGENT)
        busy = pool.start("busy", "busy", lambda report: held.wait(60), Viewer("me"))
        quick = pool.start("quick", "quick", urgency, Viewer("she"), quick=True)
        assert quick.wait(60) and quick.result == mine and not busy.over
        held.set()
    finally:
        held.set()
        pool.close(5)
