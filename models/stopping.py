"""How a stop reaches work that is told nothing of it: long computations look whether somebody still wants them.

What has a share to report calls its report. Everything else is reached here: the attention function looks at each of its calls, and
loops that attend to nothing call `look` once a round. Who runs the work says what a look does; without that it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

Made = TypeVar("Made")
_LOOK: ContextVar[Callable[[], None] | None] = ContextVar("look", default=None)


class Stopped(BaseException):
    """Raised inside work that nobody wants any more. Work lets it pass, and leaves no lock held and no hook behind.

    It is no `Exception`, as `asyncio.CancelledError` is none: a model that is tried in several ways would take it for one that failed.
    """


def look() -> None:
    """To be called often in what may take long. Raises Stopped where nobody wants it any more."""
    if (does := _LOOK.get()) is not None:
        does()


def looking(does: Callable[[], None], work: Callable[..., Made], *args: object) -> Made:
    """Runs work in which each `look` does this. The context is the caller's to throw away (`contextvars.Context.run`)."""
    _LOOK.set(does)
    return work(*args)
