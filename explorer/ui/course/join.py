"""How phones join, and what they are told of the stage. Nothing of it is there where the dashboard was started without a room."""

from __future__ import annotations

import html
from collections.abc import Mapping

import segno
import streamlit as st

from explorer import room
from explorer.i18n import _
from explorer.room.network import AT
from explorer.room.state import Room
from explorer.ui.common import address

NAME = "join"
"""In the address: whether the code stands on the stage."""
_TOLD = "_room_told"


def button() -> None:
    """Shows or hides how to join; the key j does, too."""
    if room.now() is not None:
        st.button(_("Join"), icon=":material/qr_code_2:", key="course_join", on_click=turn, help=_("Phones follow the course and vote. Key j."))


def turn() -> None:
    address.write(**{NAME: None if address.read(NAME) == "1" else "1"})


def panel() -> None:
    """The code to scan and the address to type, in letters for the last row."""
    here = room.now()
    if here is None or address.read(NAME) != "1":
        return
    # Dark on white in every theme: that is what cameras look for.
    picture = segno.make(f"http://{here.phones}", error="m", micro=False).svg_inline(scale=8, border=3, dark="#000", light="#fff", omitsize=True)
    with st.container(horizontal=True, vertical_alignment="center", key="course_join_panel"):
        st.image(picture, width=300, alt=_("The code to scan with a phone"))
        with st.container():
            how, typed = _("Scan the code, or type the address:"), html.escape(here.phones)
            st.html(f'<section class="join-how">{how}</section><section class="join-address">{typed}</section>')
            st.html(f'<section class="join-how" role="status">{phones_here(here)}</section>')


def phones_here(here: Room) -> str:
    """How many phones are here, in a sentence, as HTML; `keys.js` keeps it up to date."""
    return _("Phones here: {n}").format(n=f'<span data-room="here">{here.here()}</span>')


def watched(asked: str) -> str:
    """The address where the browser asks for the numbers that it keeps up to date; empty where there is none.

    It asks by itself: a page that is run again every moment would be in the way of the lecturer's keys.

    Args:
        asked: name of the question or claim on the stage; empty for none.
    """
    here = room.now()
    return "" if here is None else f"{AT}/{here.code}/stage?demo={asked}"


def told(asked: str | None, step: str = "") -> None:
    """Tells the room which question or claim the lecturer is at, and its step. A window of the stage says so when it goes somewhere, and not when
    it is only drawn again: of two windows, phones follow the one that moved last."""
    here, now = room.now(), (asked, step)
    if here is not None and st.session_state.get(_TOLD) != now:
        st.session_state[_TOLD] = now
        here.show(asked, step)


def noticed(asked: str, said: Mapping[str, str], right: str) -> None:
    """The answer stands on the stage: from now on phones may know it."""
    if (here := room.now()) is not None:
        here.notice(asked, said, right)
