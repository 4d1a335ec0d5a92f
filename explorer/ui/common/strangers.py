"""Whether others than who sits at this machine may look at the dashboard, and what follows from it."""

from __future__ import annotations

import os

import streamlit as st

from explorer import room
from models.opening import allowed

SHARED = "EXPLORER_SHARED"
"""Environment variable: 1 where strangers can reach the dashboard, such as through a proxy; 0 where all who can are trusted."""
_HERE = ("localhost", "127.0.0.1", "::1")


def are_there() -> bool:
    """Whether strangers may be among the viewers: what `EXPLORER_SHARED` says, else whether the server listens beyond this machine.

    Where there is a room it does, but phones find no page of the dashboard: only who has the key sees one (`explorer/room/door.py`).
    """
    said = os.environ.get(SHARED, "").strip() or ("0" if room.now() is not None else "")
    return said != "0" if said else st.get_option("server.address") not in _HERE


def guard() -> None:
    """At the start of each run of the app."""
    if are_there():
        allowed.share_with_strangers()
