"""Keeping large, short-lived arrays from tearing holes into the heap, where glibc is the C library."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

_M_MMAP_THRESHOLD = -3
_SMALL, _USUAL = 1 * 2**20, 32 * 2**20
"""Bytes from which glibc maps an allocation apart from the heap: here, and what its own adjustment arrives at."""


@contextmanager
def large_arrays_apart() -> Iterator[None]:
    """Arrays of a megabyte or more are given back to the system the moment they are dropped, while the block lasts.

    glibc raises its threshold by itself up to 32 MiB. Then arrays that come and go lie between those that stay, and a text of 1,024 tokens
    takes up to twice the memory it needs. Elsewhere this does nothing.
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


def kept(t: Tensor) -> Tensor:
    """What will be kept of a large array that a network is about to drop, away from the heap: a copy; anything else as it is, detached.

    Where what is kept lies between what comes and goes, the heap cannot shrink, and a capture of 1,024 tokens takes half as much again. To have
    the system give and take every large array of the pass would prevent it as well, at the cost of a tenth of a short pass.
    """
    t = t.detach()
    if t.device.type != "cpu" or t.numel() * t.element_size() < _SMALL:
        return t
    with large_arrays_apart():
        return t.clone(memory_format=torch.contiguous_format)


@cache
def _mallopt() -> object | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return None
