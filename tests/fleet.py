"""A scheduler and workers of Dask in processes of their own, which a test kills, stops and starts again.

Workers are forked from one process that has loaded torch, so that each starts in a moment.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import time
from multiprocessing.process import BaseProcess

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["explorer.units.work", "explorer.units.kinds", "distributed", "tests.fleet"])


class Fleet:
    """A scheduler and its workers; use it as a block."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: BaseProcess | None = None
        self.workers: list[BaseProcess] = []

    def __enter__(self) -> Fleet:
        self.start_scheduler()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in [*self.workers, *filter(None, [self.scheduler])]:
            process.kill()
            process.join()

    def start_scheduler(self) -> None:
        self.scheduler = CONTEXT.Process(target=_schedule, args=(self.port,), daemon=True)
        self.scheduler.start()

    def start_worker(self, **how: object) -> BaseProcess:
        """See `_serve`. One that loses its scheduler begins anew, as under a supervisor."""
        process = CONTEXT.Process(target=_serve, args=(self.address,), kwargs=how, daemon=True)
        process.start()
        self.workers.append(process)
        return process

    def kill(self, process: BaseProcess) -> None:
        process.kill()
        process.join()

    def silence(self, process: BaseProcess) -> None:
        """It is still there, and does nothing."""
        os.kill(process.pid, signal.SIGSTOP)


def _schedule(port: int) -> None:
    from distributed import Scheduler

    async def run() -> None:
        async with Scheduler(host="127.0.0.1", port=port, dashboard=False, dashboard_address=None) as scheduler:
            await scheduler.finished()

    asyncio.run(run())


def _serve(address: str, code: str = "", seconds: float = 0.0) -> None:
    """A worker.

    Args:
        address: of the scheduler.
        code: the version that it takes its code for; its own where "".
        seconds: that it takes longer for each unit.
    """
    import torch
    from distributed import Worker

    from explorer.units import kinds, work

    torch.set_num_threads(1)
    if code:
        work.CODE = code
    for kind, does in list(kinds.KINDS.items()):
        kinds.KINDS[kind] = lambda *given, does=does: (time.sleep(seconds), does(*given))[1]

    async def run() -> None:
        async with Worker(address, nthreads=1, dashboard=False, local_directory=None) as worker:
            await worker.finished()

    while True:
        try:
            asyncio.run(run())
        except Exception:
            time.sleep(0.2)
