"""A viewer without a browser: a session of Streamlit over its own websocket, which says and does what Streamlit's page would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

_PICTURES = ("vega_lite_chart", "arrow_vega_lite_chart")
_KEPT_RUNS = 2
"""Runs over which a browser keeps large messages; the server sends their hash instead (`global.maxCachedMessageAge`)."""


class Viewer:
    """One tab. What comes is read as it comes; fragments that ask to run again by themselves do.

    Args:
        url: of the dashboard.
        watched: words that are looked for in every element that comes. In a table words stand side by side without anything between them.

    Attributes:
        errors: what the pages said that went wrong.
        buttons: ids of those that were drawn, by key.
        seen: of the watched words.
        received: bytes.
    """

    def __init__(self, url: str, watched: Iterable[str] = ()) -> None:
        self._url = url.replace("http", "ws", 1) + "/_stcore/stream"
        self.errors: list[str] = []
        self.buttons: dict[str, str] = {}
        self.seen: set[str] = set()
        self._watched = {word: word.encode() for word in watched}
        self._pictures: list[bytes] = []
        self.received = 0
        self._socket: ClientConnection | None = None
        self._where: tuple[str, str] = ("", "")
        self._run, self._page = 0, ""
        self._messages: dict[str, tuple[int, bytes]] = {}
        self._again: dict[str, asyncio.Task] = {}
        self._finished, self._gone = asyncio.Condition(), False

    async def join(self) -> None:
        self._socket = await connect(self._url, subprotocols=["streamlit"], max_size=None, ping_interval=None)
        self._listening = asyncio.create_task(self._listen())

    async def leave(self) -> None:
        for task in [*self._again.values(), self._listening]:
            task.cancel()
        await self._socket.close()

    async def ask(self, address: Mapping[str, object], page: str = "", press: str = "") -> None:
        """Opens an address of a page, as Back, Forward or a click would; `press` is the key of a button that is pressed there."""
        self._where = urlencode(address), page
        self._pictures = []
        await self._send(press=self.buttons[press] if press else "")

    async def answered(self, mark: str, within: float) -> float | None:
        """The clock when a run ended of which a picture holds this word; None where none did within so many seconds."""
        return await self._until(lambda: any(mark.encode() in picture for picture in self._pictures), within)

    async def drawn(self, button: str, within: float) -> bool:
        """Whether a button was drawn within so many seconds."""
        return await self._until(lambda: button in self.buttons, within) is not None

    async def _until(self, found: Callable[[], bool], within: float) -> float | None:
        try:
            async with asyncio.timeout(within), self._finished:
                await self._finished.wait_for(lambda: found() or self._gone)
                return None if self._gone else time.perf_counter()
        except TimeoutError:
            return None

    async def _send(self, fragment: str = "", press: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string, message.rerun_script.page_name = self._where
        if fragment:
            message.rerun_script.fragment_id, message.rerun_script.is_auto_rerun = fragment, True
        if fragment or press:
            # A page that is open already is named by what the server calls it.
            message.rerun_script.page_script_hash, message.rerun_script.page_name = self._page, ""
        if press:
            message.rerun_script.widget_states.widgets.add(id=press, trigger_value=True)
        message.rerun_script.cached_message_hashes.extend(self._messages)
        await self._socket.send(message.SerializeToString())

    async def _listen(self) -> None:
        try:
            async for raw in self._socket:
                await self._take(raw)
            self.errors.append("the server closed the connection")
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        async with self._finished:
            self._gone = True
            self._finished.notify_all()

    async def _take(self, raw: bytes) -> None:
        self.received += len(raw)
        message = ForwardMsg.FromString(raw)
        if message.ref_hash:
            raw = self._messages[message.ref_hash][1]
            self._messages[message.ref_hash] = self._run, raw
            message.delta.CopyFrom(ForwardMsg.FromString(raw).delta)
        elif message.metadata.cacheable:
            self._messages[message.hash] = self._run, raw
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._draw(message, raw)
        elif kind == "auto_rerun":
            one = message.auto_rerun
            self._again.setdefault(one.fragment_id, asyncio.create_task(self._repeat(one.fragment_id, one.interval)))
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "new_session":
            self._begin(list(message.metadata.run.fragment_ids))
        elif kind == "session_event" and message.session_event.HasField("script_compilation_exception"):
            self.errors.append(message.session_event.script_compilation_exception.message)
        elif kind == "script_finished":
            async with self._finished:
                self._finished.notify_all()

    def _begin(self, fragments: list[str]) -> None:
        if fragments:
            return
        # A run of the whole page: what ran by itself is told anew.
        for task in self._again.values():
            task.cancel()
        self._again.clear()
        self._run += 1
        self._messages = {name: kept for name, kept in self._messages.items() if self._run - kept[0] <= _KEPT_RUNS}

    def _draw(self, message: ForwardMsg, raw: bytes) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        self.seen.update(word for word, sought in self._watched.items() if sought in raw)
        if kind in _PICTURES:
            self._pictures.append(raw)
        elif kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)
        elif kind == "button":
            self.buttons[element.button.id.rsplit("-", 1)[-1]] = element.button.id

    async def _repeat(self, fragment: str, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self._send(fragment)
