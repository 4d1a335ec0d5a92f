"""More steps: from an address, a whole chapter, words of one's own."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.lectures import CHAPTERS
from explorer.lectures.registry import chapter_title
from explorer.lectures.registry import of_chapter as demos_of
from explorer.lectures.thumbnails import picture_of
from explorer.talk import Step, of_chapter
from explorer.talk.places import step_of
from explorer.ui.common.markdown import explained
from explorer.ui.course.contents import dark_pictures
from explorer.ui.talk import session
from models.errors import ExplorerError

_COLUMNS = 3


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


def chapters() -> None:
    """Something to begin with: the chapters of the course, each taken by one click."""
    dark_pictures()
    numbers = [number for number in CHAPTERS if demos_of(number)]
    for first in range(0, len(numbers), _COLUMNS):
        for number, column in zip(numbers[first : first + _COLUMNS], st.columns(_COLUMNS), strict=False):
            demos = demos_of(number)
            with column, st.container(border=True, height="stretch", key=f"card_chapter_{number}"):
                if (picture := picture_of(demos[0])) is not None:
                    st.image(str(picture), width="stretch", alt=chapter_title(number))
                how = {"icon": ":material/playlist_add:", "type": "tertiary", "width": "stretch", "on_click": _take, "args": (number,)}
                st.button(chapter_title(number), key=f"talk_take_{number}", **how)
                st.caption(" · ".join(demo.id for demo in demos))


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
    _take(number)
    st.session_state["talk_chapter"] = None


def _take(number: int) -> None:
    """All steps of a chapter; the lecture is called after it where it has no title yet."""
    talk, chapter = session.talk(), of_chapter(number, chapter_title(number))
    session.put((talk if talk.title else type(talk)(chapter.title, talk.steps)).with_steps(*chapter.steps))


def _words() -> None:
    session.put(session.talk().with_steps(Step("text", title=_("Words"), text="")))
