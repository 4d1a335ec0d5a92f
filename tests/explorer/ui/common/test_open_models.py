"""Models that do not fit into memory together: what is closed for whom, and who waits how long, on a machine of ten bytes."""

import gc
import itertools
import weakref

import pytest
import torch

from explorer.jobs import Viewer
from explorer.ui.common.model_queue import QUIET_S, SEEN_S, TURN_S, NoRoomYet
from explorer.ui.common.open_models import OpenModels
from models import ModelError

CPU = torch.device("cpu")
ANN, BEN, CAT = (Viewer(name) for name in ("ann", "ben", "cat"))


class Weights:
    """As much of a model as is looked at here: it takes memory for as long as somebody holds it."""

    number = itertools.count()

    def __init__(self, machine: "Machine", size: int) -> None:
        self.name, self.number, self.device, self.memory_bytes = f"of {size}", next(Weights.number), CPU, size
        machine.alive.add(self)

    def release(self) -> None:
        """Nothing to give back."""


class Machine:
    """Ten bytes, a clock that is put on by hand, and what viewers do."""

    def __init__(self) -> None:
        self.now, self.alive = 0.0, weakref.WeakSet()
        self.pool = OpenModels(most=9, free=lambda _device: 10 - sum(one.memory_bytes for one in self.alive), clock=lambda: self.now)

    def open(self, key: str, size: int, viewer: Viewer, slot: str = "sidebar", beside: str = ""):
        """What a page does for a model; None where it is open, else where its viewer stands."""
        user = (viewer.name, slot)
        self.pool.leave(user, but=key)
        if self.pool.get(key, user) is not None:
            return None
        who, place = (user, viewer, frozenset({beside} - {""})), self.pool.place(key)
        if place is not None and not place.turn:
            return self.pool.wait_for(key, None, *who)
        try:
            with self.pool.opening(key, *who) as admit:
                admit(CPU, size)
                self.pool.put(key, Weights(self, size))
        except NoRoomYet as refused:
            return self.pool.wait_for(key, refused, *who)
        assert self.pool.get(key, user) is not None
        return None


@pytest.fixture
def machine(monkeypatch):
    # Reference counts free what is made here; with torch in memory each look for cycles takes a moment.
    monkeypatch.setattr(gc, "collect", lambda: 0)
    return Machine()


def test_what_fits_is_opened_beside_what_others_use(machine):
    assert machine.open("a", 4, ANN) is machine.open("b", 6, BEN) is None
    assert machine.pool.get("a") and machine.pool.get("b")


def test_a_viewer_s_own_model_leaves_for_the_next_one_in_its_place(machine):
    machine.open("a", 6, ANN)
    assert machine.open("b", 6, ANN) is None
    assert machine.pool.get("a") is None


def test_a_model_that_somebody_uses_is_waited_for_with_a_place_and_a_time(machine):
    machine.open("a", 6, ANN)
    machine.now = 10
    place = machine.open("b", 6, BEN)
    assert (place.number, place.of, place.seconds, place.turn) == (1, 1, QUIET_S - 10, False)
    second = machine.open("c", 6, CAT)
    # b is opened after 20 seconds, and leaves for c when its turn is over.
    assert (second.number, second.of, second.seconds) == (2, 2, QUIET_S - 10 + TURN_S)
    assert machine.pool.get("a") is not None


def test_a_model_that_nobody_asked_for_lately_leaves(machine):
    machine.open("a", 6, ANN)
    machine.open("b", 6, BEN)
    machine.now = QUIET_S - 1
    assert not machine.pool.place("b").turn
    machine.now = QUIET_S
    assert machine.pool.place("b").turn and machine.open("b", 6, BEN) is None
    assert machine.pool.get("a") is None and machine.pool.place("b") is None


