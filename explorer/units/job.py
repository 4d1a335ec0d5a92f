"""A folder of units: what the job is, which units are planned, and their results in the order of their numbers.

Any number of processes may drive one folder. Each plans the same units, since a plan depends on the job and on earlier results alone; none
writes over what another has written; each begins elsewhere in the list, so that they share the work rather than do it twice.

The folder holds

    job.json       what the job is (`Job.about`), and its digest
    plan/          one file for each phase that is planned so far: its number and name, and the digests of its units
    units/         a file for each unit that is done (`store`)
    finished.json  once a driver has merged all results
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.tasks.base import Progress
from explorer.units import store
from explorer.units.store import MANIFEST
from explorer.units.unit import Unit, canonical
from models.atomic import put_text, writing
from models.errors import InputError, ModelError
from models.words import told

if TYPE_CHECKING:
    # A page that only looks at a folder loads nothing that does units.
    from explorer.units.executors import Executor

PLAN, FINISHED = "plan", "finished.json"
FORMAT = "attention_explorer_units"
_ROUNDS = 3
"""How often units are run again whose files are not there though they were said to be done: disks of several machines agree late."""


class Job:
    """A folder of units.

    Args:
        folder: made where it is not there.
        about: what the results depend on, for people and for other drivers; JSON.
        executor: where units run.

    Raises:
        InputError: the folder belongs to another job, or is something else.
        WriteError: it cannot be written.
    """

    def __init__(self, folder: Path, about: Mapping[str, object], executor: Executor) -> None:
        self.folder, self.about, self.executor = folder.absolute(), json.loads(canonical(about)), executor
        self.phase = 0
        manifest = self.folder / MANIFEST
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(told("{folder} is no folder.", folder=folder), told("Name another."))
        if manifest.is_file():
            self._check(read_manifest(self.folder))
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise InputError(told("{folder} holds something else than units.", folder=folder), told("Name a new folder."))
        with writing(self.folder):
            (self.folder / PLAN).mkdir(parents=True, exist_ok=True)
        if not manifest.is_file():
            put_text(manifest, json.dumps({FORMAT: 1, "about": self.about}, indent=1) + "\n")

    def run(self, name: str, units: Sequence[Unit], progress: Progress | None = None) -> list[object]:
        """Plans a phase, has its units done where they are not yet, and gives their results.

        Args:
            name: of the phase, for who looks at the folder.
            units: in the order in which their results are merged.
            progress: told the share that is done, several times a second; what it raises ends the work, and what is done stays done.

        Raises:
            ExplorerError: a unit does not succeed, nobody is there to do it, or the folder cannot be written.
        """
        tell, phase = progress or (lambda share: None), self.phase
        self.phase += 1
        plan = self.folder / PLAN / f"{phase:04d}.json"
        text = json.dumps({"phase": phase, "name": name, "units": [unit.digest for unit in units]})
        if not plan.is_file() or plan.read_text(encoding="utf-8") != text:
            put_text(plan, text)
        found: list[store.Done | None] = [None] * len(units)
        for round_ in range(_ROUNDS + 1):
            found = [done or store.read(self.folder, unit) for unit, done in zip(units, found, strict=True)]
            missing = [unit for unit, done in zip(units, found, strict=True) if done is None]
            there = len(units) - len(missing)
            tell(there / max(1, len(units)))
            if not missing:
                return [done.result for done in found]
            if round_ < _ROUNDS:
                self.executor.run(_turned(missing), self.folder, lambda done, there=there: tell(min(1.0, (there + done) / len(units))))
        raise ModelError(
            told("{n} units are said to be done and are not in {folder}.", n=len(missing), folder=self.folder),
            told("All workers must write to the same disk. What is done is kept; the same command goes on from there."),
        )

    def finish(self) -> None:
        """Says to who looks at the folder that all is merged. Raises WriteError."""
        put_text(self.folder / FINISHED, json.dumps({"phases": self.phase}) + "\n")

    def _check(self, other: Mapping[str, object]) -> None:
        if other["about"] != self.about:
            theirs = other["about"]
            differ = sorted(name for name in theirs.keys() | self.about.keys() if theirs.get(name) != self.about.get(name))
            raise InputError(
                told("The units in {folder} are of another job: its {what} differ.", folder=self.folder, what=", ".join(differ)),
                told("Name another folder."),
            )


def read_manifest(folder: Path) -> dict:
    """What a folder says about itself. Raises InputError where it holds no units."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if found[FORMAT] == 1 and isinstance(found["about"], dict):
            return found
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise InputError(told("{folder} holds no units.", folder=folder), told("Name the folder that a command was given as --units."))


def _turned(units: list[Unit]) -> list[Unit]:
    """The same list from a place on that each process has for itself."""
    start = zlib.crc32(store.here().encode()) % len(units)
    return units[start:] + units[:start]
