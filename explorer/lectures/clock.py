"""How long a call takes, of the processor: what else the machine does meanwhile is not counted."""

from __future__ import annotations

import time
from collections.abc import Callable

from models.stopping import look


def shortest(does: Callable[[], object], tries: int = 5, repeats: int = 1) -> float:
    """Processor seconds of one call, the least of several tries.

    Args:
        does: what is timed.
        tries: how many.
        repeats: calls of each try, in a row: a short one is over before the clock has moved.
    """
    found = []
    for _try in range(tries):
        look()
        start = time.process_time()
        for _call in range(repeats):
            does()
        found.append((time.process_time() - start) / repeats)
    return min(found)
