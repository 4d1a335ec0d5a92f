"""Those who wait until there is room for their model, in the order in which they came, and how long that takes at most.

Nothing here looks at a clock or at the memory of the machine by itself: `open_models` does, and asks.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

import torch

from explorer.jobs import Viewer
from models.errors import ModelError
from models.words import told

QUIET_S = 30.0
"""Seconds after which a model that nobody asked for may be closed for somebody else's."""
TURN_S = 300.0
"""Seconds for which a model stays open for those who use it, while others wait for its room."""
SEEN_S = 5.0
"""Seconds after which somebody who did not ask again lets others pass: the page of a window that nobody sees asks seldom."""

User = tuple[str, str]
"""A session and the place on its page for which it has a model: another model in the same place is instead of that one."""


class NoRoomYet(ModelError):
    """There will be room for a model, but not now.

    Attributes:
        device: that it is for.
        needs: bytes that it takes there.
    """

    def __init__(self, device: torch.device, needs: int) -> None:
        super().__init__(told("There is no room for this model yet."), told("Wait, or choose a smaller model."))
        self.device, self.needs = device, needs


@dataclass
class Waiting:
    """A model that somebody waits for.

    Attributes:
        key: what was asked for.
        device, needs: as in `NoRoomYet`.
        users: who waits, and who they are.
        beside: what has to stay open beside it, as one page shows both.
        seen: when somebody last asked whether it is its turn.
    """

    key: Hashable
    device: torch.device
    needs: int
    users: dict[User, Viewer] = field(default_factory=dict)
    beside: frozenset[Hashable] = frozenset()
    seen: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where somebody stands.

    Attributes:
        number: 1 for who comes next.
        of: how many models are waited for.
        seconds: that it takes at most until there is room; None where a computation that goes on with a closed model holds it.
        turn: whether there is room now.
    """

    number: int
    of: int
    seconds: float | None
    turn: bool


@dataclass(eq=False)
class Use:
    """How an open model is used.

    Attributes:
        bytes: that it takes on its device.
        opened: when it was opened.
        users: who used it, and when last.
    """

    device: torch.device
    bytes: int
    opened: float
    users: dict[User, float] = field(default_factory=dict)

    def leaves(self, waiting: Waiting) -> float:
        """When it may be closed for somebody who waits: what she alone used in the same place goes at once."""
        others = [when for user, when in self.users.items() if user not in waiting.users]
        return min(max(others) + QUIET_S, self.opened + TURN_S) if others else self.opened


class Line:
    """Those who wait."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def join(self, key: Hashable, refused: NoRoomYet | None, user: User, viewer: Viewer, beside: frozenset[Hashable], now: float) -> bool:
        """Somebody waits for this model from now on, and no longer for another in its place; who waits for the same waits together.

        False where nobody waits for it, and it was not refused.
        """
        self.leave(user, but=key)
        found = self.find(key)
        if found is None and refused is None:
            return False
        if found is None:
            found = Waiting(key, refused.device, refused.needs)
            self._waiting.append(found)
        found.users[user], found.beside, found.seen = viewer, found.beside | beside, now
        return True

    def find(self, key: Hashable) -> Waiting | None:
        """Who waits for this model."""
        return next((one for one in self._waiting if one.key == key), None)

    def leave(self, user: User, but: Hashable = None) -> None:
        """Somebody does not wait any more, or for this one only."""
        for one in self._waiting:
            if one.key != but:
                one.users.pop(user, None)
        self._waiting = [one for one in self._waiting if one.users]

    def done(self, key: Hashable) -> None:
        """Nobody waits for this model any more: it is open, or cannot be opened."""
        self._waiting = [one for one in self._waiting if one.key != key]

    def look(self) -> None:
        """Those whose page was closed are gone."""
        for one in self._waiting:
            one.users = {user: viewer for user, viewer in one.users.items() if viewer.alive()}
        self._waiting = [one for one in self._waiting if one.users]

    def before(self, key: Hashable) -> list[Waiting]:
        """Who came before those who wait for this model; everybody, where nobody waits for it."""
        keys = [one.key for one in self._waiting]
        return self._waiting[: keys.index(key)] if key in keys else list(self._waiting)

    def seconds(self, key: Hashable, uses: Callable[[Waiting], Iterable[Use]], free: Callable[[torch.device], int], now: float) -> float | None:
        """Seconds at most until there is room for a model that is waited for: each before it is opened as soon as it can be, and stays for
        its whole turn. None where what is open does not suffice.

        Args:
            key: of the model.
            uses: what may be closed for somebody who waits.
            free: bytes on a device.
        """
        mine = self.find(key)
        room, at = free(mine.device), now
        leaving = [(max(now, use.leaves(mine)), use.bytes) for use in uses(mine)]
        heapq.heapify(leaving)
        for one in [*self.before(key), mine]:
            if one.device == mine.device:
                while room < one.needs:
                    if not leaving:
                        return None
                    when, size = heapq.heappop(leaving)
                    at, room = max(at, when), room + size
                room -= one.needs
                heapq.heappush(leaving, (at + TURN_S, one.needs))
        return at - now
