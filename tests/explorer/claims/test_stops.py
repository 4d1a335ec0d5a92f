"""A claim that nobody wants any more ends within a second, and so does a demo: both look often enough, whatever they compute."""

import contextvars
import time

import pytest

from explorer import limits
from explorer.claims import claim, claims, scaling
from explorer.jobs import FAILED, RUNNING, Jobs, Viewer
from explorer.lectures.registry import demo
from explorer.lectures.words import read
from models import load
from models.stopping import Stopped, look, looking
from tests.explorer.claims.shared import model

SLOW = (
    ("Q1", {}),
    ("Q9b", {"role": "rare"}),
    ("Q10", {"batch": 16}),
    ("Q16", {"view": "read"}),
    ("Q18", {"depth": 96}),
    ("Q24c", {}),
    ("Q24d", {"layer": 2}),
)
"""Demos that were seen to take a second or more, at the settings at which they do."""


def longest_wait(work, *args) -> float:
    """Processor seconds of this thread between two looks at most, the first and the last piece included; what others compute is not counted."""
    waits, at = [], [time.thread_time()]

    def does() -> None:
        waits.append(time.thread_time() - at[0])
        at[0] = time.thread_time()

    contextvars.copy_context().run(looking, does, work, *args)
    does()
    return max(waits)


@pytest.mark.parametrize("id_", [one.id for one in claims()])
def test_a_claim_looks_at_least_once_a_second(id_):
    claim(id_).compute(model)  # models are opened, and what torch does once is done
    assert longest_wait(claim(id_).compute, model) < 1


@pytest.mark.parametrize(("id_", "settings"), SLOW)
def test_a_demo_looks_at_least_once_a_second(id_, settings):
    one = demo(id_)
    settings = {**one.defaults(read(one.module, "en")), **settings}
    one.compute(model, **settings)
    assert longest_wait(lambda: one.compute(model, **settings)) < 1


def slow(report) -> None:
    claim("C4").compute(model)


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setattr(scaling, "KEY_SETS", 100_000)  # hours
    made = Jobs(1)
    yield made
    made.close(5)


def test_a_stopped_claim_gives_its_worker_back(pool):
    """It would take hours; that it looks once a second is tested above."""
    job = pool.start("C4", "C4", slow, Viewer("Ann"))
    while job.state != RUNNING:
        time.sleep(0.01)
    time.sleep(0.3)
    job.stop()
    assert pool.start("next", "next", lambda report: "begun", Viewer("Bob")).wait(60)


def test_the_bound_of_a_public_server_reaches_a_claim(pool, monkeypatch):
    monkeypatch.setattr(limits, "NOW", limits.Limits(job_seconds=0.3))
    job = pool.start("C4", "C4", slow, Viewer("Ann"))
    assert job.wait(60) and job.state == FAILED and "the most that this server gives" in str(job.error)
    assert pool.start("next", "next", lambda report: "begun", Viewer("Bob")).wait(60)


def test_a_stop_in_the_middle_of_a_model_is_no_failure_of_the_model():
    def stopped() -> None:
        raise Stopped

    # A model is tried in several ways when it is opened: none of them takes a stop for an answer.
    with pytest.raises(Stopped):
        contextvars.copy_context().run(looking, stopped, load, "gpt2-mini", "cpu")
    look()  # and outside of that work nobody is stopped
