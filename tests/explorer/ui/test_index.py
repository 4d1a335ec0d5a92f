from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from explorer.talk.places import PAGES, START
from explorer.ui.index import document, routes

OWN = Path(get_static_dir(), "index.html").read_text(encoding="utf-8")


def test_the_document_is_streamlit_s_and_one_line_more():
    for page in ("", "heads"):
        before, line, after = document(page).partition("<script>window.__streamlit")
        assert before.endswith("<head>") and line
        assert before + after.partition("</script>")[2] == OWN


@pytest.mark.parametrize("page", ["", *(page for page in PAGES if page != START), "talk"])
def test_each_page_has_its_document_which_no_browser_keeps(page):
    answer = TestClient(Starlette(routes=routes())).get(f"/{page}?lang=zh")
    assert answer.status_code == 200 and answer.text == document(page)
    assert answer.headers["cache-control"] == "no-cache"


def test_a_page_that_there_is_not_is_left_to_streamlit():
    assert TestClient(Starlette(routes=routes())).get("/nothing").status_code == 404
