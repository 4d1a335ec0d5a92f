"""Pictures on a page, and the one helper that keeps what is drawn while somebody clicks in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from explorer.charts.common.on_page import on_page
from explorer.charts.common.picture import Picture
from explorer.i18n import _, language
from explorer.ui.common import stage, theme
from explorer.ui.common.session import is_dark


def draw(picture: Picture, key: str) -> None:
    """A picture in which nothing can be chosen."""
    _drawn()[key] = picture
    st.vega_lite_chart(_shown(picture), key=key, width="content")


def beside(slot: str, picture: Picture) -> None:
    """The same as a picture, of what the page draws by other means: it is among what the page drew."""
    _drawn()[slot] = picture


def begin() -> None:
    """At the start of each run of the app: nothing is drawn yet."""
    st.session_state["_drawn"] = {}


def drawn() -> list[Picture]:
    """The pictures that the last run of the page drew, in their order."""
    return list(_drawn().values())


def _drawn() -> dict[str, Picture]:
    return st.session_state.setdefault("_drawn", {})


def _shown(picture: Picture) -> dict[str, object]:
    return on_page(picture.spec(), is_dark(), theme.is_strong())


@dataclass
class _Mounted:
    """A picture that the browser has: its name there, of which data, with which choice at first, where its frame is now, what it told last."""

    key: str
    identity: Hashable
    first: Hashable
    now: Hashable
    number: int
    told: Mapping[str, object] = field(default_factory=dict)


def clickable(
    slot: str,
    identity: Hashable,
    chosen: Hashable,
    make: Callable[[Hashable, bool], Picture],
    picked: Callable[[Mapping[str, object]], Hashable | None],
    adds_up: bool = False,
) -> None:
    """A picture in which something can be chosen.

    The browser moves the frame by itself on a click, so the picture must not be sent again then: it is drawn with the choice that it began
    with for as long as its data stay the same. Where the choice changes otherwise (a link, the arrow keys, going back), it is drawn anew.

    Args:
        slot: name of the picture on this page.
        identity: all that the picture is drawn from, `Capture.number`s and names of settings, hashable. Theme, language and stage are added here.
        chosen: what is chosen now.
        make: makes the picture from the choice that it begins with and from whether the theme is dark.
        picked: told the selections of a click by their names; chooses, and returns what is chosen now, None for nothing.
        adds_up: the browser keeps all that was clicked since the picture was drawn; `picked` is told only what is new.
    """
    identity, kept = (identity, is_dark(), theme.is_strong(), language(), stage.is_on()), st.session_state.setdefault("_mounted", {})
    mounted: _Mounted | None = kept.get(slot)
    # What the last run did not draw, as on another page, the browser has forgotten, and Streamlit with it.
    gone = mounted is not None and mounted.key not in st.session_state
    if mounted is None or gone or mounted.identity != identity or mounted.now != chosen:
        number = 0 if mounted is None else mounted.number + 1
        key = f"{slot}_{number}_{hashlib.sha256(repr(identity).encode()).hexdigest()[:12]}"
        mounted = kept[slot] = _Mounted(key, identity, chosen, chosen, number)

    def clicked() -> None:
        state = st.session_state.get(mounted.key)
        # A browser that has not taken the picture away yet sends its last click once more, with whatever else it has to tell.
        if not state or state["selection"] == mounted.told:
            return
        before, mounted.told = mounted.told, state["selection"]
        found = picked(_news(mounted.told, before) if adds_up else mounted.told)
        if found is not None:
            mounted.now = found

    _drawn()[slot] = picture = make(mounted.first, is_dark())
    shown = _shown(picture)
    shown["description"] = f"{shown['description']} {_('Arrow keys go from one to the next, Enter chooses.')}"
    st.vega_lite_chart(shown, key=mounted.key, on_select=clicked, width="content")


def _news(now: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    """Points that are selected now and were not, or were and are not; intervals that are others."""
    made = {}
    for name, found in now.items():
        was = before.get(name) or type(found)()
        if isinstance(found, Mapping):
            made[name] = {} if found == was else found
        else:
            made[name] = [point for point in was if point not in found] + [point for point in found if point not in was]
    return made
