"""The question: the class commits itself before anything is shown."""

from __future__ import annotations

from functools import partial

import streamlit as st

from explorer.lectures import Demo
from explorer.lectures.words import Words
from explorer.ui.course import hands, results, settings, votes


def draw(demo: Demo, words: Words) -> None:
    with st.container(key="course_question"):
        st.markdown(f"## {words.question}")
    votes.line(demo)
    beside = partial(votes.bar, demo) if votes.are_shown(demo) else None
    hands.fields(demo, {option: words.options[option] for option in hands.order(demo, words)}, beside)
    results.ahead(demo, settings.current(demo))
