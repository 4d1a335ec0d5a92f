"""The dashboard with the phones' addresses beside it, and a door in front. `streamlit run` finds `app` in here by its name.

Only `explorer.ui.start` runs this: it begins the room first.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

from explorer import room
from explorer.room.door import Door
from explorer.room.routes import routes
from explorer.room.state import Room
from explorer.room.streams import Streams
from explorer.ui import index
from explorer.ui.start import APP

_room = room.now() or Room()
room.begin(_room)
_streams = Streams(_room)


@asynccontextmanager
async def _hanging_up(_app: object) -> AsyncIterator[None]:
    """A server that is told to stop waits until each answer has ended, and what phones listen to never does by itself."""
    before = {}

    def stop(number: int, frame: object) -> None:
        _streams.close()
        if callable(before[number]):
            before[number](number, frame)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.getsignal(number)
        signal.signal(number, stop)
    yield


app = st.App(APP, routes=[*routes(_room, _streams), *index.routes()], middleware=[Middleware(Door, room=_room)], lifespan=_hanging_up)
