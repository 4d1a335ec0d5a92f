"""On how many cores a thread computes, without the other threads of the process hearing of it.

`torch.set_num_threads` holds for the thread that calls it, and for all that begin later: one that begins while another measures on one core
would stay there for good.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

_ONE_AT_A_TIME = threading.Lock()


def compute_on(cores: int) -> None:
    """This thread computes on so many cores from now on."""
    if torch.get_num_threads() == cores:
        return
    with _ONE_AT_A_TIME:
        others = _in_a_new_thread(torch.get_num_threads)
        torch.set_num_threads(cores)
        _in_a_new_thread(lambda: torch.set_num_threads(others))


@contextmanager
def computing_on(cores: int) -> Iterator[None]:
    """A block that computes on so many cores: their number decides on the last digits of sums."""
    had = torch.get_num_threads()
    compute_on(cores)
    try:
        yield
    finally:
        compute_on(had)


def _in_a_new_thread(work: Callable[[], int | None]) -> int | None:
    """What such a thread finds or leaves is what holds for all that begin later."""
    found: list[int | None] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]
