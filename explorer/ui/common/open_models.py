"""Models that are open, for all viewers: a few at once, and the one that nobody used for longest is closed for a new one.

Where models do not fit into memory together, those that nobody uses are closed; where all are in use, who comes later waits (`model_queue`).
"""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import psutil
import torch

from explorer.bounded import BoundedCache
from explorer.jobs import Viewer
from explorer.ui.common.model_queue import SEEN_S, Line, NoRoomYet, Place, Use, User, Waiting
from models import Model
from models.errors import OutOfMemoryError
from models.opening import devices
from models.words import told

MOST = 4
"""Models that stay open."""
_KEPT_FREE = 2**30
"""Bytes of main memory, at most a twentieth of it, that no model takes: texts are read with them."""
_CLOSING_S = 2.0
"""Seconds that an opening waits for a model that is being closed for it."""


def free_bytes(device: torch.device) -> int | None:
    """Bytes that a model may take on a device; None where that is not known."""
    if device.type != "cpu":
        return devices.free_bytes(device)
    memory = psutil.virtual_memory()
    return max(0, memory.available - min(_KEPT_FREE, memory.total // 20))


class OpenModels:
    """Open models by what was asked for.

    Args:
        most: how many stay open.
        free: bytes that a model may take on a device, as `free_bytes`.
        clock: seconds.
    """

    def __init__(
        self, most: int = MOST, free: Callable[[torch.device], int | None] = free_bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._free, self._clock = most, free, clock
        self._open: OrderedDict[Hashable, Model] = OrderedDict()
        self._uses: dict[Hashable, Use] = {}
        self._reserved: dict[Hashable, tuple[torch.device, int]] = {}
        self._closed: weakref.WeakSet[Model] = weakref.WeakSet()
        self._line = Line()
        self._lock = threading.RLock()
        self._on_close: list[Callable[[int], None]] = []

    def get(self, key: Hashable, user: User | None = None) -> Model | None:
        """The model, where it is open; from now on this user has it."""
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                if user is not None:
                    self._uses[key].users[user] = self._clock()
            return self._open.get(key)

    def put(self, key: Hashable, model: Model) -> None:
        """Keeps a model open; too many close the one that was not used for longest."""
        with self._lock:
            self._open[key] = model
            self._open.move_to_end(key)
            self._uses[key] = Use(model.device, model.memory_bytes, self._clock())
            self._line.done(key)
            closed = [self._taken_out(next(iter(self._open))) for _surplus in range(len(self._open) - self._most)]
        for old in closed:
            self._close_aside(old)

    @contextmanager
    def opening(
        self, key: Hashable, user: User, viewer: Viewer, beside: frozenset[Hashable] = frozenset()
    ) -> Iterator[Callable[[torch.device, int], None]]:
        """A block in which a model is opened, and what `load` calls as `admit` in it: room is made, and held for it until the block ends.

        Arguments as for `wait_for`, of who asked first.
        """
        try:
            yield lambda device, needs: self._admit(Waiting(key, device, needs, {user: viewer}, beside))
        except NoRoomYet:
            raise
        except BaseException:
            with self._lock:
                self._line.done(key)  # whatever it is, waiting does not help
            raise
        finally:
            with self._lock:
                self._reserved.pop(key, None)

    def wait_for(self, key: Hashable, refused: NoRoomYet, user: User, viewer: Viewer, beside: frozenset[Hashable] = frozenset()) -> Place:
        """This user waits for a model that found no room, and where she stands. `beside`: what her page shows with it, which stays open.

        Raises:
            OutOfMemoryError: there will never be room for it.
        """
        with self._lock:
            self._line.join(key, refused, user, viewer, beside, self._clock())
            try:
                self._check(self._line.find(key))
            except OutOfMemoryError:
                self._line.done(key)
                raise
            return self.place(key)

    def leave(self, user: User, but: Hashable) -> None:
        """This user waits for no other model in this place than that one."""
        with self._lock:
            self._line.leave(user, but)

    def place(self, key: Hashable) -> Place | None:
        """Where those stand who wait for a model, who ask for it now; None where nobody waits any more."""
        with self._lock:
            self._line.look()
            waiting = self._line.find(key)
            if waiting is None:
                return None
            now = waiting.seen = self._clock()
            before = self._line.before(key)
            seconds = self._line.seconds(key, self._closable, lambda device: self._room(device, key), now)
            turn = not self._in_front(key, waiting.device) and self._can_have(waiting, now)
            return Place(len(before) + 1, len(self._line), seconds, turn)

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

    def _admit(self, first: Waiting) -> None:
        """Makes room by closing what nobody uses, least recently used first, and holds it. Raises NoRoomYet, or OutOfMemoryError."""
        key, device, needs = first.key, first.device, first.needs
        while True:
            with self._lock:
                free = self._room(device, key)
                if free is None or free >= needs:
                    self._reserved[key] = device, needs
                    return
                self._line.look()
                waiting = self._line.find(key) or first
                self._check(waiting)
                leaving = None if self._in_front(key, device) or not self._can_have(waiting, self._clock()) else self._first_to_leave(waiting)
                if leaving is None:
                    raise NoRoomYet(device, needs)
                old = self._taken_out(leaving)
            self._close_aside(old).join(_CLOSING_S)
            del old
            gc.collect()

    def _check(self, waiting: Waiting) -> None:
        """Raises OutOfMemoryError where there is no room even when all is closed that may be."""
        most = (self._room(waiting.device, waiting.key) or 0) + sum(use.bytes for use in self._closable(waiting)) + self._held(waiting.device)
        if waiting.needs > most:
            numbers = {"needs": waiting.needs / 1e9, "most": most / 1e9}
            problem = (
                told("This model takes {needs:.1f} GB; beside the other one at most {most:.1f} GB can be made free.", **numbers)
                if waiting.beside
                else told("This model takes {needs:.1f} GB; at most {most:.1f} GB can be made free.", **numbers)
            )
            raise OutOfMemoryError(problem, told("Choose a smaller model, or bfloat16."))

    def _room(self, device: torch.device, key: Hashable) -> int | None:
        """Bytes that are free, less what is held for others that are being opened."""
        free = self._free(device)
        held = sum(needs for other, (where, needs) in self._reserved.items() if other != key and where == device)
        return None if free is None else max(0, free - held)

    def _held(self, device: torch.device) -> int:
        """Bytes of models that are closed, but with which something is still computed."""
        return sum(model.memory_bytes for model in self._closed if model.device == device)

    def _closable(self, waiting: Waiting) -> list[Use]:
        return [use for key, use in self._uses.items() if use.device == waiting.device and key not in waiting.beside]

    def _can_have(self, waiting: Waiting, now: float) -> bool:
        room = self._room(waiting.device, waiting.key)
        return room is None or room + sum(use.bytes for use in self._closable(waiting) if use.leaves(waiting) <= now) >= waiting.needs

    def _in_front(self, key: Hashable, device: torch.device) -> bool:
        """Whether somebody came first who looks whether it is her turn."""
        now = self._clock()
        return any(one.device == device and now - one.seen <= SEEN_S for one in self._line.before(key))

    def _first_to_leave(self, waiting: Waiting) -> Hashable | None:
        now = self._clock()
        may = (key for key in self._open if self._uses[key] in self._closable(waiting) and self._uses[key].leaves(waiting) <= now)
        return next(may, None)

    def _taken_out(self, key: Hashable) -> Model:
        self._uses.pop(key)
        model = self._open.pop(key)
        self._closed.add(model)
        return model

    def _close_aside(self, model: Model) -> threading.Thread:
        # Its lock may be held by a long computation of somebody who still looks at it: nobody waits for that here.
        thread = threading.Thread(target=self._close, args=(model,), name=f"closing {model.name}", daemon=True)
        thread.start()
        return thread

    def _close(self, model: Model) -> None:
        for forget in self._on_close:
            forget(model.number)
        model.release()


OPEN = OpenModels()
"""Of this process."""
