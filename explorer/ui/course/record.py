"""What was voted, and where controls stood, for afterwards: a table of this viewer's session."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer.claims import Verdict, claims
from explorer.claims.registry import words_of
from explorer.i18n import _, language
from explorer.lectures import Demo, demos
from explorer.lectures.demo import Value
from explorer.lectures.words import read
from explorer.talk.table import Row
from explorer.ui.claims import votes
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
    """All hands, by demo and option, then those for claims, then all settings in the order in which they were seen."""
    made = []
    for demo in demos():
        words, order = read(demo.module, language()), hands.known_order(demo) or ()
        made += _hands(demo, words.title, {option: words.options[option] for option in order}, closing.right(demo), closing.after(demo))
    for claim in claims():
        options = {verdict: _(verdict.title) for verdict in Verdict}
        made += _hands(claim, words_of(claim, language()).claim, options, votes.verdict_of(claim), None)
    for id_, settings in _seen():
        words = read(next(demo.module for demo in demos() if demo.id == id_), language())
        made += [Row(id_, words.title, "setting", name, words.label(name), value) for name, value in settings]
    return made


def _hands(asked: hands.Asked, title: str, options: Mapping[str, str], right: str | None, after: int | None) -> list[Row]:
    """Of one question, in the order in which its options were shown; none where nobody was asked."""
    counted, made = hands.of(asked), []
    for at, (option, text) in enumerate(options.items() if any(counted.values()) else ()):
        is_right = "" if right is None else "yes" if option == right else "no"
        made.append(Row(asked.id, title, "hands", hands.letter(at), text, str(counted.get(option, 0)), is_right))
        if option == right and after is not None:
            made.append(Row(asked.id, title, "hands after", hands.letter(at), text, str(after), is_right))
    return made


def _seen() -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return st.session_state.setdefault("_settings_seen", [])
