"""The room: phones that follow a lecture and vote. There is one only where the dashboard was started for it (`make room`).

- `state`: the room itself: where the lecturer is, the votes, and who is told when something changes
- `streams`: connections on which phones wait for what comes next
- `asked`: what a hall is asked: questions of the course and claims on trial
- `told`: what a phone is told, in its language
- `routes`: the addresses that phones ask: a page (`phone.html`), its events, votes, the list of questions
- `door`: who may see the stage: whoever has the key, and no phone
- `network`: the addresses of the machine
"""

from __future__ import annotations

from explorer.room.state import Room

_open: list[Room] = []


def now() -> Room | None:
    """The room of this process; None where the dashboard was started without one."""
    return _open[0] if _open else None


def begin(room: Room | None) -> None:
    """Makes this the room of the process; None closes it."""
    _open[:] = [] if room is None else [room]
