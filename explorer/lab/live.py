"""A training in a thread of its own, which others watch, pause, step and stop.

It is no job of `explorer.jobs`. A job keeps its worker from its first moment to its last, and is over when it is stopped. A training is
paused for minutes, gives its place to others every few seconds and takes it back (`explorer.lab.slots`), and is looked at long after it has
stopped: in a pool of as many workers as there are cores, two paused ones would hold up everybody, and in a larger one nothing of the pool
would be left. What both share is who watches: `alive` is that of an `explorer.jobs.Viewer`, and a viewer may be away for `GRACE_S`.
"""

from __future__ import annotations

import atexit
import functools
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from explorer import limits
from explorer.i18n import _, carried
from explorer.jobs import GRACE_S
from explorer.lab.slots import SLOTS, Slots
from explorer.lab.state import FAILED, FINISHED, PAUSED, RUNNING, STOPPED, WAITING, State
from models.cores import compute_on
from models.errors import ExplorerError
from models.opening.devices import out_of_memory
from models.training.runs import Evaluation, Snapshot
from models.training.toy import Training

TURN_S = 5.0
"""Seconds after which a training lets another one have its place."""
_LOOK_S, _STOP_S = 0.25, 3.0
_started: weakref.WeakSet[Live] = weakref.WeakSet()


class Live:
    """A training that runs in the background from `start` until it is done, stopped, or its viewer is gone.

    All methods may be called from any thread; `read` and `still` wait for the end of the step that is being done.

    Args:
        training: belongs to this object from now on; `still` lends it.
        alive: whether anybody is still there to watch.
        slots: of which it takes one while it trains.
    """

    def __init__(self, training: Training, alive: Callable[[], bool] = lambda: True, slots: Slots = SLOTS) -> None:
        self._training, self._alive, self._slots = training, alive, slots
        self._changed = threading.Condition()
        self._asked, self._singles, self._readers, self._busy = RUNNING, 0, 0, False
        self._status, self._problem, self._advice = WAITING, "", ""
        self._now: Snapshot | None = None
        self._final: Evaluation | None = None
        self._inside, self._since = False, 0.0
        self._seen = time.monotonic()
        work = functools.partial(carried().run, self._work)
        self._thread = threading.Thread(target=limits.giving_way, args=(work,), name=f"training {training.task.name}", daemon=True)

    def start(self) -> Live:
        """Lets it run."""
        _started.add(self)
        self._thread.start()
        return self

    def pause(self) -> None:
        """No further step."""
        self._ask(PAUSED)

    def resume(self) -> None:
        """Goes on after a pause."""
        self._ask(RUNNING)

    def step(self) -> None:
        """One step, then a pause."""
        with self._changed:
            self._singles += 1
        self._ask(PAUSED)

    def stop(self) -> None:
        """No further step, ever."""
        self._ask(STOPPED)

    def settle(self, seconds: float) -> bool:
        """Waits until it has paused or is over; False where it has not, after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._status not in (WAITING, RUNNING) and not self._singles, seconds)

    def join(self, seconds: float | None = None) -> bool:
        """Waits until it is over; False where it is not, after so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def read(self) -> State:
        """The run as it is now, between two steps."""
        with self.still() as run:
            frames = tuple(run.snapshots)
            if self._now is not None and self._now.step > frames[-1].step:
                frames += (self._now,)
            return State(self._status, run.done, tuple(run.history), frames, self._final, self._problem, self._advice)

    @contextmanager
    def still(self) -> Iterator[Training]:
        """The training itself, between two steps; the next one waits for the end of this block."""
        with self._changed:
            self._readers += 1
            self._changed.wait_for(lambda: not self._busy)
        try:
            yield self._training
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    def _ask(self, what: str) -> None:
        with self._changed:
            if self._asked != STOPPED:
                self._asked = what
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            # A toy's steps are too small to be shared out, and viewers need the other cores.
            compute_on(1)
            while self._may_step():
                self._busily(self._training.step)
            if self._training.finished:
                self._busily(self._measure)
            self._over(FINISHED if self._training.finished else STOPPED)
        except ExplorerError as error:
            self._over(FAILED, error.problem, error.advice)
        except Exception as error:
            if isinstance(error, MemoryError) or out_of_memory(error) or "allocate memory" in str(error):
                self._over(FAILED, _("There is not enough memory."), _("Choose a smaller network or a smaller batch."))
            else:
                logging.getLogger(__name__).exception("a training broke off")
                message = f"{type(error).__name__}: {error}".strip().splitlines()[0]
                self._over(FAILED, _("The training broke off: {error}.").format(error=message.rstrip(".")), _("Train again."))
        finally:
            self._slots.leave(self)

    def _may_step(self) -> bool:
        """Waits until there is a step to do; False where there is none any more."""
        while not (self._training.finished or self._asked == STOPPED or self._abandoned()):
            if self._asked == PAUSED and not self._singles:
                self._rest()
            elif self._place():
                with self._changed:
                    self._singles = max(0, self._singles - 1)
                    self._status = RUNNING
                return True
        return False

    def _rest(self) -> None:
        """A moment of a pause; at its beginning the network is looked at."""
        self._slots.leave(self)
        self._inside = False
        if self._status != PAUSED:
            self._busily(self._look)
        with self._changed:
            self._status = PAUSED
            self._changed.notify_all()
            self._changed.wait(_LOOK_S)

    def _place(self) -> bool:
        """Whether it has a place to train; waits a moment for one."""
        if self._inside and self._slots.contested and time.monotonic() - self._since > TURN_S:
            self._slots.leave(self)
            self._inside = False
        if not self._inside:
            self._status = WAITING
            self._inside = self._slots.take(self, _LOOK_S)
            self._since = time.monotonic()
        return self._inside

    def _busily(self, work: Callable[[], object]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._readers)
            self._busy = True
        try:
            work()
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _look(self) -> None:
        """A frame of now, unless there is a snapshot."""
        run = self._training
        if run.snapshots[-1].step < run.done:
            self._now = run.now()

    def _measure(self) -> None:
        self._final = self._training.evaluate()

    def _over(self, status: str, problem: str = "", advice: str = "") -> None:
        if status == STOPPED:
            self._busily(self._look)
        with self._changed:
            self._status, self._problem, self._advice = status, problem, advice
            self._changed.notify_all()

    def _abandoned(self) -> bool:
        now = time.monotonic()
        if self._alive():
            self._seen = now
        return now - self._seen > GRACE_S


@atexit.register
def _stop_all() -> None:
    """A process that ends in the middle of a step of torch's would be aborted."""
    for live in list(_started):
        live.stop()
    for live in list(_started):
        live.join(_STOP_S)
