"""The units of `atlas`: shards of a corpus, whose numbers merge exactly in any order and in any number."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

from explorer.atlas import shards
from explorer.atlas.atlas import Atlas
from explorer.atlas.options import Options
from explorer.tasks.base import Progress, within
from explorer.units import store
from explorer.units.bench import Bench
from explorer.units.plan import Planner
from models import digests
from models.errors import ModelError
from models.words import told

TOKENS = 20_000
"""Tokens of a shard: more would keep few workers busy, fewer would read the corpus' tokens more often than its attention."""


def atlas(planner: Planner, opened: Bench, progress: Progress | None = None) -> Atlas:
    """An atlas, as `making.make` finds it.

    Args:
        planner: of the job.
        opened: its model and corpus.
        progress: told the share that is done; what it raises ends the work.

    Raises:
        ModelError: a shard's file is not the one that was written.
    """
    plan, folder = opened.atlas_plan, planner.job.folder
    n = max(1, min(len(plan.batches), math.ceil(plan.tokens / TOKENS)))
    units = planner.units("atlas", [{}] * n)
    for unit in units:
        done = store.read(folder, unit)
        if done is not None and not _is_there(folder, done.result):
            store.place(folder, unit).unlink(missing_ok=True)
            _place(folder, done.result).unlink(missing_ok=True)
    found = planner.job.run("atlas", units, within(progress, 0.0, 0.95))
    if missing := [result["file"] for result in found if not _is_there(folder, result)]:
        raise ModelError(told("{file} is not what a worker has written.", file=missing[0]), told("All workers must write to the same disk."))
    made = Atlas.of(shards.merge([_place(folder, result) for result in found]))
    if progress:
        progress(1.0)
    return made


def options_json(options: Options) -> dict[str, object]:
    """How a corpus is read, as JSON."""
    return asdict(options)


def _place(folder: Path, result: dict) -> Path:
    return folder / store.SHARDS / Path(str(result["file"])).name


def _is_there(folder: Path, result: dict) -> bool:
    file = _place(folder, result)
    return file.is_file() and digests.of_file(file) == result["sha256"]
