"""Models that are open, for all viewers: a few at once, and the one that nobody used for longest is closed for a new one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from explorer.bounded import BoundedCache
from models import Model

MOST = 4
"""Models that stay open."""


class OpenModels:
    """Open models by what was asked for.

    Args:
        most: how many stay open.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._open: OrderedDict[Hashable, Model] = OrderedDict()
        self._lock = threading.Lock()
        self._on_close: list[Callable[[int], None]] = []

    def get(self, key: Hashable) -> Model | None:
        """The model, where it is open."""
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
            return self._open.get(key)

    def put(self, key: Hashable, model: Model) -> None:
        """Keeps a model open; too many close the one that was not used for longest."""
        with self._lock:
            self._open[key] = model
            self._open.move_to_end(key)
            closed = [self._open.popitem(last=False)[1] for _surplus in range(len(self._open) - self._most)]
        for old in closed:
            # Its lock may be held by a long computation of somebody who still looks at it: nobody waits for that here.
            threading.Thread(target=self._close, args=(old,), name=f"closing {old.name}", daemon=True).start()

    def on_close(self, forget: Callable[[int], None]) -> None:
        """Tells `forget` the number of each model that is closed from now on, so that what was computed with it goes, too."""
        self._on_close.append(forget)

    def forget_with_model(self, *caches: BoundedCache) -> None:
        """Takes out of these caches, when a model is closed, what was computed with it: entries whose key begins with its number."""

        def forget(number: int) -> None:
            for cache in caches:
                for key in cache:
                    if key[0] == number:
                        cache.pop(key)

        self.on_close(forget)

    def _close(self, model: Model) -> None:
        for forget in self._on_close:
            forget(model.number)
        model.release()


OPEN = OpenModels()
"""Of this process."""
