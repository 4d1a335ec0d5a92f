"""Where units run: in this process, or in one process for each device. (On a cluster: `on_dask`.)

An executor decides nothing about results: whatever it does, a unit's file is there at the end, or an error is raised.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Protocol

import psutil

from explorer.units import bench, work
from explorer.units.unit import Unit
from models.errors import ModelError
from models.words import told

Tell = Callable[[float], None]
"""Told how many units are done, several times a second; what it raises ends the work."""
TIMEOUT_S = 900.0
"""Seconds without an answer after which a unit is given to somebody else, the time for opening a model among them."""
TRIES = 3
"""How often a unit is tried whose process ends or fails."""
_POLL_S = 0.25
_ORPHAN_S = 2.0


class Executor(Protocol):
    """Where units run."""

    def run(self, units: Sequence[Unit], folder: Path, tell: Tell) -> None:
        """Has all of them done. Raises ExplorerError where one does not succeed, and whatever `tell` raises."""

    def close(self) -> None:
        """Ends what it has started."""


class Here:
    """In this process, one after the other."""

    def run(self, units: Sequence[Unit], folder: Path, tell: Tell) -> None:
        """See `Executor`."""
        for number, unit in enumerate(units):
            work.do(unit, folder, lambda share, number=number: tell(number + share))
            tell(number + 1)

    def close(self) -> None:
        """Nothing was started."""


class Processes:
    """One process for each device, started by spawn; one that ends or never answers is replaced, and its unit is done again.

    Args:
        devices: of each process: "cpu", "cuda:1".
        say: told in words what went wrong and was mended.
        timeout_s: see `TIMEOUT_S`.
    """

    def __init__(self, devices: Sequence[str], say: Callable[[str], None] = lambda text: None, timeout_s: float = TIMEOUT_S) -> None:
        self.devices, self.say, self.timeout_s = list(devices), say, timeout_s
        self._pools: list[ProcessPoolExecutor | None] = [None] * len(self.devices)

    def run(self, units: Sequence[Unit], folder: Path, tell: Tell) -> None:
        """See `Executor`."""
        waiting, tries, done = deque(units), Counter(), 0
        flying: dict[Future, tuple[int, Unit, float]] = {}
        free = set(range(len(self.devices)))
        try:
            while waiting or flying:
                while waiting and free:
                    number, unit = free.pop(), waiting.popleft()
                    flying[self._submit(number, unit, folder)] = number, unit, time.monotonic()
                over, _rest = wait(flying, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                for future in over:
                    number, unit, _since = flying.pop(future)
                    free.add(number)
                    if (why := self._settled(future, number)) is None:
                        done += 1
                        continue
                    tries[unit.digest] += 1
                    if tries[unit.digest] >= TRIES:
                        raise failed(unit, why)
                    self.say(told("A unit is done again: {why}", why=why))
                    waiting.append(unit)
                for number, _unit, since in flying.values():
                    if time.monotonic() - since > self.timeout_s:
                        self._kill(number)  # its future says so at the next look
                tell(done)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends all processes, whatever they are at."""
        for number in range(len(self.devices)):
            self._kill(number)

    def _submit(self, number: int, unit: Unit, folder: Path) -> Future:
        pool = self._pools[number]
        if pool is None:
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(1, context, _begin, (self.devices[number], os.getpid()))
            self._pools[number] = pool
        return pool.submit(work.answer, unit.to_json(), str(folder))

    def _settled(self, future: Future, number: int) -> str | None:
        """Why a unit is not done; None where it is. Raises ModelError where trying again is no use."""
        try:
            answer = future.result()
        except BrokenExecutor:
            self._kill(number)
            return told("its process on {device} has ended.", device=self.devices[number])
        if answer["state"] == work.DONE:
            return None
        if answer["state"] == work.REFUSED or answer["lasting"]:
            raise ModelError(told("A process on {device} says: {why}", device=self.devices[number], why=answer["why"]))
        return answer["why"]

    def _kill(self, number: int) -> None:
        pool, self._pools[number] = self._pools[number], None
        if pool is None:
            return
        # Taken before the shutdown forgets them: nothing public ends a process that is in the middle of something.
        started = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in started:
            process.kill()


def failed(unit: Unit, why: str) -> ModelError:
    """A unit that was tried often enough."""
    return ModelError(
        told("Unit {shard} of {shards} ({kind}) does not succeed: {why}", shard=unit.shard + 1, shards=unit.shards, kind=unit.kind, why=why),
        told("What is done is kept; the same command goes on from there."),
    )


def _begin(device: str, parent: int) -> None:
    """At the start of a process: Ctrl+C is for who started it, and it ends when that one has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bench.DEVICE[:] = [device]

    def watch() -> None:
        while psutil.pid_exists(parent) and os.getppid() == parent:
            time.sleep(_ORPHAN_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="ends with its parent").start()
