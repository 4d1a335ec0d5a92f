"""Two viewers on a machine on which one model has room."""

import re
from threading import Event

import pytest

from explorer.jobs import Viewer
from explorer.ui.common import jobs, session
from explorer.ui.common.model_queue import QUIET_S
from explorer.ui.common.open_models import OpenModels
from tests.pages.shared import opened, settle, written


@pytest.fixture
def machine(monkeypatch):
    """Its pool of open models, a clock, and whose page is run."""
    clock, who = [0.0], ["ann"]
    pool = OpenModels(free=lambda _device: 110_000_000 - sum(use.bytes for use in pool._uses.values()), clock=lambda: clock[0])
    monkeypatch.setattr(session, "OPEN", pool)
    monkeypatch.setattr(jobs, "viewer", lambda: Viewer(who[0]))
    return pool, clock, who


def heads(app) -> list[str]:
    """The models whose maps are shown: what stands above them names them."""
    return re.findall(r"all-MiniLM-L6-v2|bert-mini", app.main.markdown[0].value) if app.main.markdown else []


def test_a_model_for_which_there_is_no_room_is_waited_for_and_comes(machine):
    pool, clock, who = machine
    first = opened("attention", model="all-MiniLM-L6-v2")
    assert "all-MiniLM-L6-v2" in heads(first)
    who[0], clock[0] = "ben", 10.0
    second = opened("attention", model="bert-mini")
    assert not second.exception and not heads(second)
    assert f"place 1 of 1. There is room in {QUIET_S - 10:.0f} s at most." in written(second)
    # Others are not disturbed meanwhile.
    who[0] = "ann"
    assert "all-MiniLM-L6-v2" in heads(settle(first.run())) and len(pool._open) == 1
    who[0], clock[0] = "ben", 10.0 + QUIET_S
    assert "bert-mini" in heads(settle(second.run())) and "place 1" not in written(second)
    # Who comes back to a page whose model was closed waits in turn.
    who[0] = "ann"
    assert "place 1 of 1" in written(settle(first.run()))


def test_a_model_that_no_machine_like_this_has_room_for_says_so_and_the_last_one_stays(machine, monkeypatch):
    app = opened("attention", model="bert-mini")
    monkeypatch.setattr(machine[0], "_free", lambda _device: 1_000_000)
    app.selectbox(key="model").set_value("all-MiniLM-L6-v2")
    settle(app.run())
    assert not app.exception and "bert-mini" in heads(app)
    assert "This model takes 0.1 GB; at most 0.0 GB can be made free." in written(app)


@pytest.mark.parametrize("turned", [False, True])
def test_until_its_model_is_open_a_step_of_a_lecture_shows_no_other(machine, monkeypatch, turned):
    """Who chooses another model still sees the one before; a step that asks for another one never speaks of that."""
    app, opens, load = opened("heads", model="bert-mini", talk="1"), Event(), session.load
    assert "bert-mini" in heads(app)

    def slow(*asked, **how):
        assert opens.wait(60)
        return load(*asked, **how)

    monkeypatch.setattr(session, "load", slow)
    try:
        app.selectbox(key="model").set_value("all-MiniLM-L6-v2")
        if turned:
            app.query_params["talk"] = "2"
        app.run()
        assert not app.exception and heads(app) == ([] if turned else ["bert-mini"])
        told = "\n".join(one.value for one in app.main.caption)
        assert ("Opening all-MiniLM-L6-v2" in told) == turned
    finally:
        opens.set()
    assert heads(settle(app)) == ["all-MiniLM-L6-v2"]
