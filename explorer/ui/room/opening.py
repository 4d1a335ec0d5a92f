"""Begins a room (`make room`), says where it is, and gives the options of the server for it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from explorer import i18n, room
from explorer.i18n import _
from explorer.room import network
from explorer.room.network import AT
from explorer.room.state import Room

SERVED = Path(__file__).with_name("served.py")
"""What is served where there is a room."""
KEY = "EXPLORER_ROOM_KEY"
"""Environment variable: the lecturer's key, which is a new one at each start otherwise."""


def begin(options: list[str]) -> list[str]:
    """The options of the server, from those that `make room` was given.

    `--phones ADDRESS:PORT` says which address phones have to type where the machine does not know it itself, such as behind a proxy.
    """
    parser = argparse.ArgumentParser("python -m explorer.ui.start", add_help=False, allow_abbrev=False)
    parser.add_argument("--room", action="store_true")
    parser.add_argument("--phones", default="")
    parser.add_argument("--server.address", dest="address", default=network.EVERYWHERE)
    parser.add_argument("--server.port", dest="port", type=int)
    given, rest = parser.parse_known_args(options)
    port = given.port or network.free_port(given.address, 8501)
    made = Room(key=os.environ.get(KEY, ""))
    everywhere = given.address == network.EVERYWHERE
    made.phones = f"{given.phones or f'{network.address() if everywhere else given.address}:{port}'}{AT}/{made.code}"
    room.begin(made)
    stage = f"http://{'localhost' if everywhere else given.address}:{port}/course?key={made.key}"
    with i18n.speaking(i18n.of_shell()):
        lines = [
            _("A room is open: everyone on this network who has the address below can follow the course on a phone and vote."),
            f"  {_('The stage, for you alone:')}  {stage}",
            f"  {_('For phones:')}  http://{made.phones}",
        ]
        if network.HERE in made.phones:
            lines.append(_("This machine is in no network: no phone will find it."))
    print("\n".join(["", *lines, ""]), flush=True)
    # The browser would be opened without the key.
    return [*rest, "--server.address", given.address, "--server.port", str(port), "--server.headless", "true"]
