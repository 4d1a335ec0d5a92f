"""Runs that come with the project, so that nobody waits for a first picture; `python -m models.training.shipped_runs` makes them."""

from __future__ import annotations

from pathlib import Path

from explorer.lab.state import Kept
from models.training import runs
from models.training.runs import SHIPPED as RUNS


def folder(preset: str) -> Path | None:
    """Where the run of a preset lies; None where there is none."""
    found = RUNS / preset
    return found if (found / runs.HISTORY).is_file() else None


def load(preset: str) -> Kept | None:
    """The run of a preset, or None where there is none. Raises ModelError for a broken one."""
    found = folder(preset)
    return None if found is None else Kept(runs.load(found))
