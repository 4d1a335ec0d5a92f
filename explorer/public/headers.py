"""In front of everything that a public server answers: headers that bind the browser, and a limit for what it is sent."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's components and the frames of BertViz bring scripts of their own, and Streamlit reads tables by WebAssembly; nothing comes
        # from elsewhere, and no text is run as a script.
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "frame-ancestors 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    )
)
"""Content-Security-Policy: a page loads nothing from another server, sends nothing to one, and is shown in the frame of none."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Texts stand in the address.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


_UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)$")
_METRICS = re.compile(r"/_stcore/metrics/?$", re.IGNORECASE)
"""How full the caches of the server are: nothing for strangers."""
_TRY_LATER = 1013
"""A websocket is closed with it."""
_SESSIONS = 10_000
"""Sessions whose files are counted; those that gave none for longest are forgotten first."""


class Guarded:
    """Adds the headers to each answer, and refuses what is larger than `most` bytes, said beforehand or counted while it comes.

    Args:
        app: that answers.
        most: bytes of a request.
        files: bytes of all files that one session may have given and not taken away again.
        tabs: websockets, of which each tab has one, that may be open at once; None for any number.
        ignored: whether a message of a tab is dropped, as if it had not come.
    """

    def __init__(
        self, app: ASGIApp, most: int, files: int | None = None, tabs: int | None = None, ignored: Callable[[bytes], bool] | None = None
    ) -> None:
        self.app, self.most, self.files, self.tabs, self.ignored = app, most, files, tabs, ignored or (lambda message: False)
        self._given: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self._tab(scope, receive, send)
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if _METRICS.search(scope["path"]):
            return await _NOTHING(scope, receive, guarded)
        most, file = self._room(scope)
        said = Headers(scope=scope).get("content-length", "")
        if said and not (said.isascii() and said.isdigit() and len(said) < 19 and int(said) <= most):
            return await _TOO_LARGE(scope, receive, guarded)
        begun, size = False, 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if file is not None:
                # What is under way counts: several may come at once.
                file[0][file[1]] = size
            if size > most:
                raise _TooLarge
            return message

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await guarded(message)

        try:
            await self.app(scope, counted, sent)
        except _TooLarge:
            if file is not None:
                file[0].pop(file[1], None)
            if not begun:
                await _TOO_LARGE(scope, receive, guarded)

    async def _tab(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One tab's websocket, as long as it is open."""
        if self.tabs is not None and self._open >= self.tabs:
            return await send({"type": "websocket.close", "code": _TRY_LATER})

        async def heard() -> Message:
            while True:
                message = await receive()
                if not self.ignored(message.get("bytes") or b""):
                    return message

        self._open += 1
        try:
            await self.app(scope, heard, send)
        finally:
            self._open -= 1

    def _room(self, scope: Scope) -> tuple[int, tuple[dict[str, int], str] | None]:
        """Bytes that a request may have; and where its file is counted, for one that gives a file."""
        found = _UPLOAD.search(scope["path"])
        if self.files is None or found is None:
            return self.most, None
        session, name = found.groups()
        given = self._given.setdefault(session, {})
        self._given.move_to_end(session)
        while len(self._given) > _SESSIONS:
            self._given.popitem(last=False)
        if scope["method"] != "PUT":
            if scope["method"] == "DELETE":
                given.pop(name, None)
            return self.most, None
        return min(self.most, self.files - sum(size for other, size in given.items() if other != name)), (given, name)


class _TooLarge(Exception):
    """More was sent than a request may have."""


_TOO_LARGE = PlainTextResponse("This is larger than this server takes.", 413)
_NOTHING = PlainTextResponse("There is nothing here.", 404)
