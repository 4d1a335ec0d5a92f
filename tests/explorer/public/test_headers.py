"""What stands in front of a public server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from explorer.public import bounds
from explorer.public.headers import HEADERS, POLICY, Guarded
from explorer.ui.public.served import for_writers
from models.training import settings


def asked(
    body: bytes = b"",
    parts: int = 1,
    length: str | None = None,
    most: int = 100,
    path: str = "/",
    method: str = "PUT",
    door: Guarded | None = None,
):
    """Status and headers of an answer, and what the app behind read."""
    read, sent = [], []

    async def app(scope, receive, send):
        while True:
            message = await receive()
            read.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"DENY")]})
        await send({"type": "http.response.body", "body": b"ok"})

    step = -(-len(body) // parts) or 1
    pieces = [body[i : i + step] for i in range(0, len(body), step)] or [b""]
    coming = iter([{"type": "http.request", "body": piece, "more_body": i + 1 < len(pieces)} for i, piece in enumerate(pieces)])

    async def receive():
        return next(coming)

    async def send(message):
        sent.append(message)

    headers = [] if length is None else [(b"content-length", length.encode())]
    scope = {"type": "http", "path": path, "headers": headers, "method": method}
    guard = door or Guarded(app, most)
    guard.app = app
    with ThreadPoolExecutor(1) as apart:
        # A thread of its own: playwright leaves a loop that runs in this one.
        apart.submit(asyncio.run, guard(scope, receive, send)).result()
    start = sent[0]
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, b"".join(read)


def test_each_answer_carries_the_headers_and_what_the_app_says_itself_stays():
    status, headers, read = asked(b"x" * 100, parts=3)
    assert (status, read) == (200, b"x" * 100)
    assert headers["x-frame-options"] == "DENY"
    assert all(headers[name.lower()] == value for name, value in HEADERS.items() if name != "X-Frame-Options")


@pytest.mark.parametrize("length", ["101", "-1", "1e3", "9" * 30, "²"])
def test_what_says_that_it_is_too_large_is_not_read(length):
    if not length.isascii():
        length = "12\u00b2".encode("latin-1").decode("latin-1")
    status, headers, read = asked(b"", length=length)
    assert status == 413 and not read and headers["content-security-policy"] == POLICY


def test_what_says_too_little_is_counted_while_it_comes():
    assert asked(b"x" * 101, parts=5, length="10")[0] == 413
    assert asked(b"x" * 101, parts=5)[0] == 413
    assert asked(b"x" * 100, parts=5, length="100")[0] == 200


def test_nothing_comes_from_or_goes_to_another_server():
    said = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert said["default-src"] == said["connect-src"] == "'self'" and said["object-src"] == "'none'"
    assert not any("http" in sources or "*" in sources for sources in said.values())
    assert "'unsafe-eval'" not in POLICY


def test_files_of_a_session_have_a_bound_together_and_another_session_has_its_own():
    door = Guarded(None, most=100, files=250)

    def give(name, size, session="me", method="PUT"):
        return asked(b"x" * size, parts=4, path=f"/base/_stcore/upload_file/{session}/{name}", method=method, door=door)[0]

    assert [give("a", 100), give("b", 100), give("c", 60), give("c", 50)] == [200, 200, 413, 200]
    # The same file again is none more; one that was taken away leaves room.
    assert [give("a", 100), give("d", 1), give("d", 100, "she")] == [200, 413, 200]
    assert [give("b", 0, method="DELETE"), give("d", 100)] == [200, 200]


def test_how_full_the_caches_are_is_nothing_for_strangers():
    assert asked(path="/_stcore/metrics")[0] == asked(path="/base/_stcore/metrics")[0] == 404
    assert asked(path="/_stcore/METRICS")[0] == 404
    assert asked(path="/_stcore/health")[0] == 200


def test_a_training_of_strangers_does_a_twentieth_of_the_work():
    assert settings.Most().work / bounds.TRAINING_WORK == 20


def tab(door: Guarded, messages: list[dict], hears: list, meanwhile=None) -> list[dict]:
    """What is sent to a tab that says so much; `hears` gets what the app behind heard, and `meanwhile` runs while the tab is open."""
    sent, coming = [], iter([*messages, {"type": "websocket.disconnect"}])

    async def app(scope, receive, send):
        if meanwhile is not None:
            meanwhile()
        while (message := await receive())["type"] != "websocket.disconnect":
            hears.append(message.get("bytes") or message.get("text"))

    async def receive():
        return next(coming)

    async def send(message):
        sent.append(message)

    before, door.app = door.app, app
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, door({"type": "websocket", "path": "/_stcore/stream", "headers": []}, receive, send)).result()
    door.app = before
    return sent


def test_messages_that_are_for_who_writes_the_app_are_dropped():
    hears = []
    said = [BackMsg(clear_cache=True), BackMsg(load_git_info=True), BackMsg(stop_script=True), BackMsg(set_run_on_save=True)]
    # One that is made long, and one that says something else first, is the same to who reads it.
    long, twice = BackMsg(clear_cache=True).SerializeToString() + b"\xfa\x7f\xa0\x8d\x06" + b"a" * 100_000, BackMsg(stop_script=True)
    sent = [one.SerializeToString() for one in said]
    sent += [long, twice.SerializeToString() + sent[0], b"\xff\xff", b""]
    door = Guarded(None, most=100, ignored=for_writers)
    assert not tab(door, [*({"type": "websocket.receive", "bytes": one} for one in sent), {"type": "websocket.receive", "text": "words"}], hears)
    assert hears == [sent[2], b"\xff\xff", None, "words"]


def test_so_many_tabs_are_open_at_once_and_one_that_is_closed_leaves_its_place():
    door, inner = Guarded(None, most=100, tabs=1), []
    assert not tab(door, [], [], lambda: inner.extend(tab(door, [], [])))
    assert inner == [{"type": "websocket.close", "code": 1013}]
    assert not tab(door, [], [])
