"""The file of a unit: its result, whole or not there; and whether a file that is there is whole and fits."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from explorer.units.unit import Unit, canonical
from models.atomic import put_text, writing

MANIFEST = "job.json"
"""What a folder of units says about itself; without it, it is none."""

UNITS = "units"
"""Folder of the files within that of the job; they lie in folders of the first two letters of their names, so that none grows long."""

SHARDS = "atlas"
"""Folder of the shards of an atlas, which are files of their own beside those of the units that name them."""


@dataclass(frozen=True)
class Done:
    """A unit's file.

    Attributes:
        result: JSON.
        seconds: that it took.
        where: machine and process that did it.
        ended: when its file was written, in seconds since 1970 by the clock of the disk.
    """

    result: object
    seconds: float
    where: str
    ended: float


def here() -> str:
    """This machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def place(folder: Path, unit: Unit | str) -> Path:
    """Where the file of a unit, or of one with that digest, is."""
    digest = unit if isinstance(unit, str) else unit.digest
    return folder / UNITS / digest[:2] / f"{digest}.json"


def write(folder: Path, unit: Unit, result: object, seconds: float) -> None:
    """Writes the file; who writes the same unit at the same time writes the same result. Raises WriteError."""
    file = place(folder, unit)
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    made = {"unit": unit.to_json(), "result": result, "sha256": _sha256(result), "seconds": seconds, "where": here()}
    put_text(file, json.dumps(made))


def read(folder: Path, unit: Unit) -> Done | None:
    """The result of a unit; None where there is none that is whole and of this unit."""
    found = _read(place(folder, unit))
    return found[1] if found is not None and found[0] == unit.to_json() else None


def read_any(folder: Path, digest: str) -> tuple[Unit, Done] | None:
    """The unit with that digest and its result; None where there is none that is whole."""
    found = _read(place(folder, digest))
    if found is None:
        return None
    try:
        unit = Unit.from_json(found[0])
    except (TypeError, KeyError):
        return None
    return (unit, found[1]) if unit.digest == digest and found[0] == unit.to_json() else None


def _read(file: Path) -> tuple[dict, Done] | None:
    """What a file says that its unit is, and the result; None where it is not whole."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["sha256"] != _sha256(found["result"]):
            return None
        return found["unit"], Done(found["result"], float(found["seconds"]), str(found["where"]), file.stat().st_mtime)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _sha256(result: object) -> str:
    return hashlib.sha256(canonical(result).encode()).hexdigest()
