import threading
import time

from explorer.lab.slots import Slots


def test_no_more_than_there_are_places():
    slots = Slots(2)
    assert slots.take("a", 0) and slots.take("b", 0) and not slots.contested
    assert not slots.take("c", 0.01) and slots.contested
    slots.leave("a")
    assert slots.take("c", 0.01) and not slots.contested


def test_who_asks_first_is_first():
    slots = Slots(1)
    assert slots.take("a", 0)
    assert not slots.take("b", 0) and not slots.take("c", 0)
    slots.leave("a")
    assert not slots.take("c", 0)
    assert slots.take("b", 0)
    # Who leaves the queue does not hold up the others.
    assert not slots.take("d", 0)
    slots.leave("c")
    slots.leave("b")
    assert slots.take("d", 0)


def test_who_has_a_place_keeps_it():
    slots = Slots(1)
    assert slots.take("a", 0) and slots.take("a", 0)
    slots.leave("a")
    assert slots.take("b", 0)


def test_waiting_ends_when_a_place_is_free():
    slots = Slots(1)
    slots.take("a", 0)
    threading.Timer(0.05, slots.leave, ["a"]).start()
    start = time.monotonic()
    assert slots.take("b", 10)
    assert time.monotonic() - start < 5
