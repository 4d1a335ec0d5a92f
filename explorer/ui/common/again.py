"""Running the page again without losing what the viewer has asked for meanwhile."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

_DAY_S = 86_400.0


def run_again() -> NoReturn:
    """Runs the page again from its top, or whatever the viewer has asked for since this run began.

    `st.rerun` takes the place of a request that waits (`ScriptRequests.request_rerun` keeps the page of the newer one): a click on another
    page, made in the moment before, would be forgotten. Whoever looks into the session's state goes on with what waits, so it is looked
    into first.
    """
    "anything" in st.session_state  # noqa: B015
    st.rerun()


@st.fragment(run_every=_DAY_S)
def after_reconnecting() -> None:
    """Has the page drawn again when its connection was lost and comes back.

    The server may be another one then, or may have begun anew, and knows nothing of the page. Streamlit's browser side asks for a run of the
    page only where it has to expect that something is missed (`handleConnectionStateChanged`): where a run was going on, or a part of the page
    runs by itself. Otherwise the page would stand there, and clicks in a fragment would name one that this server has never drawn. So here is
    a part that runs by itself, once a day, and does nothing.
    """
