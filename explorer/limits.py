"""What this process bears: memory for all, and on a public server time and number of jobs for each viewer."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from explorer.i18n import _
from models.errors import InputError


@dataclass
class Limits:
    """Of this process; infinite where nothing bounds it.

    Attributes:
        job_seconds: that one job may take.
        jobs: of one viewer that may wait or run at once.
        text_bytes, text_work: memory and multiply-adds of one text, where they are less than what the machine bears (`explorer.bearing`).
    """

    job_seconds: float = math.inf
    jobs: float = math.inf
    text_bytes: float = math.inf
    text_work: float = math.inf


NOW = Limits()
_LESS_URGENT = 10
"""Steps by which long work stands behind what somebody waits for (`nice`)."""


def giving_way(run: Callable[[], None]) -> None:
    """Runs something in a thread that the system serves after all others: a page that is drawn for a viewer does not wait for a sweep.

    Threads that torch starts for it stand behind with it. Only Linux knows the urgency of a single thread; elsewhere it runs as any other.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + _LESS_URGENT))
    run()


def check_memory(title: str, needs_bytes: int) -> None:
    """Refuses work that needs more memory than is free. Raises InputError."""
    free = psutil.virtual_memory().available if needs_bytes else 0
    if needs_bytes > free:
        raise InputError(
            _("{what} needs about {needs:.1f} GB of memory; {free:.1f} GB are free.").format(
                what=title, needs=needs_bytes / 1e9, free=free / 1e9
            ),
            _("Shorten the text, or choose a smaller model."),
        )


def check_jobs(title: str, others: int) -> None:
    """Refuses one job more to a viewer who has so many. Raises InputError."""
    if others >= NOW.jobs:
        raise InputError(
            _("{what} was not begun: {n} computations of yours are under way, as many as this server has for each viewer.").format(
                what=title, n=others
            ),
            _("Wait for one of them, or stop one."),
        )


def check_seconds(title: str, seconds: float) -> None:
    """Ends a job that takes longer than anyone may have. Raises InputError."""
    if seconds > NOW.job_seconds:
        raise InputError(
            _("{what} was ended after {minutes:.0f} minutes, the most that this server gives to one computation.").format(
                what=title, minutes=NOW.job_seconds / 60
            ),
            _("Choose fewer examples or a smaller model, or run the dashboard on your own machine."),
        )
