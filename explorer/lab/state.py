"""What there is to see of a run at one moment, whether it trains just now or was kept."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.training.runs import Evaluation, Metrics, Run, Snapshot

WAITING, RUNNING, PAUSED, FINISHED, STOPPED, FAILED = "waiting", "running", "paused", "finished", "stopped", "failed"
_RECENT = 50


@dataclass(frozen=True, eq=False)
class State:
    """A run at one moment; nothing in it changes any more.

    Attributes:
        status: WAITING for a place, RUNNING, PAUSED, or over: FINISHED, STOPPED, FAILED.
        done: steps done.
        history: metrics of the steps, thinned out.
        frames: snapshots in the order of their steps; the last may be one of now that the run does not keep.
        final: on held-out examples, at the end; None before.
        problem: what went wrong, as a sentence, where it failed.
        advice: what to do about it.
    """

    status: str
    done: int
    history: tuple[Metrics, ...]
    frames: tuple[Snapshot, ...]
    final: Evaluation | None = None
    problem: str = ""
    advice: str = ""

    @property
    def active(self) -> bool:
        """Whether it changes by itself."""
        return self.status in (WAITING, RUNNING)

    @property
    def over(self) -> bool:
        """Whether it never changes again."""
        return self.status in (FINISHED, STOPPED, FAILED)

    @property
    def evaluation(self) -> Evaluation:
        """The last one on held-out examples."""
        return self.final or self.frames[-1].evaluation

    def frame(self, step: int | None) -> Snapshot:
        """The last frame that is not after a step; the last of all for None."""
        shown = self.frames if step is None else [frame for frame in self.frames if frame.step <= step]
        return (shown or self.frames[:1])[-1]

    def step_ms(self) -> float | None:
        """Milliseconds of a step, the median of the last ones; None before there are any."""
        times = step_times(self.history[-_RECENT:])
        return float(np.median(times[:, 1])) if len(times) else None


class Watched(Protocol):
    """A run that can be looked at while it may go on."""

    def read(self) -> State:
        """The run as it is now."""

    def still(self) -> AbstractContextManager[Run]:
        """The run itself, which does not change in this block."""


class Kept:
    """A run that trains no more, such as a shipped one."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._state = State(FINISHED, run.settings.steps, tuple(run.history), tuple(run.snapshots), run.evaluate())

    def read(self) -> State:
        return self._state

    @contextmanager
    def still(self) -> Iterator[Run]:
        yield self._run


def step_times(history: tuple[Metrics, ...]) -> np.ndarray:
    """Step, and milliseconds of a step up to there since the one before in the history: (points - 1, 2)."""
    pairs = itertools.pairwise(history)
    return np.array([(b.step, 1e3 * (b.seconds - a.seconds) / (b.step - a.step)) for a, b in pairs]).reshape(-1, 2)
