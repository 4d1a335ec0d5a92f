"""The next question, what led to it, and an exercise; and the ways on: the next demo, the explorer, the end of the chapter."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures import Demo, demos
from explorer.lectures.exercises import after
from explorer.lectures.registry import of_chapter
from explorer.lectures.words import Words, read
from explorer.ui.common import address
from explorer.ui.course import board, closing, exercises, hands, place, results, settings


def draw(demo: Demo, words: Words) -> None:
    with st.container(key="course_question"):
        st.markdown(f"## {words.follow}")
    _ways(demo)
    exercise = after(demo)
    led, todo = st.columns(2, gap="medium") if exercise is not None else (st.container(), None)
    with led, st.container(key="course_led"):
        _led(demo, words)
    if exercise is not None:
        with todo, st.container(key="course_todo"):
            st.markdown(f"**{_('Exercise')}**")
            exercises.one(demo.chapter, exercise)


def _led(demo: Demo, words: Words) -> None:
    """What was measured before this question came up: a hall that looks up now reads what it follows from."""
    st.markdown(f"**{_('What led here')}**")
    found = results.of(demo, settings.current(demo))
    if found is None:
        return
    right = demo.right_option(found)
    options = {option: words.options[option] for option in hands.order(demo, words)}
    st.html(board.guesses(options, hands.of(demo), right, board.signs(), demo.first, {right, *demo.first}))
    said = board.filling(found) | {option: hands.letter(i) for i, option in enumerate(options)}
    with st.container(key="course_noticed"):
        st.markdown(words.noticed(said))


def _ways(demo: Demo) -> None:
    everything = demos()
    next_one = everything[everything.index(demo) + 1 :][:1]
    with st.container(horizontal=True, vertical_alignment="center", key="course_next"):
        for one in next_one:
            title = f"{one.id} · {read(one.module, language()).title}"
            there = place.Place(one, "ask")
            st.button(title, key="course_next_demo", icon=":material/arrow_forward:", type="primary", on_click=place.go, args=(there,))
        if not next_one:
            # The course ends with what is often heard in class.
            icon = ":material/gavel:"
            st.page_link("pages/claims.py", label=_("Claims on trial"), icon=icon, query_params={"lang": language()})
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
