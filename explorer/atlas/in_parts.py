"""An atlas that can be looked at while this process makes it: after each part of its texts it is the one of just these.

The bytes at the end are those of `making.make`, for an atlas is the same in however many shards. What was read before a stop stays in memory.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Callable, Hashable
from pathlib import Path

from explorer.atlas import plan as planning
from explorer.atlas import shards
from explorer.atlas.atlas import Atlas
from explorer.atlas.corpus import Corpus
from explorer.atlas.options import Options
from explorer.atlas.plan import Plan
from explorer.bounded import BoundedCache
from models import Model

PART_TOKENS, MOST_PARTS = 4_000, 16
"""Tokens of a part, and parts at most: each costs a small model some hundredths of the time of the whole."""
_KEPT_BYTES = 128 * 2**20


class _Reading:
    """What is read so far. Two threads may add to one: the work that was stopped a moment ago, and that which goes on with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._merged: shards.Merged | None = None
        self.n = 0
        self.atlas: Atlas | None = None

    def add(self, file: Path, part: int, parts: int, plan: Plan) -> None:
        """The file of a part, counted from 0; nothing where it is there already."""
        with self._lock:
            if part != self.n:
                return
            self._merged = shards.added(self._merged, file)
            self.n += 1
            made = Atlas.of(shards.so_far(self._merged))
            if self.n < parts:
                numbers = [number for i in range(self.n) for batch in plan.shard(i, parts) for number in batch]
                read = {"parts": [self.n, parts], "texts": len(numbers), "tokens": sum(len(plan.sources[number]) for number in numbers)}
                made = Atlas({**made.manifest, "read": read}, None, made._tables)
            self.atlas = made


_KEPT: BoundedCache[_Reading] = BoundedCache(_KEPT_BYTES)


def make(
    key: Hashable,
    model: Model,
    corpus: Corpus,
    options: Options | None = None,
    progress: Callable[[float], object] | None = None,
) -> Atlas:
    """The atlas, as `making.make` makes it; meanwhile, and after a stop, `so_far` has what it is of the parts that are read.

    Args:
        key: of model, corpus and options: who comes again with it goes on where the work was stopped.
        model: from `models.load`.
        corpus: its texts.
        options: how it is read.
        progress: told the share that is done; what it raises ends the work.

    Raises:
        InputError: a text that the model cannot take.
        models.errors.WriteError: there is no room for the file of a part.
    """
    made = _read(key, model, corpus, options or Options(), progress or (lambda share: None), None)
    _KEPT.pop(key)
    return made


def so_far(key: Hashable) -> Atlas | None:
    """The atlas of what is read of one that is not whole yet; None where nothing is. Its manifest says under `read` what that is."""
    reading = _KEPT.get(key)
    return None if reading is None else reading.atlas


def first(model: Model, corpus: Corpus, options: Options, parts: int) -> Atlas:
    """The atlas of the first parts alone, as `so_far` has it after so many."""
    return _read(None, model, corpus, options, lambda share: None, parts)


def of_read(atlas: Atlas) -> dict | None:
    """What is read of an atlas that is not whole yet: `parts`, how many and of how many; `texts`, `tokens`. None for any other."""
    return atlas.manifest.get("read")


def _read(key: Hashable, model: Model, corpus: Corpus, options: Options, tell: Callable[[float], object], most: int | None) -> Atlas:
    plan = planning.made(model, corpus, options, lambda share: tell(0.05 * share))
    n = min(len(plan.batches), MOST_PARTS, math.ceil(plan.tokens / PART_TOKENS))
    reading = _Reading() if key is None else _KEPT.get_or_compute(key, _Reading)
    with tempfile.TemporaryDirectory() as passing:
        while reading.n < min(n, most or n):
            part = reading.n

            def within(share: float, done: int = part) -> None:
                tell(0.05 + 0.93 * (done + share) / n)

            file = shards.read(model, corpus, options, part, n, Path(passing), within, plan)
            reading.add(file, part, n, plan)
            file.unlink()
            if key is not None:
                _KEPT[key] = reading  # it has grown
    tell(1.0)
    return reading.atlas
