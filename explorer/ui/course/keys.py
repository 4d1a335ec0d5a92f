"""Keys of the course (`keys.js`): a clicker's forward and back, digits that jump, letters that count hands, the second window.

The browser keeps what was pressed until the page has taken it: two presses between two runs of the page are two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from explorer import room
from explorer.i18n import N_, _
from explorer.lectures.demo import STEPS
from explorer.lectures.words import read
from explorer.ui.common import quick
from explorer.ui.course import hands, join, place, settings, votes
from explorer.ui.talk import playing

KEYS = (
    ("→ · ← · Page Down · Page Up", N_("what stands below, then the next step; the step before")),
    ("1 … 24", N_("to this question; again, to the next with this number")),
    ("a · b · c · d", N_("one more hand for this option")),
    ("r", N_("controls as at first")),
    ("s", N_("spotlight on one picture")),
    ("n", N_("the speaker's notes, in a second window")),
)
ROOM_KEYS = (
    ("j", N_("how phones join")),
    ("v", N_("how the phones voted")),
)
_JS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_component = st.components.v2.component("attention_explorer.course", html="<span></span>", js=_JS)


def help_() -> list[tuple[str, str]]:
    """The keys and what they do, in the viewer's language."""
    return [(key, _(what)) for key, what in (KEYS if room.now() is None else KEYS + ROOM_KEYS)]


def listen(at: place.Place | None, notes: bool = False) -> None:
    """Draws nothing that can be seen; once a run of the page."""
    told = None if at is None or notes else _told(at)
    more = {"told": told, "notes": notes, "course": True, "room": join.watched("" if at is None else at.demo.id)}
    watch(None if at is None else at.link, lambda what: does(what, notes), more)


def watch(here: str | None, do: Callable[[str], None], more: Mapping[str, object]) -> None:
    """The same for any page that is gone through with a clicker.

    Args:
        here: names what is on the screen; None where keys turn nothing.
        do: what a key does, as `does`.
        more: for `keys.js`: `course` for the keys of the course, `notes` in the second window, `told` for what that is told, `room` for what is
            looked at in a room.
    """

    def pressed() -> None:
        _take((st.session_state.get("course_keys") or {}).get("pressed") or (), do)

    with st.container(key="course_watch"):
        data = {
            "seen": st.session_state.get("_course_seen", 0),
            "place": here,
            "told": None,
            "notes": False,
            "course": False,
            "room": None,
            **more,
        }
        _component(key="course_keys", data=data, on_pressed_change=pressed)


def _told(at: place.Place) -> str:
    """What the second window is told: the place, the order of the options on this screen, and what the controls stand at."""
    stand = {place.name(at.demo, name): value for name, value in settings.current(at.demo).items()}
    return urlencode({"demo": at.demo.id, "step": at.step, "options": "".join(hands.order(at.demo, read(at.demo.module, "en"))), **stand})


def _follow(told: str) -> None:
    """Takes over what the first window told."""
    said = dict(parse_qsl(told))
    demo = place.named(said.get("demo", ""))
    if demo is None or said.get("step") not in STEPS:
        return
    hands.take_order(demo, said.get("options", ""))
    place.go(place.Place(demo, said["step"]), **{name: value for name, value in said.items() if name in place.names(demo)})


def _take(events: Sequence[dict], do: Callable[[str], None]) -> None:
    """What was pressed since the last run, in order."""
    for event in events:
        if event["n"] <= st.session_state.get("_course_seen", 0):
            continue
        st.session_state["_course_seen"] = event["n"]
        do(str(event["what"]))


def does(what: str, notes: bool = False) -> None:
    """What a key does: "forward", "back", "reset", "hand b", "jump 12", "join", "votes".

    For the second window also "follow demo=Q3&step=show&..".
    """
    word, _space, rest = what.partition(" ")
    now = _now()
    if word == "follow":
        if notes:
            _follow(rest)
    elif (
        word == "jump"
        and rest.isascii()
        and rest.isdigit()
        and (demo := place.numbered(int(rest), None if now is None else now.demo)) is not None
    ):
        place.go(place.Place(demo, "ask"))
    elif word == "join" and room.now() is not None:
        join.turn()
    elif now is None:
        return
    elif word == "votes" and now.step == "ask":
        votes.turn(now.demo)
    elif word in ("forward", "back"):
        turn(now, 1 if word == "forward" else -1)
    elif word == "reset":
        settings.reset(now.demo)
    elif word == "hand" and now.step == "ask":
        shown = hands.order(now.demo, read(now.demo.module, "en"))
        at = ord(rest[:1] or "?") - ord("a")
        if 0 <= at < len(shown):
            hands.add(now.demo, shown[at])


def turn(now: place.Place, by: int) -> None:
    """To the next step or the one before: of the lecture that is played, else of the course."""
    if playing.turn(by) or (there := now.beside(by)) is None:
        return
    place.go(there)
    quick.turned("course", there)


def can_turn(now: place.Place, by: int) -> bool:
    """Whether there is a step in that direction."""
    return now.beside(by) is not None if playing.at() is None else playing.has(by)


def _now() -> place.Place | None:
    return quick.at_once("course", place.now)
