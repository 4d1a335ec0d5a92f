"""How many trainings run at once: more would only slow one another down, so the rest wait, and all take turns."""

from __future__ import annotations

import os
import threading
from collections import deque


class Slots:
    """Places for so many at once, given in the order in which they are asked for.

    Args:
        n: how many.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._inside: set[object] = set()

    def take(self, who: object, seconds: float) -> bool:
        """Waits so long at most for a place. Who asks again keeps the place in the queue."""
        with self._changed:
            if who in self._inside:
                return True
            if who not in self._queue:
                self._queue.append(who)
            if not self._changed.wait_for(lambda: len(self._inside) < self.n and self._queue[0] is who, seconds):
                return False
            self._queue.popleft()
            self._inside.add(who)
            self._changed.notify_all()
            return True

    def leave(self, who: object) -> None:
        """Gives a place back, or stops waiting for one."""
        with self._changed:
            self._inside.discard(who)
            if who in self._queue:
                self._queue.remove(who)
            self._changed.notify_all()

    @property
    def contested(self) -> bool:
        """Whether anybody waits."""
        return bool(self._queue)


SLOTS = Slots(max(1, os.cpu_count() or 1))
"""Of this process: one for each core, as each training keeps to one."""
