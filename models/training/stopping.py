"""A long run that is asked to stop, between two steps and never within one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def signals() -> Iterator[list[int]]:
    """A list that fills when the process is asked to stop (Ctrl-C, or SIGTERM). In the main thread only."""
    caught: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: caught.append(number)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
