"""Running the page again without losing what the viewer has asked for meanwhile."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st


def run_again() -> NoReturn:
    """Runs the page again from its top, or whatever the viewer has asked for since this run began.

    `st.rerun` takes the place of a request that waits (`ScriptRequests.request_rerun` keeps the page of the newer one): a click on another
    page, made in the moment before, would be forgotten. Whoever looks into the session's state goes on with what waits, so it is looked
    into first.
    """
    "anything" in st.session_state  # noqa: B015
    st.rerun()
