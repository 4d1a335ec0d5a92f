"""What was voted, and where controls stood, for afterwards: a table of this viewer's session."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer.i18n import language
from explorer.lectures import Demo, demos
from explorer.lectures.demo import Value
from explorer.lectures.words import read
from explorer.talk.table import Row
from explorer.ui.course import closing, hands

MOST = 2_000
"""Settings that are remembered; a slider that is dragged for an hour leaves no more."""


def shown(demo: Demo, settings: Mapping[str, Value]) -> None:
    """Remembers where the controls of a demo stood when its pictures were seen; once in a row."""
    found = _seen()
    now = demo.id, tuple((name, str(value)) for name, value in settings.items())
    if (not found or found[-1] != now) and len(found) < MOST:
        found.append(now)


def rows() -> list[Row]:
    """All hands, by demo and option, then all settings in the order in which they were seen."""
    made = []
    for demo in demos():
        counted, order = hands.of(demo), hands.known_order(demo)
        if order is None or not any(counted.values()):
            continue
        words, right, after = read(demo.module, language()), closing.right(demo), closing.after(demo)
        for at, option in enumerate(order):
            is_right = "" if right is None else "yes" if option == right else "no"
            made.append(Row(demo.id, words.title, "hands", hands.letter(at), words.options[option], str(counted.get(option, 0)), is_right))
            if option == right and after is not None:
                made.append(Row(demo.id, words.title, "hands after", hands.letter(at), words.options[option], str(after), is_right))
    for id_, settings in _seen():
        words = read(next(demo.module for demo in demos() if demo.id == id_), language())
        made += [Row(id_, words.title, "setting", name, words.label(name), value) for name, value in settings]
    return made


def _seen() -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return st.session_state.setdefault("_settings_seen", [])
