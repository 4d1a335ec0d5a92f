"""What is loaded once and stays is not looked through again for garbage, and the rest now and then: every look holds up all viewers."""

from __future__ import annotations

import gc
import threading
import time
from functools import cache

EVERY_S = 10.0
"""Seconds between two collections at least, whoever asks."""
_turn, _last = threading.Lock(), [0.0]


@cache
def freeze(when: str) -> None:
    """Takes everything that is there now, for good, out of what the garbage collector looks through; once in this process for each `when`.

    With the libraries and a model in memory one look took 0.3 s of one core, with Python's one lock held. Reference counts still free what
    is frozen; only a cycle among these first objects stays.
    """
    gc.collect()
    gc.freeze()


def collect() -> None:
    """Collects all garbage, at the end of a run of the page, but once in `EVERY_S` for all viewers together.

    Streamlit would do it after every run (`runner.postScriptGC`, which is off). With thirty viewers, whose sessions are looked through
    each time, that took a third of the work of a changed text, Python's lock held. Python's own collections go on in between.
    """
    with _turn:
        now = time.monotonic()
        if now - _last[0] < EVERY_S:
            return
        _last[0] = now
    gc.collect()
