"""A demo's step on the screen, and the way forward and back."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures.registry import STEP_TITLES
from explorer.lectures.words import read
from explorer.ui.common import address
from explorer.ui.common.markdown import explained
from explorer.ui.course import ask, follow, join, keys, notice, place, show
from explorer.ui.talk import playing
from models.errors import ExplorerError

_DRAWN = {"ask": ask.draw, "show": show.draw, "notice": notice.draw, "follow": follow.draw}


def draw(at: place.Place) -> None:
    words = read(at.demo.module, language())
    join.told(at.demo.id, at.step)
    with st.container(horizontal=True, vertical_alignment="center", key="course_bar"):
        st.button(_("Course"), icon=":material/menu:", key="course_contents", on_click=place.go, args=(None,))
        st.markdown(f"**{at.demo.id}** &ensp; {words.title}", width="content")
        playing.position()
        st.space("stretch")
        join.button()
        _turn(at, -1, _("Back"), ":material/arrow_back:", "course_back")
        address.choice(st.segmented_control, _("Step"), STEP_TITLES, "step", label_visibility="collapsed")
        _turn(at, 1, _("Next"), ":material/arrow_forward:", "course_forward")
        if playing.at() is not None:
            st.button(_("End"), icon=":material/stop:", key="talk_end", on_click=playing.end, help=_("End"))
    join.panel()
    with st.container(key=f"course_step_{at.step}"):
        try:
            _DRAWN[at.step](at.demo, words)
        except ExplorerError as error:
            st.error(explained(error), icon=":material/error:")


def _turn(at: place.Place, by: int, title: str, icon: str, key: str) -> None:
    st.button(title, icon=icon, key=key, on_click=keys.turn, args=(at, by), disabled=not keys.can_turn(at, by))
