"""Memory that was freed, given back to the system.

glibc keeps what is freed for the next request. Where batches of many lengths follow each other, the next request fits into no gap that an
earlier one left, and what a process holds grows by the hour though it uses no more.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> bool:
    """Gives whole pages that nothing lies in back to the system; they cost a fault each when they are wanted again.

    Returns:
        Whether there was something to give. False where the C library is another than glibc, which has its own way.
    """
    trim = _trim()
    return trim is not None and bool(trim(0))


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found
