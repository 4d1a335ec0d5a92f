"""Units on the workers of a Dask.distributed scheduler, an optional extra (requirements-cluster.txt).

Dask decides which worker does which unit, and gives a unit of a worker that is gone to another. What it cannot know is added here: a worker
that is there and never answers, one that refuses, a scheduler that comes back with nothing remembered. As results are files, a unit may be
given out twice without harm.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.units import work
from explorer.units.executors import TIMEOUT_S, TRIES, Tell, failed
from explorer.units.unit import Unit
from models.errors import InputError, ModelError
from models.words import told

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE_S = 600.0
"""Seconds for which a scheduler may be away."""
_SOON_S, _POLL_S, _LOOK_S, _CONNECT_S = 0.005, 0.05, 1.0, 5.0
AHEAD = 2
"""Units that are given out for each thread of a worker: one that is done, and the next, so that it never waits for this process."""


@dataclass(frozen=True)
class _Flight:
    unit: Unit
    since: float


class _LostError(Exception):
    """The scheduler does not answer."""


class OnDask:
    """Workers of a scheduler.

    Args:
        address: of the scheduler, "tcp://host:8786".
        say: told in words what went wrong and was mended.
        timeout_s: see `executors.TIMEOUT_S`.
        patience_s: see `PATIENCE_S`.

    Attributes:
        ahead: see `AHEAD`.

    Raises:
        InputError: distributed is not installed.
    """

    def __init__(
        self, address: str, say: Callable[[str], None] = lambda text: None, timeout_s: float = TIMEOUT_S, patience_s: float = PATIENCE_S
    ) -> None:
        if find_spec("distributed") is None:
            problem = told("Dask.distributed is not installed here.")
            raise InputError(problem, told("Install it: python -m pip install -r requirements-cluster.txt"))
        self.address, self.say, self.timeout_s, self.patience_s = address, say, timeout_s, patience_s
        self.ahead = AHEAD
        self._client: Client | None = None
        self._names, self._said = count(), set()
        # What it would log of a connection that breaks is said in words.
        for name in ("distributed.client", "distributed.core", "distributed.comm", "distributed.batched"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def run(self, units: Sequence[Unit], folder: Path, tell: Tell) -> None:
        """See `Executor`."""
        round_ = _Round(self, units, folder)
        try:
            while round_.left:
                try:
                    round_.turn(self._connected(tell, round_))
                except (_LostError, OSError, TimeoutError) as error:
                    round_.lost()
                    self._disconnect()
                    self.once(told("The scheduler {address} is away; waiting for it.", address=self.address))
                    if not isinstance(error, _LostError):
                        time.sleep(_POLL_S)
                tell(round_.done)
        finally:
            round_.end()

    def close(self) -> None:
        """Leaves the scheduler; its workers stay."""
        self._disconnect()

    def once(self, text: str) -> None:
        """Says something that was not said yet."""
        if text not in self._said:
            self._said.add(text)
            self.say(text)

    def name(self, unit: Unit) -> str:
        """Of a task: not that of another driver, nor that of the same unit before."""
        return f"explorer-{unit.kind}-{unit.digest[:12]}-{os.getpid()}-{next(self._names)}"

    def _connected(self, tell: Tell, round_: _Round) -> Client:
        if self._client is not None and self._client.status == "running":
            return self._client
        if self._client is not None:
            self._disconnect()
            raise _LostError
        from distributed import Client

        ends = time.monotonic() + self.patience_s
        while True:
            try:
                self._client = Client(self.address, timeout=_CONNECT_S, set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                if isinstance(error, ValueError) or time.monotonic() > ends:
                    raise ModelError(
                        told("There is no scheduler at {address}.", address=self.address),
                        told("Start it (docs/cluster.md). What is done is kept; the same command goes on from there."),
                    ) from error
                self.once(told("No scheduler answers at {address} yet; waiting for it.", address=self.address))
                tell(round_.done)
                time.sleep(1.0)
            else:
                # Who comes back after it was away is news each time.
                self._said.discard(told("The scheduler {address} is away; waiting for it.", address=self.address))
                return self._client

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                client.close(timeout=1.0)
            except Exception as error:
                logging.getLogger(__name__).debug("a client did not close: %s", error)


def asking() -> Callable[[dict, str], dict[str, str]]:
    """`work.answer` as a function that is sent whole: Dask's scheduler reads what it passes on, and need not have this project; a worker that
    has it not says so."""

    def ask(unit: dict, folder: str) -> dict[str, str]:
        try:
            from explorer.units.work import answer
        except ImportError as error:
            from distributed import get_worker

            at = get_worker().address
            return {"state": "refused", "why": f"It has not this project: {error}.", "lasting": "", "where": at, "worker": at}
        return answer(unit, folder)

    return ask


class _Round:
    """Some units that are to be done."""

    def __init__(self, of: OnDask, units: Sequence[Unit], folder: Path) -> None:
        self.of, self.folder = of, str(folder)
        self.waiting, self.tries = deque(units), Counter()
        self.flying: dict[Future, _Flight] = {}
        self.late: dict[Future, _Flight] = {}
        self.refused: dict[str, str] = {}
        self.silent: set[str] = set()
        self.over: set[str] = set()
        self._threads: dict[str, int] = {}
        self._looked = 0.0

    @property
    def done(self) -> int:
        """Units that are done."""
        return len(self.over)

    @property
    def left(self) -> bool:
        """Whether any unit is not done yet."""
        return bool(self.waiting or self.flying)

    def turn(self, client: Client) -> None:
        """Gives out what there is room for, and looks who has answered."""
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            self._looked, self._threads = now, client.nthreads()
        may = [worker for worker in self._threads if worker not in self.refused and worker not in self.silent]
        if not may:
            self._nobody(client)
        room = self.of.ahead * sum(self._threads[worker] for worker in may) - len(self.flying)
        while self.waiting and room > 0:
            unit, room = self.waiting.popleft(), room - 1
            only = may if len(may) < len(self._threads) else None
            given = {"key": self.of.name(unit), "workers": only, "pure": False, "retries": 0}
            self.flying[client.submit(asking(), unit.to_json(), self.folder, **given)] = _Flight(unit, now)
        answered = [future for future in (*self.flying, *self.late) if future.status != "pending"]
        for future in answered:
            self._settle(future)
        self._overdue(client, now)
        # Where answers come fast the next ones are near.
        time.sleep(_SOON_S if answered else _POLL_S)

    def lost(self) -> None:
        """The scheduler is gone, and with it all that was given to it."""
        self.waiting.extendleft(flight.unit for flight in self.flying.values())
        self.flying.clear()
        self.late.clear()
        self._threads, self._looked = {}, 0.0
        self.silent.clear()

    def end(self) -> None:
        """Takes back what is still given out."""
        for future in (*self.flying, *self.late):
            try:
                future.cancel()
            except Exception as error:
                logging.getLogger(__name__).debug("a task was not taken back: %s", error)

    def _settle(self, future: Future) -> None:
        flight, was_late = self.flying.pop(future, None), self.late.pop(future, None)
        unit = (flight or was_late).unit
        if future.status in ("cancelled", "lost"):
            if flight is not None:
                self.waiting.appendleft(unit)
            raise _LostError
        if future.status == "error":
            # Of Dask, not of the work: a worker that cannot read what it is given, or several that ended with this unit.
            self._tried(unit, f"{type(future.exception()).__name__}: {future.exception()}", flight is not None)
            return
        answer = future.result(timeout=_CONNECT_S)
        if answer["state"] == work.DONE:
            self.over.add(unit.digest)
            if was_late is not None:
                self._take_back(unit)
        elif answer["state"] == work.REFUSED:
            self.refused[answer["worker"]] = answer["why"]
            self.of.once(told("The worker {worker} does not do it: {why}", worker=answer["where"], why=answer["why"]))
            if flight is not None:
                self.waiting.appendleft(unit)
        elif answer["lasting"]:
            raise failed(unit, answer["why"])
        else:
            self._tried(unit, answer["why"], flight is not None)

    def _take_back(self, unit: Unit) -> None:
        """Who was late has done it after all; by then it is given out, or waiting to be."""
        for future, flight in list(self.flying.items()):
            if flight.unit.digest == unit.digest:
                del self.flying[future]
                future.cancel()
        self.waiting = deque(other for other in self.waiting if other.digest != unit.digest)

    def _tried(self, unit: Unit, why: str, again: bool) -> None:
        self.tries[unit.digest] += 1
        if self.tries[unit.digest] >= TRIES:
            raise failed(unit, why)
        self.of.once(told("A unit is done again: {why}", why=why))
        if again:
            self.waiting.appendleft(unit)

    def _overdue(self, client: Client, now: float) -> None:
        overdue = [future for future, flight in self.flying.items() if now - flight.since > self.of.timeout_s]
        if not overdue:
            return
        at = {key: worker for worker, keys in client.processing().items() for key in keys}
        for future in overdue:
            if (worker := at.get(future.key)) is not None:
                self.silent.add(worker)
                self.of.once(told("The worker {worker} does not answer; its units go to others.", worker=worker))
            # It is left where it is: should it be done after all, that is as good.
            flight = self.late[future] = self.flying.pop(future)
            self.waiting.appendleft(flight.unit)

    def _nobody(self, client: Client) -> None:
        self._threads = client.nthreads()
        here = set(self._threads)
        if here and here <= self.refused.keys():
            raise ModelError(told("No worker does it. {why}", why=next(iter(self.refused.values()))), told("What is done is kept."))
        if here & self.silent:
            # Rather one of them again than nobody.
            self.silent.clear()
        self.of.once(told("No worker is there yet; waiting for one."))
