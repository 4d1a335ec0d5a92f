"""The question: the class commits itself before anything is shown."""

from __future__ import annotations

import streamlit as st

from explorer.lectures import Demo
from explorer.lectures.words import Words
from explorer.ui.course import hands


def draw(demo: Demo, words: Words) -> None:
    with st.container(key="course_question"):
        st.markdown(f"## {words.question}")
    hands.fields(demo, {option: words.options[option] for option in hands.order(demo, words)})
