"""What stands in the lecturer's second window: the notes of what the hall sees, its options, the next step, and a clock."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures.registry import STEP_TITLES
from explorer.lectures.words import read
from explorer.ui.common import address
from explorer.ui.common.markdown import explained
from explorer.ui.course import hands, results, settings
from explorer.ui.course.place import Place
from models.errors import ExplorerError


def asked() -> bool:
    """Whether the address asks for the notes."""
    return address.read("notes") == "1"


def draw(at: Place | None) -> None:
    st.html('<div class="course-clock" role="timer"></div>')
    if at is None:
        st.info(_("The notes follow the window in which the course is played."), icon=":material/speaker_notes:")
        return
    words = read(at.demo.module, language())
    st.markdown(f"### {at.demo.id} · {words.title}\n\n**{_(STEP_TITLES[at.step])}**")
    st.markdown(words.notes)
    # What must be computed for the tick, or goes wrong, is told at the end.
    asked_for, ahead, last = st.container(), st.container(), st.container()
    after = at.beside(1)
    if after is not None:
        title = read(after.demo.module, language()).title
        ahead.markdown(f":material/arrow_forward: **{after.demo.id} · {_(STEP_TITLES[after.step])}** &ensp; {title}")
    order = hands.known_order(at.demo)
    with last:
        right = _right(at)
    options = [
        f"- {f'**{hands.letter(i)}** ' if order else ''}{'✓ ' if option == right else ''}{words.options[option]}"
        for i, option in enumerate(order or words.options)
    ]
    asked_for.markdown(f"{words.question}\n\n" + "\n".join(options))


def _right(at: Place) -> str | None:
    """The right option, where the controls of the first window stand; None while it is computed, or if it cannot be."""
    if isinstance(at.demo.right, str):
        return at.demo.right
    try:
        found = results.of(at.demo, settings.current(at.demo))
    except ExplorerError as error:
        st.error(explained(error), icon=":material/error:")
        return None
    return None if found is None else at.demo.right_option(found)
