"""A folder of units as somebody else fills it: how far the job is, what is missing, and what its results so far say."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.ablation.sweep import outcomes
from explorer.atlas import shards
from explorer.atlas.sums import METRICS, Sums
from explorer.units import store
from explorer.units.job import FINISHED, PLAN, read_manifest
from models.errors import InputError
from models.words import told

_LATEST = 30
"""The rate is that of so many units: workers come and go."""
_SHOWN = 12
"""Numbers of missing units that are named."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What there is to see of a job.

    Attributes:
        about: what the job is, see `plan.Planner`.
        phase: name of the last phase that is planned; "" before the first.
        phases: that are planned so far.
        planned, done: units of that phase.
        missing: numbers of the first few that are not done, from 1.
        left: seconds for the rest of the phase at the rate of the latest units; None where that cannot be told.
        idle: seconds since a unit was written; None before the first.
        finished: whether the command has merged all results.
        rises: rise of the mean loss without each head, in nats, (sites, heads), on the examples that are done; nan where there is no head.
            None for a job that removes no head alone, and before its first unit.
        examples: that these rest on.
        metrics: of an atlas: `sums.METRICS` by name, each the mean over all rows of the shards that are done, (sites, heads); nan where there
            is no head or no such row. None for other jobs, and before the first shard.
    """

    about: dict
    phase: str
    phases: int
    planned: int
    done: int
    missing: tuple[int, ...]
    left: float | None
    idle: float | None
    finished: bool
    rises: np.ndarray | None
    examples: int
    metrics: Mapping[str, np.ndarray] | None = None

    @property
    def share(self) -> float:
        """Of the phase that is done."""
        return self.done / self.planned if self.planned else 0.0


class Watcher:
    """Looks at a folder again and again; what it has read once it does not read again.

    Args:
        folder: of a job.

    Raises:
        InputError: it holds no units.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.about = folder, read_manifest(folder)["about"]
        self._ended: dict[str, float] = {}
        try:
            self._sizes = [heads for _part, _layer, heads in self.about["shown"]["sites"]]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                told("{folder} holds no units.", folder=folder), told("Name the folder that a command was given as --units.")
            ) from error
        self._losses = np.zeros((len(self._sizes), max(self._sizes, default=1)))
        self._baseline, self._examples = 0.0, 0
        self._sums: Sums | None = None

    def look(self) -> Seen:
        """How far it is now."""
        plans = sorted(filter(None, map(_plan, sorted((self.folder / PLAN).glob("*.json")))), key=lambda plan: plan["phase"])
        for plan in plans:
            for digest in plan["units"]:
                if digest not in self._ended and store.place(self.folder, digest).is_file():
                    self._read(digest)
        last = plans[-1] if plans else {"name": "", "units": []}
        ended = sorted(self._ended[digest] for digest in last["units"] if digest in self._ended)
        missing = tuple(number + 1 for number, digest in enumerate(last["units"]) if digest not in self._ended)
        newest = max(self._ended.values(), default=None)
        return Seen(
            about=self.about,
            phase=last["name"],
            phases=len(plans),
            planned=len(last["units"]),
            done=len(ended),
            missing=missing[:_SHOWN],
            left=_left(ended, len(missing)),
            idle=None if newest is None else max(0.0, time.time() - newest),
            finished=(self.folder / FINISHED).is_file(),
            rises=self._rises(),
            examples=self._examples,
            metrics=self._metrics(),
        )

    def _read(self, digest: str) -> None:
        found = store.read_any(self.folder, digest)
        if found is None:
            return  # broken: whoever drives the job does it again
        unit, done = found
        if unit.kind == "atlas" and not self._add(done.result):
            return  # likewise: the file of its shard
        self._ended[digest] = done.ended
        if unit.kind == "sweep":
            for head, outcome in outcomes(done.result).items():
                loss = float(outcome.loss.double().sum())
                if head is None:
                    self._baseline += loss
                    self._examples += len(outcome.loss)
                else:
                    self._losses[head] += loss

    def _add(self, result: object) -> bool:
        """Adds a shard of an atlas, whose own file is beside those of the units; whether it could be read."""
        try:
            sums = shards.sums_of(self.folder / store.SHARDS / Path(str(result["file"])).name)
            if self._sums is None and len(sums.totals) == sum(self._sizes):
                self._sums = sums
            else:
                self._sums.add(sums)
        except (InputError, TypeError, KeyError, ValueError, AttributeError):
            return False
        return True

    def _metrics(self) -> dict[str, np.ndarray] | None:
        if self._sums is None:
            return None
        known, means = np.zeros(self._losses.shape, bool), self._sums.means()
        for site, heads in enumerate(self._sizes):
            known[site, :heads] = True
        found = {}
        for at, name in enumerate(METRICS):
            found[name] = np.full(known.shape, np.nan)
            found[name][known] = means[:, at]
        return found

    def _rises(self) -> np.ndarray | None:
        if not self._examples:
            return None
        rises = (self._losses - self._baseline) / self._examples
        for site, heads in enumerate(self._sizes):
            rises[site, heads:] = np.nan
        return rises


def _plan(file: Path) -> dict | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return found if isinstance(found["units"], list) and isinstance(found["phase"], int) and isinstance(found["name"], str) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _left(ended: list[float], missing: int) -> float | None:
    latest = ended[-_LATEST:]
    if not missing:
        return 0.0
    if len(latest) < 3 or latest[-1] <= latest[0]:
        return None
    return missing * (latest[-1] - latest[0]) / (len(latest) - 1)
