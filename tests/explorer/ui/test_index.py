import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.applications import Starlette
from streamlit.file_util import get_static_dir

from explorer.talk.places import PAGES, START
from explorer.ui.index import document, routes

OWN = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")


def answered(path: str) -> tuple[int, dict[bytes, bytes], str]:
    """Status, headers and text of what is answered to a browser that asks for a path."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"lang=zh", "headers": [], "http_version": "1.1", "scheme": "http"}
    answering = Starlette(routes=routes())(scope | {"server": ("127.0.0.1", 80), "root_path": ""}, receive, send)
    with ThreadPoolExecutor(1) as apart:
        # A thread of its own: playwright leaves a loop that runs in this one.
        apart.submit(asyncio.run, answering).result()
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:]).decode()


def test_the_document_is_streamlit_s_and_one_line_more():
    for page in ("", "heads"):
        before, line, after = document(page).partition("<script>window.__streamlit")
        assert before.endswith("<head>") and line
        assert before + after.partition("</script>")[2] == OWN


@pytest.mark.parametrize("page", ["", *(page for page in PAGES if page != START), "talk"])
def test_each_page_has_its_document_which_no_browser_keeps(page):
    status, headers, text = answered(f"/{page}")
    assert status == 200 and text == document(page)
    assert headers[b"cache-control"] == b"no-cache"


def test_a_page_that_there_is_not_is_left_to_streamlit():
    assert answered("/nothing")[0] == 404
