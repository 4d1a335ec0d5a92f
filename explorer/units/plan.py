"""From what a command was asked to the units of its job: each carries all that its result depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from explorer.units import bench
from explorer.units.bench import Bench
from explorer.units.executors import Executor
from explorer.units.job import Job
from explorer.units.unit import Unit
from explorer.units.work import CODE
from models.paths import is_folder, typed


class Planner:
    """The units of one job.

    Args:
        command: its name, for people.
        opened: what its units work on, as it is open in this process; units that run here work on it, too.
        folder: of the units.
        executor: where they run.
        more: what else of the job is to be known before its results are there; JSON.

    Raises:
        InputError, WriteError: as `Job`.
    """

    def __init__(self, command: str, opened: Bench, folder: Path, executor: Executor, more: Mapping[str, object] | None = None) -> None:
        # A folder is known by its path everywhere, whatever the folder that a process was started in.
        name = opened.model.name
        self.model = str(typed(name).absolute()) if opened.model.origin.startswith("folder") and is_folder(typed(name)) else name
        self.revision = name.partition("@")[2] if opened.model.origin.startswith("hub") else ""
        self.on, self.data = dict(opened.on), opened.data
        self.weights, self.code = opened.model.fingerprint, CODE
        bench.give(self.model, opened)
        about = {"command": command, "model": self.model, "revision": self.revision, "weights": self.weights, "code": self.code}
        about |= {"on": self.on, "data": self.data, "shown": layout(opened)} | dict(more or {})
        self.job = Job(folder, about, executor)

    def units(self, kind: str, each: Sequence[Mapping[str, object]], seeds: Sequence[int] | None = None) -> list[Unit]:
        """Units of one kind, one for each of these options, numbered in this order."""
        both = {"on": self.on, "data": self.data}
        seeds = seeds or [0] * len(each)
        return [
            Unit(kind, self.model, self.revision, self.weights, both | options, number, len(each), seed, self.code)
            for number, (options, seed) in enumerate(zip(each, seeds, strict=True))
        ]


def layout(opened: Bench) -> dict[str, object]:
    """What a picture of the model's heads needs: for each site its part, layer and heads; and how many examples there are."""
    sites = [[site.part, site.layer, site.heads] for site in opened.model.sites]
    return {"sites": sites, "examples": len(opened.task) if "task" in opened.on else None}


def device_of(opened_on: torch.device, dtype: torch.dtype) -> dict[str, object]:
    """How units compute: the kind of device, the precision, and the threads of a processor."""
    return {"device": opened_on.type, "dtype": str(dtype).removeprefix("torch."), "threads": torch.get_num_threads()}
