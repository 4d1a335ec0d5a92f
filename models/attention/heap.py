"""Keeping large, short-lived arrays from tearing holes into the heap, where glibc is the C library."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor, nn

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_SMALL, _USUAL, _ALL = 1 * 2**20, 32 * 2**20, 2**30
"""Bytes from which glibc maps an allocation apart from the heap: what is kept, what its own adjustment arrives at, and nothing at all."""
_GIVEN_BACK, _NEVER = 2 * _USUAL, 2**31 - 1
"""Free bytes at the end of the heap that are given back to the system: what its own adjustment arrives at, and in a pass."""

LONG = 128 * 2**20
"""Bytes of a large array from which a text is very long. More free memory than that would tear before it is used again."""

_passes = 0
_lock = threading.Lock()


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
        _as_before(mallopt)


@contextmanager
def passing(largest: int) -> Iterator[None]:
    """Arrays that a network makes and drops, layer by layer, are made of the same memory again and again, while the block lasts.

    Of a long text each is larger than glibc's threshold, is mapped and given back, and the system clears its pages once more: a million of
    them in a pass of 4,096 tokens through GPT-2 small, a sixth of its time. The peak of the pass is no higher for it.

    Of a very long text it would be: what is kept lies wherever there was room, and gigabytes between are free and of no use. There the system
    maps large arrays, as ever, and the widest are made in pieces that are small enough for the heap (`models.opening.pieces`).

    Args:
        largest: bytes of a large array of the pass. Up to glibc's threshold nothing is done.
    """
    global _passes
    mallopt = _mallopt() if largest > _USUAL else None
    if mallopt is None:
        yield
        return
    if largest > LONG:
        with _lock:
            _as_before(mallopt)
        yield
        return
    with _lock:
        _passes += 1
        _as_before(mallopt)
    try:
        yield
    finally:
        with _lock:
            _passes -= 1
            _as_before(mallopt)


def large_array(network: nn.Module, tokens: int) -> int:
    """Bytes of what a feed-forward layer of a network makes of so many tokens, about."""
    return widest(tokens, getattr(network.config.get_text_config(), "hidden_size", None) or 0)


def widest(tokens: int, hidden: int) -> int:
    """Bytes of what a feed-forward layer makes of so many tokens in float32: mostly it is four times as wide as the network."""
    return 16 * tokens * hidden


def _as_before(mallopt: object) -> None:
    # Whoever sets one of them ends glibc's own adjustment of both, and the other one would stay at 128 kB.
    mallopt(_M_MMAP_THRESHOLD, _ALL if _passes else _USUAL)
    mallopt(_M_TRIM_THRESHOLD, _NEVER if _passes else _GIVEN_BACK)


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
