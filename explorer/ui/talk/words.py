"""A step of the lecturer's own words."""

from __future__ import annotations

import streamlit as st

from explorer.talk import Step
from explorer.ui.common.markdown import escaped


def draw(step: Step) -> None:
    """Title and text, large. HTML in it is shown as text, as Streamlit does."""
    with st.container(key="course_question"):
        if step.title:
            st.markdown(f"## {escaped(step.title)}")
        st.markdown(step.text)
