"""A cache that is bounded by bytes, and forgets first what has not been used for longest."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Generic, TypeVar

import numpy as np
import pandas as pd
import torch

from models import Model

Value = TypeVar("Value")
_ATOMS = (int, float, complex, bool, type(None), type, str, bytes, bytearray)
_SHARED = (Model, torch.nn.Module, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
"""What a value only points to: networks and code live elsewhere, and go on living when the value is forgotten."""


class BoundedCache(Generic[Value]):
    """Values by key, for several threads at once. Together they stay within `limit_bytes`; whoever was not used for longest goes first.

    It is used like a dictionary (`key in cache`, `cache[key]`, `cache[key] = value`, `cache.get(key, default)`), or with
    `get_or_compute`, which never computes one key twice at once. Reading an entry, or asking whether it is there, counts as use.

    A value that alone exceeds the limit is kept alone, until the next one comes: whoever stored it can read it back. With a limit of 0
    nothing is kept at all, and only `get_or_compute` makes sense.

    Args:
        limit_bytes: bound on the sum of the sizes of the values.
        size_of: bytes of a value, asked once, when it is stored.
    """

    def __init__(self, limit_bytes: int, size_of: Callable[[Value], int] | None = None) -> None:
        self.limit_bytes = limit_bytes
        self._size_of = size_of or memory_of
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._computing: dict[Hashable, tuple[threading.RLock, list[None]]] = {}

    @property
    def memory_bytes(self) -> int:
        """Bytes of all values that are kept."""
        return self._bytes

    def get_or_compute(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """The value of a key, computed where it is not there. Another thread that asks for the same key meanwhile waits for it.

        What `compute` raises is raised here, and nothing is stored.
        """
        with self._lock:
            if key in self._entries:
                return self._used(key)
            lock, waiting = self._computing.setdefault(key, (threading.RLock(), []))
            waiting.append(None)
        try:
            with lock:
                with self._lock:
                    if key in self._entries:
                        return self._used(key)
                value = compute()
                self[key] = value
                return value
        finally:
            with self._lock:
                waiting.pop()
                if not waiting:
                    self._computing.pop(key, None)

    def __setitem__(self, key: Hashable, value: Value) -> None:
        size = self._size_of(value)
        with self._lock:
            self._drop(key)
            if self.limit_bytes <= 0:
                return
            while self._entries and self._bytes + size > self.limit_bytes:
                self._drop(next(iter(self._entries)))
            self._entries[key] = (value, size)
            self._bytes += size

    def __getitem__(self, key: Hashable) -> Value:
        with self._lock:
            return self._used(key)

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            if key in self._entries:
                # Whoever asks is about to read: another thread's new entry must not push it out in between.
                self._entries.move_to_end(key)
                return True
            return False

    def get(self, key: Hashable, default: object = None) -> Value | object:
        """The value of a key, or `default`."""
        with self._lock:
            return self._used(key) if key in self._entries else default

    def pop(self, key: Hashable, default: object = None) -> Value | object:
        """Takes an entry out; `default` where there is none."""
        with self._lock:
            value = self._entries[key][0] if key in self._entries else default
            self._drop(key)
            return value

    def clear(self) -> None:
        """Takes all entries out."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Hashable]:
        """Keys, the one that would go first at the front."""
        with self._lock:
            return iter(list(self._entries))

    def _used(self, key: Hashable) -> Value:
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def _drop(self, key: Hashable) -> None:
        if key in self._entries:
            self._bytes -= self._entries.pop(key)[1]


def memory_of(value: object) -> int:
    """About how many bytes a value holds, whatever it is made of: what two of its parts share counts once, networks not at all.

    Arrays and tensors count with the memory under them, of which they may be a view; containers, dataclasses and other objects with all
    they hold. Objects that know their own size say it as `memory_bytes` (captures) or `nbytes` (tables of Arrow).
    """
    total, seen, storages, left = 0, set(), set(), [value]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, _ATOMS):
            total += sys.getsizeof(one)
        elif isinstance(one, _SHARED):
            continue
        elif isinstance(one, torch.Tensor):
            storage = one.untyped_storage()
            if storage.data_ptr() not in storages:
                storages.add(storage.data_ptr())
                total += storage.nbytes()
        elif isinstance(one, np.ndarray):
            under = one
            while isinstance(under.base, np.ndarray):
                under = under.base
            if id(under) not in seen or under is one:
                seen.add(id(under))
                total += under.nbytes
                if under.dtype.hasobject:
                    left += under.ravel().tolist()
        elif isinstance(one, pd.DataFrame | pd.Series | pd.Index):
            memory = one.memory_usage(deep=True)
            total += int(memory if isinstance(memory, int) else np.sum(memory))
        elif isinstance(one, Mapping):
            total += sys.getsizeof(one)
            for key, inner in one.items():
                left += [key, inner]
        elif isinstance(one, list | tuple | set | frozenset):
            total += sys.getsizeof(one)
            left += one
        elif isinstance(known := _known_size(one), int):
            total += known
        else:
            total += sys.getsizeof(one)
            left += list(getattr(one, "__dict__", {}).values())
            if is_dataclass(one):  # those with slots have no __dict__; what both name counts once
                left += [getattr(one, field.name, None) for field in fields(one)]
    return total


def _known_size(value: object) -> int | None:
    """What an object of another library or of this house says of its own size; None where it says nothing."""
    for name in ("memory_bytes", "nbytes"):
        # Asked of the class: some objects, such as those of Altair, make up attributes when they are asked.
        if hasattr(type(value), name):
            return int(getattr(value, name))
    return None
