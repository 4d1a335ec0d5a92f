"""The next question: the next demo, the door into the explorer, or the exercises of the chapter."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures import Demo, demos
from explorer.lectures.registry import of_chapter
from explorer.lectures.words import Words, read
from explorer.ui.common import address
from explorer.ui.course import closing, place, settings


def draw(demo: Demo, words: Words) -> None:
    with st.container(key="course_question"):
        st.markdown(f"## {words.follow}")
    everything = demos()
    after = everything[everything.index(demo) + 1 :][:1]
    with st.container(horizontal=True, key="course_next"):
        for one in after:
            title = f"{one.id} · {read(one.module, language()).title}"
            there = place.Place(one, "ask")
            st.button(title, key="course_next_demo", icon=":material/arrow_forward:", type="primary", on_click=place.go, args=(there,))
        if of_chapter(demo.chapter)[-1] is demo:
            st.button(
                _("What this chapter corrected"),
                key="course_closing",
                icon=":material/fact_check:",
                on_click=address.write,
                kwargs={closing.NAME: demo.chapter},
            )
            st.button(
                _("Exercises of this chapter"),
                key="course_exercises",
                icon=":material/edit:",
                on_click=address.write,
                kwargs={"exercises": demo.chapter},
            )
        st.page_link(
            f"pages/{demo.door.page}.py",
            label=_("On your own text and model"),
            icon=":material/door_open:",
            query_params={"lang": language(), **demo.door.address(settings.current(demo))},
        )
