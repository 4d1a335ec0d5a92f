"""In front of everything that a public server answers: headers that bind the browser, and a limit for what it is sent."""

from __future__ import annotations

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


class Guarded:
    """Adds the headers to each answer, and refuses what is larger than `most` bytes, said beforehand or counted while it comes.

    Args:
        app: that answers.
        most: bytes of a request.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        said = Headers(scope=scope).get("content-length", "")
        if said and not (said.isascii() and said.isdigit() and len(said) < 19 and int(said) <= self.most):
            return await _TOO_LARGE(scope, receive, guarded)
        begun, size = False, 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.most:
                raise _TooLarge
            return message

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await guarded(message)

        try:
            await self.app(scope, counted, sent)
        except _TooLarge:
            if not begun:
                await _TOO_LARGE(scope, receive, guarded)


class _TooLarge(Exception):
    """More was sent than a request may have."""


_TOO_LARGE = PlainTextResponse("This is larger than this server takes.", 413)
