"""A running dashboard, for tests, screenshots and benchmarks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def serve(
    timeout: float = 60.0,
    environment: Mapping[str, str] | None = None,
    room_key: str = "",
    public: bool = False,
    module: str = "explorer.ui.start",
) -> Iterator[str]:
    """Starts the dashboard on a free port of 127.0.0.1 and gives its address; stops it afterwards.

    Args:
        timeout: seconds within which it has to answer.
        environment: variables that it gets on top of those of this process.
        room_key: opens it as a room for phones, whose lecturer has this key.
        public: opens it as a server that strangers may use.
        module: that starts it.

    Raises:
        RuntimeError: it did not come up; the text holds its log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", module, "--server.headless", "true"]
        if room_key:
            command.append("--room")
        if public:
            command.append("--public")
        server = subprocess.Popen(
            [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"HF_HUB_DISABLE_TELEMETRY": "1", "EXPLORER_ROOM_KEY": room_key} | dict(environment or {}),
        )
        url = f"http://127.0.0.1:{port}"
        try:
            # A stranger finds the phones' page alone.
            _wait(url + ("/r" if room_key else "/_stcore/health"), server, time.monotonic() + timeout, log)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(url: str, server: subprocess.Popen, deadline: float, log: object) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (an address of our own)
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise RuntimeError(f"the dashboard did not come up:\n{log.read()[-4000:]}") from None
            time.sleep(0.1)
