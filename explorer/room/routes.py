"""The addresses that phones ask. They look and vote; nothing here runs a model, reads a file of the machine or changes what the stage shows.

- `/r`: which room? `/r/CODE`: the page
- `/r/CODE/events`: where the lecturer is, and what this phone chose; server-sent events
- `/r/CODE/vote`: takes a vote
- `/r/CODE/stage`: how many phones are here and what they chose; for who has the lecturer's key
- `/r/CODE/questions`, `/r/CODE/questions/ID`: to read on alone
"""

from __future__ import annotations

import asyncio
import html
import json
import secrets
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from explorer import i18n
from explorer.room import told
from explorer.room.network import AT
from explorer.room.state import Refused, Room
from explorer.room.streams import Full, Streams

COOKIE = "explorer_phone"
LONGEST_BYTES = 512
"""Of the body of a vote; a vote has a fifth of it."""
_PATIENCE_S = 5.0
"""Seconds within which the body of a vote has to be here."""
_STATUS = {"closed": 409, "unknown": 400, "full": 503}
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def routes(room: Room, streams: Streams) -> list[BaseRoute]:
    """All of them, for a server. Whatever else begins with `/r/` is answered here, too: by 404."""
    phones = Phones(room, streams)
    return [
        Route(AT, phones.which),
        Mount(
            AT,
            routes=[
                Route("/", phones.which),
                Route("/{code}", phones.page),
                Route("/{code}/events", phones.events),
                Route("/{code}/vote", phones.vote, methods=["POST"]),
                Route("/{code}/stage", phones.stage),
                Route("/{code}/questions", phones.questions),
                Route("/{code}/questions/{demo}", phones.question),
            ],
        ),
    ]


