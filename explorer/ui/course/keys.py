"""Keys of the course (`keys.js`): a clicker's forward and back, digits that jump, letters that count hands, the second window.

The browser keeps what was pressed until the page has taken it: two presses between two runs of the page are two.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from explorer.i18n import N_, _
from explorer.lectures.words import read
from explorer.ui.common import address
from explorer.ui.course import hands, place, settings

KEYS = (
    ("→ · ← · Page Down · Page Up", N_("what stands below, then the next step; the step before")),
    ("1 … 24", N_("to this question")),
    ("a · b · c · d", N_("one more hand for this option")),
    ("r", N_("controls as at first")),
    ("s", N_("spotlight on one picture")),
    ("n", N_("the speaker's notes, in a second window")),
)
_QUICK_S = 1.0
"""Seconds in which the browser has surely been told its new address."""
_JS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_component = st.components.v2.component("attention_explorer.course", html="<span></span>", js=_JS)


def help_() -> list[tuple[str, str]]:
    """The keys and what they do, in the viewer's language."""
    return [(key, _(what)) for key, what in KEYS]


def listen(at: place.Place | None, notes: bool = False) -> None:
    """Draws nothing that can be seen; once a run of the page."""

    def pressed() -> None:
        _take((st.session_state.get("course_keys") or {}).get("pressed") or (), notes)

    with st.container(key="course_watch"):
        data = {"seen": st.session_state.get("_course_seen", 0), "place": None if at is None else at.link, "notes": notes}
        _component(key="course_keys", data=data, on_pressed_change=pressed)


def _take(events: Sequence[dict], notes: bool) -> None:
    """What was pressed since the last run, in order."""
    for event in events:
        if event["n"] <= st.session_state.get("_course_seen", 0):
            continue
        st.session_state["_course_seen"] = event["n"]
        does(str(event["what"]), notes)


def does(what: str, notes: bool = False) -> None:
    """What a key does: "forward", "back", "reset", "hand b", "jump 12", or "follow Q3 show" for the second window."""
    word, _space, rest = what.partition(" ")
    now = _now()
    if word == "follow" and notes:
        id_, _space, step = rest.partition(" ")
        address.write(demo=id_, step=step)
    elif word == "jump" and rest.isascii() and rest.isdigit() and (demo := place.numbered(int(rest))) is not None:
        place.go(place.Place(demo, "ask"))
    elif now is None:
        return
    elif word in ("forward", "back") and (there := now.beside(1 if word == "forward" else -1)) is not None:
        place.go(there)
        st.session_state["_course_turned"] = there, time.monotonic()
    elif word == "reset":
        settings.reset(now.demo)
    elif word == "hand" and now.step == "ask":
        shown = hands.order(now.demo, read(now.demo.module, "en"))
        at = ord(rest[:1] or "?") - ord("a")
        if 0 <= at < len(shown):
            hands.add(now.demo, shown[at])


def _now() -> place.Place | None:
    """Where the viewer is. A key that follows another at once brings the address along as it was before the first."""
    turned, at = st.session_state.get("_course_turned", (None, 0.0))
    return turned if turned is not None and time.monotonic() - at < _QUICK_S else place.now()
