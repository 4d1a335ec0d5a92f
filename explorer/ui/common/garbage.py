"""What is loaded once and stays is not looked through again for garbage: every look would hold up all viewers."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze(when: str) -> None:
    """Takes everything that is there now, for good, out of what the garbage collector looks through; once in this process for each `when`.

    Streamlit collects all generations after every run of a page. With the libraries and a model in memory that took 0.3 s of one core,
    with Python's one lock held: three bars that look at their jobs twice a second left nothing for the jobs. Reference counts still
    free what is frozen; only a cycle among these first objects stays.
    """
    gc.collect()
    gc.freeze()
