"""Two servers behind one address: a small reverse proxy of our own, and nginx and Caddy with the very lines of docs/operating.md."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests import ROOT

COOKIE = "server"
"""In it our own proxy keeps which of the servers a browser is led to."""
_HEAD_BYTES = 2**16
_NAME = "attention.example.org"


def blocks(heading: str) -> list[str]:
    """The indented blocks below a heading of docs/operating.md."""
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/operating.md has no heading {heading!r}"
    return [textwrap.dedent(block).strip() + "\n" for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", found[1], re.MULTILINE)]


def several(of: str) -> str:
    """The lines for several servers, of "caddy" or "nginx"."""
    (found,) = (block for block in blocks("Several servers") if ("reverse_proxy" in block) == (of == "caddy"))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    """Leads each browser to one of the servers, and to another one where that is gone.

    Each request has a connection of its own; where it asks for a websocket, bytes go both ways until one side is closed. Which server it is
    stands in a cookie.

    Attributes:
        url: of the proxy.
        led: path and number of the server of each request, as they came.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = [int(server.rpartition(":")[2]) for server in servers]
        self.led: list[tuple[str, int]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._lead, "127.0.0.1", 0), self._loop).result(10)
        self.url = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._listening.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError), contextlib.closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            found = re.search(rf"^cookie:.*\b{COOKIE}=(\d+)", head, re.IGNORECASE | re.MULTILINE)
            wanted = int(found[1]) if found and int(found[1]) < len(self._servers) else 0
            for number in sorted(range(len(self._servers)), key=lambda number: number != wanted):
                try:
                    from_server, to_server = await asyncio.open_connection("127.0.0.1", self._servers[number])
                except OSError:
                    continue  # that one is gone
                with contextlib.closing(to_server):
                    self.led.append((head.split(" ", 2)[1], number))
                    await self._between(head, number, reader, writer, from_server, to_server)
                return
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

    async def _between(
        self,
        head: str,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        if not re.search(r"^upgrade: *websocket", head, re.IGNORECASE | re.MULTILINE):
            head = re.sub(r"\r\nconnection:[^\r]*", "", head, flags=re.IGNORECASE).replace("\r\n", "\r\nConnection: close\r\n", 1)
        to_server.write(head.encode("latin-1"))
        ways = [asyncio.create_task(self._answer(number, from_server, writer)), asyncio.create_task(_pumped(reader, to_server))]
        try:
            # Browsers never close one way alone.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _answer(self, number: int, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await from_server.readuntil(b"\r\n\r\n")
        writer.write(head[:-2] + f"Set-Cookie: {COOKIE}={number}; Path=/\r\n\r\n".encode())
        await _pumped(from_server, writer)


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_HEAD_BYTES):
            writer.write(data)
            await writer.drain()


@contextlib.contextmanager
def documented(of: str, servers: Sequence[str]) -> Iterator[str]:
    """nginx or Caddy in front of two servers, with the lines of docs/operating.md; gives its address.

    Of these lines only addresses are others: http on a port of this machine instead of https under a name.

    Raises:
        RuntimeError: it did not begin; the text holds what it said.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as name, open(Path(name, "said"), "w+") as said:
        process = subprocess.Popen(
            command(of, Path(name), port, servers), stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=surroundings(name)
        )
        try:
            end = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < end:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            else:
                said.seek(0)
                raise RuntimeError(f"{of} did not begin:\n{said.read()[-4000:]}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def command(of: str, folder: Path, port: int, servers: Sequence[str], check: bool = False) -> list[str]:
    """What begins nginx or Caddy, or only checks its file, which is written into the folder."""
    words = written(of, folder, port)
    for i, server in enumerate(servers, 1):
        there = f"10.0.0.{i}:8501"
        assert there in words, f"docs/operating.md names no server {there} for {of}"
        words = words.replace(there, server.removeprefix("http://"))
    file = folder / "configuration"
    file.write_text(words, encoding="utf-8")
    program = shutil.which(of)
    if of == "caddy":
        return [program, "validate" if check else "run", "--adapter", "caddyfile", "--config", str(file)]
    return [program, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(file), *(["-t"] if check else ["-g", "daemon off;"])]


def written(of: str, folder: Path, port: int) -> str:
    """A whole configuration: the documented lines for several servers, at this port."""
    (server,) = blocks("Caddy" if of == "caddy" else "nginx")
    if of == "caddy":
        words, changed = re.subn(
            r"reverse_proxy 127\.0\.0\.1:8501 \{.*?\n    \}", textwrap.indent(several(of), "    ").strip(), server, flags=re.DOTALL
        )
        assert changed == 1 and words.startswith(f"{_NAME} {{")
        return "{\n    admin off\n    auto_https off\n}\n" + words.replace(_NAME, f"http://127.0.0.1:{port}", 1)
    words = re.sub(r"^ *ssl_.*\n", "", server, flags=re.MULTILINE).replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    assert words != server and "proxy_pass http://127.0.0.1:8501;" in words
    words = words.replace("proxy_pass http://127.0.0.1:8501;", "proxy_pass http://attention;")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"user root;\npid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{several(of)}{words}}}\n"


def surroundings(folder: str) -> dict[str, str]:
    """For a proxy that keeps what it writes in this folder."""
    return os.environ | {"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
