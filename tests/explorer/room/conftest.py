"""A room on a server of its own, without Streamlit."""

import contextlib
import http.client
import json
import socket
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from explorer.lectures import demo
from explorer.lectures.words import read
from explorer.room import streams as streams_
from explorer.room.door import Door
from explorer.room.routes import COOKIE, routes
from explorer.room.state import Room
from explorer.room.streams import Streams

PATIENCE = 30


class Phone:
    """A browser that has opened the page: cookie and origin are sent by themselves."""

    def __init__(self, port: int, code: str) -> None:
        self.port, self.code, self.cookie = port, code, ""
        self.host = f"127.0.0.1:{port}"
        answer, self.page = self.get(f"/r/{code}")
        self.cookie = (answer.getheader("set-cookie") or "").split(";")[0]

    def get(self, path, **headers):
        return self.ask("GET", path, None, headers)

    def vote(self, demo_id, option, **headers):
        """Status and answer of a vote."""
        given = {"Content-Type": "application/json", "Origin": f"http://{self.host}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        body = json.dumps({"demo": demo_id, "option": option})
        answer, text = self.ask("POST", f"/r/{self.code}/vote", body, {k: v for k, v in given.items() if v is not None})
        return answer.status, json.loads(text)

    def ask(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, ({"Cookie": self.cookie} if self.cookie else {}) | dict(headers))
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    @contextlib.contextmanager
    def events(self, language="en"):
        """A function that waits for the next event."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", f"/r/{self.code}/events?lang={language}", headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.getheader("content-type").startswith("text/event-stream")

        def following():
            while True:
                line = answer.readline().decode()
                assert line, "the server has hung up"
                if line.startswith("data: "):
                    return json.loads(line.removeprefix("data: "))

        try:
            yield following
        finally:
            answer.close()
            connection.close()


class Served:
    """A room, what it serves, and whoever has asked for what else the server has."""

    def __init__(self, room, streams, port):
        self.room, self.streams, self.port = room, streams, port

    def phone(self):
        return Phone(self.port, self.room.code)

    def ticket(self, id_, option):
        return self.room.ticket(id_, option)


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(streams_, "AFTER_S", 0.0)
    room = Room()
    streams = Streams(room)

    async def page(request):
        return PlainTextResponse("the stage")

    async def socket_(websocket):
        await websocket.accept()
        await websocket.send_text("the stage")
        await websocket.close()

    behind = [Route("/{anything:path}", page, methods=["GET", "POST", "PUT"]), WebSocketRoute("/_stcore/stream", socket_)]
    app = Starlette(routes=[*routes(room, streams), *behind], middleware=[Middleware(Door, room=room)])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        end = time.monotonic() + PATIENCE
        while not server.started:
            assert time.monotonic() < end
            time.sleep(0.01)
        yield Served(room, streams, listening.getsockname()[1])
        streams.close()
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a server stops though phones are listening"


def eventually(read_, expected):
    end = time.monotonic() + PATIENCE
    while (found := read_()) != expected:
        assert time.monotonic() < end, found
        time.sleep(0.02)


def option_of(id_, letter, language="en"):
    return read(demo(id_).module, language).options[letter]


__all__ = ["COOKIE", "eventually", "option_of"]
