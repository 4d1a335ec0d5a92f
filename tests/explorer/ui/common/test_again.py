"""A page that runs again does not forget what was asked for meanwhile."""

import pytest
from streamlit.testing.v1 import AppTest


def _page(again):
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    from explorer.ui.common.again import run_again

    context = get_script_run_ctx()
    runs = st.session_state.setdefault("runs", [])
    runs.append(context.query_string)
    if len(runs) == 1:
        run_again()
    elif len(runs) == 2:
        # What a click on the link of another page does, while this run is on its way.
        context.script_requests.request_rerun(RerunData(query_string="another=page", page_script_hash=context.page_script_hash))
        {"run_again": run_again, "rerun": st.rerun}[again]()


@pytest.mark.parametrize(("again", "then"), [("run_again", "another=page"), ("rerun", "")])
def test_what_was_asked_for_meanwhile_is_what_runs(again, then):
    # The second row says why this is not left to `st.rerun`; where it fails, Streamlit has learnt it.
    app = AppTest.from_function(_page, args=(again,), default_timeout=60).run()
    assert not app.exception
    assert app.session_state["runs"] == ["", "", then]
