"""The question: the class commits itself before anything is shown."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _
from explorer.lectures import Demo
from explorer.lectures.words import Words
from explorer.ui.course import hands, votes


def draw(demo: Demo, words: Words) -> None:
    with st.container(key="course_question"):
        st.markdown(f"## {words.question}")
    counted, shown = hands.typed(demo), votes.are_shown(demo)
    votes.line(demo)
    with st.container(key="course_options"):
        for at, option in enumerate(hands.order(demo, words)):
            counting = hands.counting()
            key = f"hands_{demo.id}_{option}_{counting}"
            st.session_state[key] = counted.get(option, 0)
            text, *beside, number = st.columns([6, 2.4, 1.2] if shown else [6, 1.2], vertical_alignment="center")
            with text:
                st.markdown(f"**{hands.letter(at)}** &ensp; {words.options[option]}")
            for column in beside:
                with column:
                    votes.bar(demo, option, at)
            with number:
                st.number_input(
                    _("Hands for {letter}").format(letter=hands.letter(at)),
                    *(0, 9999),
                    key=key,
                    on_change=_typed,
                    args=(demo, option, key, counting),
                    label_visibility="collapsed",
                )
    st.caption(_("How many hands go up for each? Type the numbers, or press the letter once for each hand."))


def _typed(demo: Demo, option: str, key: str, counting: int) -> None:
    if counting == hands.counting():
        hands.put(demo, option, int(st.session_state[key] or 0))