def test_who_goes_on_using_a_model_keeps_it_for_one_turn(machine):
    machine.open("a", 6, ANN)
    while machine.now < TURN_S:
        assert machine.open("a", 6, ANN) is None
        place = machine.open("b", 6, BEN)
        assert place is not None and machine.now + place.seconds <= TURN_S
        machine.now += 10
    assert machine.open("b", 6, BEN) is None
    # Now she waits in turn; nobody is shut out.
    assert machine.open("a", 6, ANN).seconds == QUIET_S


def test_nobody_passes_who_came_later_unless_there_is_room_for_both(machine):
    machine.open("a", 6, ANN)
    machine.open("b", 8, BEN)
    assert machine.open("small", 2, CAT) is None
    machine.now = QUIET_S + 1
    machine.pool.place("b")
    # There would be room for it, were a closed; that is for b.
    assert machine.open("c", 6, CAT).number == 2
    assert machine.open("b", 8, BEN) is None


def test_a_page_that_nobody_looks_at_lets_others_pass_and_keeps_its_place(machine):
    machine.open("a", 6, ANN)
    machine.open("b", 6, BEN)
    machine.now = QUIET_S + SEEN_S + 1
    assert machine.open("c", 6, CAT) is None
    assert machine.open("b", 6, BEN).number == 1


def test_a_tab_that_is_closed_waits_no_more(machine):
    there = [True]
    gone = Viewer("gone", lambda: there[0])
    machine.open("a", 6, ANN)
    machine.open("b", 6, gone)
    assert machine.open("c", 6, CAT).number == 2
    there[0] = False
    assert machine.pool.place("c").number == 1 and machine.pool.place("b") is None


def test_who_chooses_another_model_waits_no_more(machine):
    machine.open("a", 6, ANN)
    machine.open("b", 6, BEN)
    machine.open("a", 6, BEN)
    assert machine.pool.place("b") is None


def test_two_who_wait_for_the_same_model_stand_in_one_place(machine):
    machine.open("a", 6, ANN)
    machine.open("b", 6, BEN)
    assert machine.open("b", 6, CAT).of == 1
    machine.open("a", 6, BEN)
    assert machine.pool.place("b").number == 1


def test_what_one_page_shows_together_is_not_closed_for_its_other_half(machine):
    machine.open("a", 6, ANN)
    with pytest.raises(ModelError, match="beside the other one"):
        machine.open("b", 6, ANN, "compared", beside="a")
    assert machine.pool.get("a") is not None and machine.pool.place("b") is None


def test_what_never_fits_is_refused_at_once(machine):
    machine.open("a", 6, ANN)
    with pytest.raises(ModelError, match="can be made free") as refused:
        machine.open("b", 11, BEN)
    assert not isinstance(refused.value, NoRoomYet)
    assert machine.pool.get("a") is not None and machine.pool.place("b") is None


def test_a_computation_that_goes_on_with_a_closed_model_is_waited_for_without_a_time(machine):
    machine.open("a", 6, ANN)
    computing = machine.pool.get("a")
    machine.now = QUIET_S
    place = machine.open("b", 6, BEN)
    assert machine.pool.get("a") is None
    assert place.seconds is None and not place.turn
    machine.alive.discard(computing)
    del computing
    assert machine.pool.place("b").turn and machine.open("b", 6, BEN) is None


def test_room_that_is_held_for_one_is_not_given_to_another(machine):
    with machine.pool.opening("a", ("ann", "sidebar"), ANN) as admit:
        admit(CPU, 6)
        with pytest.raises(ModelError, match="can be made free"), machine.pool.opening("b", ("ben", "sidebar"), BEN) as other:
            other(CPU, 6)
    with machine.pool.opening("b", ("ben", "sidebar"), BEN) as admit:
        admit(CPU, 6)


def test_whatever_cannot_be_opened_is_waited_for_no_more(machine):
    machine.open("a", 6, ANN)
    machine.open("b", 6, BEN)
    with pytest.raises(OSError, match="broken"), machine.pool.opening("b", ("ben", "sidebar"), BEN):
        raise OSError("broken")
    assert machine.pool.place("b") is None
