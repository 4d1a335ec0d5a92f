"""Exercises of a chapter: a number is typed, and checked against what the page computes."""

from __future__ import annotations

import streamlit as st

from explorer.i18n import _, language
from explorer.lectures.exercises import EXERCISES, Answer, texts
from explorer.lectures.registry import chapter_title
from explorer.ui.common import address


def chapter() -> int | None:
    """The chapter whose exercises the address asks for."""
    found = address.number("exercises", None, max(EXERCISES) + 1)
    return found if found in EXERCISES else None


def draw(number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Course"), icon=":material/arrow_back:", key="course_contents", on_click=address.write, kwargs={"exercises": None})
        st.markdown(f"#### {chapter_title(number)} · {_('Exercises')}", width="content")
    for at in range(1, len(EXERCISES[number]) + 1):
        one(number, at)


def one(number: int, at: int) -> None:
    """One exercise of a chapter, both from 1."""
    text, answers = texts(number, language())[at - 1], EXERCISES[number][at - 1]
    with st.container(border=True, key=f"exercise_{number}_{at}"):
        st.markdown(f"**{at}.** {text.question}")
        given = [
            _field(f"answer_{number}_{at}_{answer.name}", answer, text.labels[answer.name], column)
            for answer, column in zip(answers, st.columns(max(2, len(answers))), strict=False)
        ]
        if all(value is not None for value in given) or st.toggle(_("The way"), key=f"way_{number}_{at}"):
            st.markdown(text.way)


def _field(key: str, answer: Answer, title: str, column: st.delta_generator.DeltaGenerator) -> float | None:
    with column:
        given = st.number_input(title, value=None, key=key, format="%.10g", placeholder="?", step=None)
        if given is not None:
            right = answer.right(given)
            allowed = _("{share} allowed").format(share=f"± {answer.tolerance:.1%}") if answer.tolerance else _("exact")
            st.markdown(f":green[✓ {_('right')}] ({allowed})" if right else f":red[✗ {_('not yet')}] ({allowed})")
    return given
