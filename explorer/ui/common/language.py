"""The language of a viewer: what the address says, else what was chosen before, else that of the browser, else English."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer import i18n
from explorer.i18n import _
from explorer.ui.common import address

NAME, KEY = "lang", "_language"
_SHORT = {"en": "EN", "zh": "中文"}
"""How the switch calls them: two words side by side in the sidebar."""


def begin() -> None:
    """At the start of each run of the app, before the first word."""
    st.session_state[KEY] = address.word(NAME, of_browser(), list(i18n.LANGUAGES))


def of_browser() -> str:
    """The language that the browser asks for, if it is one of ours."""
    return i18n.closest(st.context.locale) or i18n.SOURCE


def choose() -> None:
    """The switch. The languages are called by their own names, so that whoever reads one of them finds it."""
    address.choice(st.segmented_control, _("Language"), _SHORT, NAME, of_browser(), label_visibility="collapsed")


def of_viewer() -> str | None:
    """The language that the viewer of this script reads; None outside of one."""
    # Asked for each word of a page: by way of `st.session_state` it would take twice as long.
    context = get_script_run_ctx(suppress_warning=True)
    try:
        return None if context is None else context.session_state[KEY]
    except KeyError:
        return None


i18n.ask_with(of_viewer)
