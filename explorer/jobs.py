"""Long work off the page's thread: a bounded pool of workers that is fair between viewers, and jobs that can be watched and stopped.

A job runs a function in a worker thread. The function is given a `Report`, which it calls between two pieces of work with the share that
is done; that call is also where a stop reaches it, as the exception `Stopped`, and so is every call of `models.stopping.look`. Who asks for
work that somebody else asked for already is given the same job. A job whose last viewer is gone ends by itself.

Context variables of the caller (the viewer's language, what is changed in attention) are copied when the job is asked for.
"""

from __future__ import annotations

import atexit
import contextvars
import itertools
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from explorer import limits
from explorer.bounded import memory_of
from explorer.i18n import _, carried, language
from models.errors import ExplorerError, InputError
from models.opening.devices import out_of_memory
from models.stopping import Stopped, looking

WAITING, RUNNING, DONE, STOPPED, FAILED = "waiting", "running", "done", "stopped", "failed"
GRACE_S = 5.0
"""Seconds that a viewer may be away before the work ends: a connection that breaks off comes back."""
_KEPT, _KEPT_BYTES = 64, 256 * 2**20
"""Jobs that are over and still remembered, and bytes of their results; the oldest go first."""
_SETTLED = 0.02
"""Share that has to be done before a time left is told: the first piece includes what is loaded once."""
_AT_ONCE_S = 0.1
"""What is reported within so many seconds was done before, or was loaded: the rate is that of what follows."""
_ALIVE_S = 1.0
"""Seconds between two looks whether anybody is still there."""


Report = Callable[..., None]
"""Called by the work as `report(share)` or `report(share, partial)`: the share that is done, 0 to 1, and what there is to see already."""


@dataclass(frozen=True)
class Viewer:
    """Who asks for work.

    Attributes:
        name: of the session; the pool shares its workers out by it.
        alive: whether the session's tab is still open; asked from worker threads.
    """

    name: str
    alive: Callable[[], bool] = lambda: True


@dataclass(eq=False)
class Job:
    """One piece of work. Its fields are written by one worker thread and may be read by all.

    Attributes:
        key: what is computed; the same key is the same job.
        title: for a viewer, as is the error: both in the `language` of who asked first.
        state: WAITING for a worker, RUNNING, or over: DONE, STOPPED, FAILED.
        share: that is done, 0 to 1.
        partial: what the work has shown so far; None before.
        result: what the work returned; None before, and where it was stopped or failed.
        error: what went wrong, in a viewer's words; None where nothing did.
        group: jobs of one group replace one another: a viewer who asks for another one does not want this one any more.
        result_bytes: about what the result holds in memory.
        quick: whether it is known to take a moment only: then it waits for no long one.
    """

    key: Hashable
    title: str
    work: Callable[[Report], object] | None
    group: Hashable | None = None
    state: str = WAITING
    share: float = 0.0
    partial: object = None
    result: object = None
    error: ExplorerError | None = None
    viewers: dict[str, Viewer] = field(default_factory=dict)
    number: int = field(default_factory=itertools.count().__next__)
    language: str = field(default_factory=language)
    result_bytes: int = 0
    quick: bool = False
    _context: contextvars.Context = field(default_factory=carried, repr=False)
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _over: threading.Event = field(default_factory=threading.Event, repr=False)
    _begun: float = 0.0
    _ended: float = 0.0
    _looked: float = 0.0
    _at_once: tuple[float, float] = (0.0, 0.0)
    _seen: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> bool:
        """Whether it never changes again."""
        return self.state in (DONE, STOPPED, FAILED)

    @property
    def seconds(self) -> float:
        """Seconds of work so far; 0 while it waits for a worker."""
        return (self._ended or time.monotonic()) - self._begun if self._begun else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left at the rate so far; None while too little is done to tell."""
        seconds, share = self._at_once
        if self.state != RUNNING or self.share - share < _SETTLED:
            return None
        return (self.seconds - seconds) * (1 - self.share) / (self.share - share)

    def stop(self) -> None:
        """Ends it for all viewers. The job is over at once; its thread follows at its next report."""
        self._stop.set()
        self._finish(STOPPED)

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until it is over; False where it is not, after so many seconds."""
        return self._over.wait(seconds)

    def _finish(self, state: str, result: object = None, error: ExplorerError | None = None) -> None:
        # The first to say so is right: what a thread returns after a stop is dropped.
        if not self._over.is_set():
            self.result, self.error, self._ended = result, error, time.monotonic()
            self.state, self.work = state, None
            self._over.set()

    def _report(self, share: float, partial: object = None) -> None:
        now = time.monotonic()
        if now - self._looked > _ALIVE_S:
            self._looked = now
            if self._abandoned(now):
                self._stop.set()
        try:
            limits.check_seconds(self.title, self.seconds)
        except InputError as error:  # not raised: who tries a model in several ways would take it for an error of one of them
            self._finish(FAILED, error=error)
            self._stop.set()
        if self._stop.is_set():
            raise Stopped
        self.share = min(1.0, max(self.share, float(share)))
        if self.seconds < _AT_ONCE_S:
            self._at_once = self.seconds, self.share
        if partial is not None:
            self.partial = partial

    def _abandoned(self, now: float) -> bool:
        if any(viewer.alive() for viewer in list(self.viewers.values())):
            self._seen = now
        return now - self._seen > GRACE_S

    def _run(self) -> None:
        self._begun = time.monotonic()
        self.state = RUNNING
        try:
            self._report(0.0)
            result = self._context.run(looking, lambda: self._report(self.share), self.work, self._report)
            self.result_bytes = memory_of(result)
            self._finish(DONE, result)
        except Stopped:
            self._finish(STOPPED)
        except ExplorerError as error:
            self._finish(FAILED, error=error)
        except Exception as error:
            self._finish(FAILED, error=self._context.run(_explained, self.title, error))


