import threading
import time

from explorer.lab.places import Places


def test_no_more_than_there_are_places():
    places = Places(2)
    assert places.take("a", 0) and places.take("b", 0) and not places.wanted
    assert not places.take("c", 0.01) and places.wanted
    places.leave("a")
    assert places.take("c", 0.01) and not places.wanted


def test_who_asks_first_is_first():
    places = Places(1)
    assert places.take("a", 0)
    assert not places.take("b", 0) and not places.take("c", 0)
    places.leave("a")
    assert not places.take("c", 0)
    assert places.take("b", 0)
    # Who leaves the queue does not hold up the others.
    assert not places.take("d", 0)
    places.leave("c")
    places.leave("b")
    assert places.take("d", 0)


def test_who_has_a_place_keeps_it():
    places = Places(1)
    assert places.take("a", 0) and places.take("a", 0)
    places.leave("a")
    assert places.take("b", 0)


def test_waiting_ends_when_a_place_is_free():
    places = Places(1)
    places.take("a", 0)
    threading.Timer(0.05, places.leave, ["a"]).start()
    start = time.monotonic()
    assert places.take("b", 10)
    assert time.monotonic() - start < 5
