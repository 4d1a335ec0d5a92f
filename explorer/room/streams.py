"""Connections on which phones wait for what comes next.

Each phone has a task of its own in the server's loop, and is only woken here: what it is told it reads when it can. A slow phone therefore skips
what has been replaced meanwhile, and keeps nobody waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from explorer.room.state import MOST_PHONES, Room

BEAT_S = 15.0
"""Seconds after which a phone hears that the connection lives, though nothing is new."""
EACH = 3
"""Connections of one phone; a fourth ends its first: a page that was opened anew leaves one behind for a while."""
AFTER_S = 0.4
"""Seconds after which phones are told of a change. By then the stage has drawn it: telling two hundred phones takes more of a processor than
that does, and it is the stage that the lecturer waits for."""
TOGETHER, PAUSE_S = 20, 0.01
"""Phones that are woken together, and seconds until the next ones are: in between, the same loop serves the lecturer's stage."""


class Full(Exception):
    """No more phones find room."""


class Streams:
    """The connections of one room."""

    def __init__(self, room: Room) -> None:
        self._open: dict[str, list[asyncio.Event]] = {}
        self._ended: set[asyncio.Event] = set()
        self._waiting = False
        self._ringing: set[asyncio.Task] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._closed = False
        room.listen(self.wake, self.here)

    def here(self) -> int:
        """Phones that are connected."""
        with self._lock:
            return len(self._open)

    def enter(self, phone: str) -> asyncio.Event:
        """A connection of a phone, which hears of changes by it. Raises Full."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            if self._closed or (phone not in self._open and len(self._open) >= MOST_PHONES):
                raise Full
            mine = self._open.setdefault(phone, [])
            if len(mine) >= EACH:
                self._ended.add(mine[0])
                mine.pop(0).set()
            bell = asyncio.Event()
            bell.set()
            mine.append(bell)
            return bell

    async def changes(self, phone: str, bell: asyncio.Event) -> AsyncIterator[bool]:
        """True at once and whenever something is new; False where nothing was for a while. Ends where the server does."""
        try:
            while not self._closed and bell not in self._ended:
                try:
                    await asyncio.wait_for(bell.wait(), BEAT_S)
                except TimeoutError:
                    yield False
                    continue
                bell.clear()
                if not self._closed and bell not in self._ended:
                    yield True
        finally:
            self._leave(phone, bell)

    def wake(self) -> None:
        """Tells all phones that something is new; from any thread."""
        with self._lock:
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._ring_all)

    def close(self) -> None:
        """Ends all connections: a server does not stop before they have ended."""
        self._closed = True
        self.wake()

    def _ring_all(self) -> None:
        if self._waiting:
            return
        self._waiting = True
        task = asyncio.ensure_future(self._ring())
        # The loop itself would not keep it.
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)

    async def _ring(self) -> None:
        if not self._closed:
            await asyncio.sleep(AFTER_S)
        self._waiting = False
        with self._lock:
            bells = [bell for mine in self._open.values() for bell in mine]
        for first in range(0, len(bells), TOGETHER):
            for bell in bells[first : first + TOGETHER]:
                bell.set()
            if not self._closed:
                await asyncio.sleep(PAUSE_S)

    def _leave(self, phone: str, bell: asyncio.Event) -> None:
        with self._lock:
            self._ended.discard(bell)
            mine = [one for one in self._open.get(phone, ()) if one is not bell]
            if mine:
                self._open[phone] = mine
            else:
                self._open.pop(phone, None)
