"""The lecture of this viewer; it lives as long as the session, and longer in a file."""

from __future__ import annotations

import streamlit as st

from explorer.talk import Talk

_KEY = "_talk"


def talk() -> Talk:
    """The lecture; an empty one at first."""
    return st.session_state.setdefault(_KEY, Talk())


def put(changed: Talk) -> None:
    """The lecture is this one from now on."""
    st.session_state[_KEY] = changed
