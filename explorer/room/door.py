"""Who may see the stage: whoever has the key. Everybody else finds the phones' page and nothing more.

The key stands in the address that the terminal prints. It is taken out of the address at once and kept by the browser: a hall sees the address.
"""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.i18n import _, closest, speaking
from explorer.room.network import AT
from explorer.room.state import Room

NAME = "key"
"""In the address."""
_POLICY_VIOLATION = 1008
"""A websocket is closed with it."""


class Door:
    """In front of everything that the server answers, its websocket included."""

    def __init__(self, app: ASGIApp, room: Room) -> None:
        self.app, self.room = app, room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == AT or scope["path"].startswith(f"{AT}/"):
            return await self.app(scope, receive, send)
        asked = HTTPConnection(scope)
        if self.room.is_key(asked.cookies.get(self.room.cookie, "")) and not (scope["type"] == "http" and NAME in asked.query_params):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        if self.room.is_key(asked.query_params.get(NAME, "")):
            left = urlencode([(name, value) for name, value in parse_qsl(asked.url.query, keep_blank_values=True) if name != NAME])
            response = RedirectResponse(scope["path"] + ("?" + left if left else ""), 303, {"Cache-Control": "no-store"})
            response.set_cookie(self.room.cookie, self.room.key, httponly=True, samesite="lax")
        else:
            response = _closed(asked)
        return await response(scope, receive, send)


def _closed(asked: HTTPConnection) -> HTMLResponse:
    first = asked.headers.get("accept-language", "").split(",")[0]
    with speaking(closest(first) or "en"):
        told = _("This is the lecturer's address. The one for phones stands on the stage.")
        title, enter = "Attention Explorer", _("Join")
    page = (
        f'<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        f'<p>{escape(told)}</p><p><a href="{AT}">{escape(enter)}</a></p>'
    )
    return HTMLResponse(page, 403, {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"})
