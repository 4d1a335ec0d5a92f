"""Data of demos that take longer than a class waits: made by one command, shipped with the project, and computed again here by a job.

`data/MODULE.json` holds what a demo's `make` returned, and a card: when, with what, how long.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from explorer.lectures.demo import Demo
from models import ModelError
from models.atomic import put_text
from models.training.loop import machine
from models.words import told

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Card:
    """How data was made.

    Attributes:
        date: day, ISO.
        command: that makes it again.
        seconds: that it took.
        machine: that it ran on.
    """

    date: str
    command: str
    seconds: float
    machine: str


@dataclass(frozen=True, eq=False)
class Shipped:
    """Data of a demo, as its `make` returned it, and how it was made."""

    data: Mapping[str, object]
    card: Card


_instead: contextvars.ContextVar[Mapping[str, Shipped]] = contextvars.ContextVar("lectures_instead", default={})  # noqa: B039 -- never changed


@contextlib.contextmanager
def instead(module: str, found: Shipped | None) -> Iterator[None]:
    """A block in which `read` gives other data for one demo: what was computed here; None changes nothing."""
    before = _instead.set(_instead.get() if found is None else {**_instead.get(), module: found})
    try:
        yield
    finally:
        _instead.reset(before)


def read(module: str, folder: Path | None = None) -> Shipped:
    """The data of a demo, by the name of its module. Raises ModelError where there is none."""
    if module in _instead.get():
        return _instead.get()[module]
    file = (folder or FOLDER) / f"{module}.json"
    if not file.is_file():
        raise ModelError(told("{file} is missing.", file=file), told("Make it: python -m explorer lectures compute"))
    return _read(file, file.stat().st_mtime_ns)


def made(demo: Demo, report: Callable[[float], None] = lambda _share: None) -> Shipped:
    """The data of a demo, computed now."""
    start = time.perf_counter()
    data = demo.make(report)
    command = f"python -m explorer lectures compute {demo.id}"
    # As a file would give them back: the same whether they were shipped or computed here.
    plain = json.loads(json.dumps(data))
    return Shipped(plain, Card(datetime.date.today().isoformat(), command, round(time.perf_counter() - start, 1), machine()))


def write(demo: Demo, report: Callable[[float], None] = lambda _share: None, folder: Path | None = None) -> Path:
    """Computes the data of a demo and writes it, whole or not at all."""
    found = made(demo, report)
    file = (folder or FOLDER) / f"{demo.module}.json"
    file.parent.mkdir(exist_ok=True)
    put_text(file, json.dumps({"card": asdict(found.card), "data": found.data}, separators=(",", ":")) + "\n")
    return file


@lru_cache(maxsize=64)
def _read(file: Path, _modified: int) -> Shipped:
    # When it was written is part of the key: what was computed again is read again.
    found = json.loads(file.read_text(encoding="utf-8"))
    return Shipped(found["data"], Card(**found["card"]))
