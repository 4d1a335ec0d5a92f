"""`make room`: what the server is told, and what the terminal says; and that it stops though phones are listening."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from explorer import room
from explorer.room import network
from explorer.ui.common import strangers
from explorer.ui.room import opening
from tests import ROOT


@pytest.fixture(autouse=True)
def closed():
    yield
    room.begin(None)


@pytest.fixture
def said(monkeypatch, capsys):
    monkeypatch.setattr(network, "address", lambda: "192.0.2.7")
    monkeypatch.delenv(opening.KEY, raising=False)

    def begun(*options, language="en"):
        monkeypatch.setenv("LANGUAGE", language)
        return opening.begin(["--room", *options]), capsys.readouterr().out

    return begun


def given(options, name):
    return options[options.index(name) + 1]


def test_it_listens_to_the_network_and_says_so(said):
    options, text = said("--server.port", "8765", "--theme.base", "dark")
    here = room.now()
    assert (
        given(options, "--server.address") == "0.0.0.0" and given(options, "--server.port") == "8765" and given(options, "--theme.base") == "dark"
    )
    assert "--room" not in options and given(options, "--server.headless") == "true"
    assert here.phones == f"192.0.2.7:8765/r/{here.code}" and f"http://{here.phones}" in text
    assert f"http://localhost:8765/course?key={here.key}" in text and "everyone on this network" in text
    assert here.key not in here.phones and here.code not in here.key


def test_each_start_has_another_key_and_another_number(said):
    keys = set()
    for _ in range(5):
        said()
        keys.add((room.now().key, room.now().code))
    assert len({key for key, _code in keys}) == 5 and all(len(key) >= 24 and re.fullmatch("[2-9]{4}", code) for key, code in keys)


def test_what_phones_type_may_be_said(said):
    options, text = said("--phones", "talk.example", "--server.address=10.1.2.3", "--server.port=80")
    assert room.now().phones == f"talk.example/r/{room.now().code}" and "http://10.1.2.3:80/course" in text
    assert given(options, "--server.address") == "10.1.2.3"
    said("--server.address", "10.1.2.3", "--server.port", "80")
    assert room.now().phones.startswith("10.1.2.3:80/r/")


def test_a_machine_without_a_network_says_so_and_in_the_language_of_the_shell(said, monkeypatch):
    assert "no network" not in said()[1]
    monkeypatch.setattr(network, "address", lambda: network.HERE)
    assert "no network" in said()[1]
    assert "手机" in said(language="zh_CN.UTF-8")[1]


def test_the_lecturer_is_no_stranger_and_a_dashboard_without_a_room_has_some(said, monkeypatch):
    monkeypatch.setattr(strangers.st, "get_option", lambda name: "0.0.0.0")
    monkeypatch.delenv(strangers.SHARED, raising=False)
    assert strangers.are_there()
    said()
    assert not strangers.are_there()
    monkeypatch.setenv(strangers.SHARED, "1")
    assert strangers.are_there()


def test_a_port_that_is_taken_is_passed_over():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert network.free_port("127.0.0.1", port) > port
    assert network.address().count(".") == 3


def test_a_server_stops_while_phones_are_listening(tmp_path):
    port = network.free_port("127.0.0.1", 21000 + os.getpid() % 20000)
    command = [sys.executable, "-m", "explorer.ui.start", "--room", "--server.address", "127.0.0.1", "--server.port", str(port)]
    log = tmp_path / "log"
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=os.environ | {"LANGUAGE": "en"})
    try:
        end = time.monotonic() + 180
        while not (found := re.search(r"http://(127\.0\.0\.1:\d+)(/r/\d+)", log.read_text())) or not _answers(port):
            assert server.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        page = http.client.HTTPConnection(found[1])
        page.request("GET", found[2])
        cookie = page.getresponse().getheader("set-cookie").split(";")[0]
        listening = http.client.HTTPConnection(found[1])
        listening.request("GET", found[2] + "/events", headers={"Cookie": cookie})
        events = listening.getresponse()
        while not events.readline().startswith(b"data: {"):
            pass
        server.send_signal(signal.SIGINT)
        assert server.wait(120) is not None
        assert events.read() == b"\n" or not events.read()
    finally:
        server.kill()


def _answers(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/r")
        return connection.getresponse().status == 200
    except OSError:
        return False
