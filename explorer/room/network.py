"""The addresses of the machine, and where on it the room is."""

from __future__ import annotations

import socket

AT = "/r"
"""Where phones find the room: short, as it is typed into them."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 (a room is there to be found)
HERE = "127.0.0.1"


def address() -> str:
    """The address of this machine in its network; 127.0.0.1 where it has none.

    A datagram socket is pointed at an address, which sends nothing: the system only says by which of its own it would be sent.
    """
    for there in ("10.255.255.255", "192.0.2.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((there, 9))
            except OSError:
                continue
            found = probe.getsockname()[0]
        if found not in (EVERYWHERE, HERE):
            return found
    return HERE


def free_port(host: str, first: int) -> int:
    """The first port from this one on that nobody listens to. Raises OSError where there is none among a hundred."""
    for port in range(first, first + 100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {first} on")
