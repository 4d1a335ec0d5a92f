"""Small models, trained at one length and read at longer ones: the curves that come with the project, and a small run of one's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from models.training import extrapolation_runs as runs
from models.training.extrapolation_runs import NOTES, SCHEMES, TRAINED, Plan, Reading

__all__ = ["NOTES", "SCHEMES", "SMALL", "TRAINED", "Curves", "LiveRun", "Plan", "live", "shipped"]

SMALL = Plan(length=16, seeds=(0,), examples=100, steps=400)
"""What is run while a class waits."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Readings of several networks, and how they came about.

    Attributes:
        readings: one for each scheme, seed and length.
        plan: what was trained and read, by name: length, steps, switches, task, settings and so on.
        command: that makes them, for the shell; empty for a live run.
        date: of the day they were made; empty for a live run.
    """

    readings: tuple[Reading, ...]
    plan: Mapping[str, object]
    command: str = ""
    date: str = ""

    @property
    def trained(self) -> int:
        """The length that all were trained at."""
        return int(self.plan["length"])

    @property
    def schemes(self) -> list[str]:
        """Those that were read, in the order of `SCHEMES`."""
        found = {reading.scheme for reading in self.readings}
        return [scheme for scheme in SCHEMES if scheme in found]

    @property
    def notes(self) -> dict[str, str]:
        """What is to be said of a scheme, by scheme."""
        return {scheme: NOTES[scheme] for scheme in self.schemes if scheme in NOTES}

    @property
    def table(self) -> pd.DataFrame:
        """One row a reading: scheme, seed, length, loss, accuracy, end_accuracy; NaN where a scheme cannot be read."""
        frame = pd.DataFrame([asdict(reading) for reading in self.readings], columns=list(Reading.__annotations__))
        return frame.astype({name: float for name in ("loss", "accuracy", "end_accuracy")})

    def summary(self, what: str = "accuracy") -> pd.DataFrame:
        """Over the seeds: scheme, length, seeds, mean, low and high; without what cannot be read.

        Args:
            what: "accuracy", "end_accuracy" or "loss".
        """
        grouped = self.table.dropna(subset=[what]).groupby(["scheme", "length"], as_index=False)[what]
        return grouped.agg(seeds="size", mean="mean", low="min", high="max")


def shipped(folder: Path = runs.SHIPPED) -> Curves:
    """The curves that come with the project. Raises ModelError where they are missing or broken."""
    about, readings = runs.load(folder / runs.CURVES)
    return Curves(tuple(readings), about["plan"], about["command"], about["date"])


def live(
    plan: Plan = SMALL,
    positions: Sequence[str] = TRAINED,
    tell: Callable[[float, Curves], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Curves:
    """Trains and reads here and now; arguments as those of `LiveRun` and its `compute`."""
    return LiveRun(plan, positions).compute(tell, stop)


class LiveRun:
    """Networks that are trained and read one after the other. What is done is kept, so that stopped work goes on where it was.

    Args:
        plan: what.
        positions: of the networks that are trained; that of "rope" is also read with interpolation.

    Attributes:
        curves: what has been read so far.
    """

    def __init__(self, plan: Plan = SMALL, positions: Sequence[str] = TRAINED) -> None:
        self.plan, self.curves = plan, Curves((), plan.about())
        self._networks = [(seed, name) for seed in plan.seeds for name in positions]
        self._done, self._training = 0, None
        # A thread that was stopped ends its step before the next one goes on.
        self._lock = threading.Lock()

    def compute(self, tell: Callable[[float, Curves], None] | None = None, stop: Callable[[], bool] = lambda: False) -> Curves:
        """All that is left to do.

        Args:
            tell: hears after each step the share of all work that is done, and what has been read so far; may raise to stop.
            stop: asked before each step; once it is true, what has been read so far is returned.
        """
        with self._lock:
            while self._done < len(self._networks):
                if self._training is None:
                    seed, name = self._networks[self._done]
                    self._training = self.plan.training(name, seed)
                while not self._training.finished:
                    if stop():
                        return self.curves
                    self._training.step()
                    if tell:
                        tell((self._done + self._training.done / self.plan.steps) / len(self._networks), self.curves)
                self.curves = Curves((*self.curves.readings, *runs.read(self.plan, self._training)), self.curves.plan)
                self._done, self._training = self._done + 1, None
            return self.curves
