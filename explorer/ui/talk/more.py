"""More steps: from an address, a whole chapter, words of one's own."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.lectures import CHAPTERS
from explorer.lectures.registry import chapter_title
from explorer.talk import Step, of_chapter
from explorer.talk.places import step_of
from explorer.ui.common.markdown import explained
from explorer.ui.talk import session
from models.errors import ExplorerError


def draw() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            _("Address of a step of the course, or of any page"),
            key="talk_address",
            on_change=_from_address,
            placeholder="/course?demo=Q3&step=show&q3_d_k=1024",
            help=_("Copy it from the browser, or press the button with the list and the plus on any page."),
        )
        st.selectbox(
            _("A whole chapter"),
            list(CHAPTERS),
            None,
            key="talk_chapter",
            format_func=chapter_title,
            on_change=_from_chapter,
            width=280,
            placeholder="",
        )
        st.button(_("Words of your own"), icon=":material/notes:", key="talk_words", on_click=_words)
    if (problem := st.session_state.pop("_talk_problem", None)) is not None:
        st.error(problem, icon=":material/error:")


def _from_address() -> None:
    given = st.session_state["talk_address"]
    if not given.strip():
        return
    try:
        step = step_of(given)
    except ExplorerError as error:
        # What was typed stays, so that it can be mended.
        st.session_state["_talk_problem"] = explained(error)
        return
    session.put(session.talk().with_steps(step))
    st.session_state["talk_address"] = ""


def _from_chapter() -> None:
    number = st.session_state["talk_chapter"]
    if number is None:
        return
    talk, chapter = session.talk(), of_chapter(number, chapter_title(number))
    session.put((talk if talk.title else type(talk)(chapter.title, talk.steps)).with_steps(*chapter.steps))
    st.session_state["talk_chapter"] = None


def _words() -> None:
    session.put(session.talk().with_steps(Step("text", title=_("Words"), text="")))
