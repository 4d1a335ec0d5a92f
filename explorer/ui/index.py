"""The document that opens each page of the dashboard, and says where the server is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from streamlit.file_util import get_static_dir

from explorer.talk.places import PAGES, PLAYER, START

_BEFORE = "<head>"
_SAID = "<script>window.__streamlit = {{BACKEND_BASE_URL: new URL({relative}, location.origin + location.pathname).href}}</script>"


def document(page: str = "") -> str:
    """Streamlit's own document, with the address of the server in it.

    A browser that opens a link to a page looks for the server below the page's own address first, and is answered twice that nothing is there
    (404), unless the document says where it is. It is said by the browser's own address, so that it is right behind a proxy as well.

    Args:
        page: whose document; "" for that of the first page.
    """
    made = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")
    return made.replace(_BEFORE, _BEFORE + _SAID.format(relative="'.'" if page else "''"), 1)


def routes() -> list[Route]:
    """A route for the document of each page."""
    return [Route(f"/{page}", _answering(document(page))) for page in ("", *PAGES, PLAYER) if page != START]


def _answering(text: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        # As Streamlit itself does: the next version names other scripts.
        return HTMLResponse(text, headers={"Cache-Control": "no-cache"})

    return answer
