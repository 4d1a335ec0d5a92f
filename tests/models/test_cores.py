"""How many cores a thread computes on is its own affair."""

import threading

import pytest
import torch

from models.cores import compute_on, computing_on


def in_a_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def two():
    """All threads compute on two cores, as far as they do not ask for another number."""
    had = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(had)


def test_a_thread_that_begins_meanwhile_keeps_its_own_number(two):
    with computing_on(3):
        assert torch.get_num_threads() == 3
        assert in_a_thread(torch.get_num_threads) == 2
    assert torch.get_num_threads() == in_a_thread(torch.get_num_threads) == 2


def test_two_that_cross_leave_nothing_behind(two):
    inside, leave = threading.Event(), threading.Event()
    seen = []

    def first():
        with computing_on(1):
            inside.set()
            leave.wait(30)
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    def second():
        inside.wait(30)
        with computing_on(3):
            leave.set()
            one.join()
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    one, other = threading.Thread(target=first), threading.Thread(target=second)
    other.start()
    one.start()
    other.join()
    assert seen == [1, 2, 3, 2] and in_a_thread(torch.get_num_threads) == torch.get_num_threads() == 2


def test_it_is_put_back_after_a_failure(two):
    with pytest.raises(ZeroDivisionError), computing_on(1):
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == 2


def test_for_good_is_for_this_thread_alone(two):
    assert in_a_thread(lambda: (compute_on(1), torch.get_num_threads())[1]) == 1
    assert in_a_thread(torch.get_num_threads) == torch.get_num_threads() == 2
