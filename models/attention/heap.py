"""Keeping large, short-lived arrays from tearing holes into the heap, where glibc is the C library."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_M_MMAP_THRESHOLD = -3
_SMALL, _USUAL = 1 * 2**20, 32 * 2**20
"""Bytes from which glibc maps an allocation apart from the heap: here, and what its own adjustment arrives at."""


@contextmanager
def large_arrays_apart() -> Iterator[None]:
    """Arrays of a megabyte or more are given back to the system the moment they are dropped, while the block lasts.

    glibc raises its threshold by itself up to 32 MiB. Then blocks of scores, which come and go, lie between the queries and keys
    that stay, and a capture of 1,024 tokens takes up to twice the memory it needs. Elsewhere this does nothing.
    """
    mallopt = _mallopt()
    if mallopt is None:
        yield
        return
    mallopt(_M_MMAP_THRESHOLD, _SMALL)
    try:
        yield
    finally:
        mallopt(_M_MMAP_THRESHOLD, _USUAL)


@cache
def _mallopt() -> object | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return None