class Phones:
    """What phones ask of a room."""

    def __init__(self, room: Room, streams: Streams) -> None:
        self.room, self.streams = room, streams
        self._made: dict[str, tuple[int, str]] = {}

    async def which(self, request: Request) -> Response:
        """The page that asks for the number of the room, or goes on to it."""
        code = request.query_params.get("code", "").strip()
        if code == self.room.code:
            return RedirectResponse(f"{AT}/{code}", 303, _SAFE)
        return _page(_language(request), "", wrong=bool(code))

    async def page(self, request: Request) -> Response:
        """The phone's page; whoever comes first gets a name."""
        if request.path_params["code"] != self.room.code:
            return _page(_language(request), "", wrong=True, status=404)
        response = _page(_language(request), self.room.code)
        if not self._phone(request):
            response.set_cookie(COOKIE, self.room.new_phone(), max_age=86_400, path=AT, httponly=True, samesite="lax")
        return response

    async def events(self, request: Request) -> Response:
        phone = self._phone(request)
        if request.path_params["code"] != self.room.code or not phone:
            return _no("unknown", 403)
        if request.method == "HEAD":
            return Response(headers=_SAFE)
        try:
            bell = self.streams.enter(phone)
        except Full:
            return _no("full", 503)
        # What a proxy or a phone keeps back until there is more of it comes too late.
        headers = _SAFE | {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._told(phone, bell, _language(request)), media_type="text/event-stream", headers=headers)

    async def vote(self, request: Request) -> Response:
        phone = self._phone(request)
        if request.path_params["code"] != self.room.code or not phone or not _same_origin(request):
            return _no("unknown", 403)
        try:
            asked = json.loads(await asyncio.wait_for(_body(request), _PATIENCE_S))
            demo, ticket = asked["demo"], asked["option"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return _no("unknown", 400)
        except (TimeoutError, ClientDisconnect):
            return _no("unknown", 408)
        if not isinstance(demo, str) or not isinstance(ticket, str) or not ticket.isascii():
            return _no("unknown", 400)
        try:
            self.room.vote(phone, demo, ticket, told.letters(demo))
        except Refused as error:
            return _no(str(error), _STATUS[str(error)])
        return JSONResponse({"counted": ticket}, headers=_SAFE)

    async def stage(self, request: Request) -> Response:
        """Numbers that the stage keeps up to date, votes in the order of its options."""
        if request.path_params["code"] != self.room.code or not self.room.is_key(request.cookies.get(self.room.cookie, "")):
            return _no("unknown", 403)
        demo = request.query_params.get("demo", "")
        chosen = self.room.counts(demo)
        counts = [chosen.get(option, 0) for option in told.on_stage(self.room, demo)]
        return JSONResponse({"here": self.room.here(), "votes": sum(counts), "counts": counts}, headers=_SAFE)

    async def questions(self, request: Request) -> Response:
        if request.path_params["code"] != self.room.code:
            return _no("unknown", 404)
        return JSONResponse(told.questions(_language(request)), headers=_SAFE)

    async def question(self, request: Request) -> Response:
        right = request.path_params["code"] == self.room.code
        found = told.question(self.room, request.path_params["demo"], _language(request)) if right else None
        return _no("unknown", 404) if found is None else JSONResponse(found, headers=_SAFE)

    def _phone(self, request: Request) -> str:
        """The name that this phone was given; empty for none."""
        name = request.cookies.get(COOKIE, "")
        return name if self.room.is_phone(name) else ""

    async def _told(self, phone: str, bell: asyncio.Event, language: str) -> AsyncIterator[str]:
        yield "retry: 1500\n\n"
        async for new in self.streams.changes(phone, bell):
            yield f"data: {self._state(phone, language)}\n\n" if new else "event: beat\ndata: 1\n\n"

    def _state(self, phone: str, language: str) -> str:
        """Where the lecturer is, written once for all phones of a language, and what this one chose."""
        version, at = self.room.version, self.room.at()
        if self._made.get(language, (-1, ""))[0] != version:
            self._made[language] = version, json.dumps(told.at(self.room, language), ensure_ascii=False)
        mine = told.ticket_of(self.room, phone, at[0]) if at else ""
        return f'{{"mine": {json.dumps(mine)}, "at": {self._made[language][1]}}}'


def _language(request: Request) -> str:
    """What the address says, else what the phone asks for first, else English."""
    said = request.query_params.get("lang", "")
    wanted = [one.split(";")[0].strip() for one in request.headers.get("accept-language", "").split(",")]
    return next(filter(None, (i18n.closest(one) for one in [said, *wanted])), i18n.SOURCE)


def _same_origin(request: Request) -> bool:
    """Whether a page of this server sends it, and no other that the phone has open."""
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    # Without the scheme: behind a proxy that speaks https this server hears http.
    return urlsplit(origin).netloc == request.headers.get("host")


async def _body(request: Request) -> bytes:
    """Raises ValueError where it is too long."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > LONGEST_BYTES:
            raise ValueError
    return found


def _no(why: str, status: int) -> Response:
    return JSONResponse({"refused": why}, status, headers=_SAFE)


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("phone.html").read_text(encoding="utf-8"))


def _page(language: str, code: str, wrong: bool = False, status: int = 200) -> HTMLResponse:
    """The page; without a code, the one that asks for it."""
    once = secrets.token_urlsafe(12)
    words = told.words(language)
    other = next(one for one in i18n.LANGUAGES if one != language)
    data = {"code": code, "lang": language, "words": words}
    filled = {
        "once": once,
        "lang": {"zh": "zh-CN"}.get(language, language),
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        "other": other,
        "other_name": i18n.LANGUAGES[other],
        "here": f"{AT}/{quote(code)}" if code else AT,
        "code_hidden": "hidden" if code else "",
        "lecture_hidden": "" if code else "hidden",
        "wrong": html.escape(words["wrong"]) if wrong else "",
        **{f"word_{name}": html.escape(words[name]) for name in ("title", "code", "enter", "questions", "back", "reading", "waiting")},
    }
    # Only what stands in the page itself is run and drawn, and it asks nobody but this server.
    policy = (
        f"default-src 'none'; script-src 'nonce-{once}'; style-src 'nonce-{once}'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(_template().substitute(filled), status, _SAFE | {"Content-Security-Policy": policy})
