"""Phones find their page and nothing else; the lecturer has a key."""

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.explorer.room.conftest import PATIENCE


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/course",
        "/_stcore/health",
        "/_stcore/upload_file/x/y",
        "/media/a.csv",
        "/static/x.js",
        "//r",
        "/rr",
        "/R",
        "/room",
        "/course?key=",
        "/?key=wrong",
    ],
)
def test_no_phone_sees_the_stage(served, method, path):
    answer, text = served.phone().ask(method, path)
    assert answer.status == 403 and "the stage" not in text.replace("on the stage", "")


@pytest.mark.parametrize("path", ["/r/a/b/c", "/r/../course", "/r//x", "/r/%2e%2e/course"])
def test_what_is_below_the_phones_address_never_reaches_the_stage(served, path):
    answer, text = served.phone().get(path)
    assert answer.status == 404 and "the stage" not in text


def test_no_phone_opens_the_websocket(served):
    phone = served.phone()
    for headers in ({}, {"Cookie": phone.cookie}, {"Cookie": f"explorer_stage_{served.room.code}=wrong"}):
        for query in ("", f"?key={served.room.key}"):
            with (
                pytest.raises(InvalidStatus, match="403"),
                connect(f"ws://{phone.host}/_stcore/stream{query}", additional_headers=headers, open_timeout=PATIENCE),
            ):
                pass
    with connect(
        f"ws://{phone.host}/_stcore/stream", additional_headers={"Cookie": f"explorer_stage_{served.room.code}={served.room.key}"}
    ) as opened:
        assert opened.recv(PATIENCE) == "the stage"


def test_the_key_opens_the_stage_and_leaves_the_address(served):
    phone = served.phone()
    answer, text = phone.get(f"/course?demo=Q3&key={served.room.key}&text=a%20b")
    assert answer.status == 303 and answer.getheader("location") == "/course?demo=Q3&text=a+b" and "the stage" not in text
    cookie = answer.getheader("set-cookie")
    assert "httponly" in cookie.lower() and "samesite=lax" in cookie.lower()
    phone.cookie = cookie.split(";")[0]
    answer, text = phone.get("/course?demo=Q3")
    assert (answer.status, text) == (200, "the stage")
    # Who opens the address of the terminal again is led away from it again.
    assert phone.get(f"/course?key={served.room.key}")[0].status == 303
    phone.cookie = cookie.split("=")[0] + "=wrong"
    assert phone.get("/course?demo=Q3")[0].status == 403


def test_numbers_of_the_stage_are_for_who_has_the_key(served):
    served.room.show("Q3", "ask")
    phone = served.phone()
    for chosen, one in zip("CCA", (phone, served.phone(), served.phone()), strict=True):
        assert one.vote("Q3", served.ticket("Q3", chosen))[0] == 200
    path = f"/r/{served.room.code}/stage?demo=Q3"
    assert phone.get(path)[0].status == 403 and phone.get(path + f"&key={served.room.key}")[0].status == 403
    phone.cookie = f"{served.room.cookie}={served.room.key}"
    expected = [{"A": 1, "C": 2}.get(option, 0) for option in served.room.order("Q3", "ABCD")]
    assert json.loads(phone.get(path)[1]) == {"here": 0, "votes": 3, "counts": expected}
    assert json.loads(phone.get(f"/r/{served.room.code}/stage?demo=")[1]) == {"here": 0, "votes": 0, "counts": []}
    assert phone.get("/r/0000/stage?demo=Q3")[0].status == 403


def test_who_is_sent_away_is_told_so_in_their_language(served):
    assert "老师" in served.phone().get("/", **{"Accept-Language": "zh-CN,zh;q=0.9"})[1]
