"""What stands in the lecturer's second window: the notes of what the hall sees, the next step, and a clock."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import N_, _, language
from explorer.lectures.words import read
from explorer.ui.common import address
from explorer.ui.course.place import Place

STEPS = {"ask": N_("Ask"), "show": N_("Show"), "notice": N_("Notice"), "follow": N_("Follow up")}


def asked() -> bool:
    """Whether the address asks for the notes."""
    return address.read("notes") == "1"


def draw(at: Place | None) -> None:
    st.html('<div class="course-clock" role="timer"></div>')
    if at is None:
        st.info(_("The notes follow the window in which the course is played."), icon=":material/speaker_notes:")
        return
    words = read(at.demo.module, language())
    st.markdown(f"### {at.demo.id} · {words.title}\n\n**{_(STEPS[at.step])}**")
    st.markdown(words.notes)
    options = "\n".join(f"- {'✓' if at.demo.right == option else ''} {text}" for option, text in words.options.items())
    st.markdown(f"{words.question}\n\n{options}")
    after = at.beside(1)
    if after is not None:
        title = read(after.demo.module, language()).title
        st.markdown(f":material/arrow_forward: **{after.demo.id} · {_(STEPS[after.step])}** &ensp; {title}")