class Jobs:
    """A pool of worker threads, and one more for quick work, so that a sweep of one viewer does not hold up the sentences of all others.

    Args:
        workers: how many jobs run at once, besides a quick one.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._known: OrderedDict[Hashable, Job] = OrderedDict()
        self._threads: list[threading.Thread] = []
        self._quick: list[threading.Thread] = []
        self._closed = False

    def start(
        self,
        key: Hashable,
        title: str,
        work: Callable[[Report], object],
        viewer: Viewer,
        *,
        group: Hashable | None = None,
        needs_bytes: int = 0,
        quick: bool = False,
    ) -> Job:
        """The job with this key: the one that is known already, or a new one.

        Args:
            key: what is computed: model, data, settings; nothing of the viewer.
            title: of the work, for a viewer.
            work: is given a `Report`; what it returns is the job's result.
            viewer: who asks.
            group: of several jobs that replace one another for this viewer, such as the scores of one set of heads after another.
            needs_bytes: memory that the work will take at its peak, where that is known before.
            quick: it takes a moment only.

        Raises:
            InputError: the machine has not so much memory left, or this viewer has as many jobs as one may have.
        """
        with self._changed:
            if group is not None:
                self._leave_group(group, viewer, but=key)
            job = self._known.get(key)
            # What ended because nobody was there any more begins anew. What failed fails for all who read its language: see `forget`.
            if job is None or job.state == STOPPED or (job.state == FAILED and job.language != language()):
                limits.check_memory(title, needs_bytes)
                limits.check_jobs(title, sum(viewer.name in other.viewers for other in self._unfinished()))
                job = Job(key, title, work, group, quick=quick)
                self._known[key] = job
                self._waiting.append(job)
            job.viewers[viewer.name] = viewer
            self._known.move_to_end(key)
            self._trim()
            self._grow()
            self._changed.notify_all()
            return job

    def find(self, key: Hashable) -> Job | None:
        """The job with this key, where there is one."""
        return self._known.get(key)

    def forget(self, key: Hashable) -> None:
        """Stops the job with this key, and forgets what it returned: who asks again begins anew."""
        with self._changed:
            job = self._known.pop(key, None)
        if job is not None:
            job.stop()

    def leave(self, key: Hashable, viewer: Viewer) -> None:
        """This viewer does not want it any more; where nobody else does either, it ends."""
        with self._changed:
            if (job := self._known.get(key)) is not None:
                self._left(job, viewer.name)

    def leave_group(self, group: Hashable, viewer: Viewer) -> None:
        """As `leave`, for all jobs of a group."""
        with self._changed:
            self._leave_group(group, viewer)

    def running(self) -> list[Job]:
        """The jobs that are not over yet."""
        with self._changed:
            return self._unfinished()

    def close(self, seconds: float) -> None:
        """Stops all jobs, ends the worker threads and waits for them, for so long at most. Nothing runs in this pool afterwards."""
        for job in self.running():
            job.stop()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        ends = time.monotonic() + seconds
        for thread in [*self._threads, *self._quick]:
            if thread is not threading.current_thread():
                thread.join(max(0.0, ends - time.monotonic()))

    def _unfinished(self) -> list[Job]:
        return [job for job in [*self._running, *self._waiting] if not job.over]

    def _leave_group(self, group: Hashable, viewer: Viewer, but: Hashable = None) -> None:
        for job in [*self._waiting, *self._running]:
            if job.group == group and job.key != but and viewer.name in job.viewers:
                self._left(job, viewer.name)

    def _left(self, job: Job, name: str) -> None:
        job.viewers.pop(name, None)
        if not job.viewers and not job.over:
            job.stop()
            self._known.pop(job.key, None)

    def _trim(self) -> None:
        over = [job for job in self._known.values() if job.over]
        kept, held = len(over), sum(job.result_bytes for job in over)
        for job in over[:-1]:  # the last one is what somebody is about to read
            if kept <= _KEPT and held <= _KEPT_BYTES:
                break
            del self._known[job.key]
            kept, held = kept - 1, held - job.result_bytes

    def _grow(self) -> None:
        if len(self._threads) - len(self._running) < len(self._waiting) and len(self._threads) < self.workers:
            thread = threading.Thread(target=limits.giving_way, args=(self._serve,), name=f"jobs {len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        if not self._quick and any(job.quick for job in self._waiting):
            self._quick.append(threading.Thread(target=self._serve, args=(True,), name="quick jobs", daemon=True))
            self._quick[0].start()

    def _serve(self, only_quick: bool = False) -> None:
        for job in self._taken(only_quick):
            try:
                job._run()
            finally:
                with self._changed:
                    self._running.remove(job)
                    self._changed.notify_all()

    def _taken(self, only_quick: bool) -> Iterator[Job]:
        """Jobs for one worker, one after the other, until the pool is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._fitting(only_quick))
                if self._closed:
                    return
                job = min(self._fitting(only_quick), key=self._turn)
                self._waiting = [other for other in self._waiting if other is not job and not other.over]
                self._running.append(job)
            yield job

    def _fitting(self, only_quick: bool) -> list[Job]:
        return [job for job in self._waiting if not job.over and (job.quick or not only_quick)]

    def _turn(self, job: Job) -> tuple[int, int]:
        """Whose turn it is: the viewer's who has the fewest jobs running, then the oldest job."""
        busy = [name for other in self._running for name in other.viewers]
        return min((busy.count(name) for name in job.viewers), default=0), job.number


def _explained(title: str, error: Exception) -> ExplorerError:
    if isinstance(error, MemoryError) or out_of_memory(error) or "allocate memory" in str(error):
        return InputError(_("There is not enough memory for this: {what}.").format(what=title), _("Choose a smaller model, or fewer examples."))
    logging.getLogger(__name__).exception("a job broke off: %s", title)
    first = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    return InputError(_("{what} broke off ({error}).").format(what=title, error=first.rstrip(".")), _("Try again."))


JOBS = Jobs(max(2, os.cpu_count() or 1))
"""Of this process."""


@atexit.register
def _close() -> None:
    """A process that ends in the middle of a computation of torch's would be aborted."""
    JOBS.close(3.0)
