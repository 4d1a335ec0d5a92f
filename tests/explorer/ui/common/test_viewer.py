"""Work ends with the tab of its viewer: what Streamlit says of a session, asked from a thread of none."""

from types import SimpleNamespace

from explorer.ui.common import jobs


def test_a_viewer_lives_as_long_as_the_session_is_active(monkeypatch):
    active = {"mine", "another"}
    server = SimpleNamespace(is_active_session=active.__contains__)
    monkeypatch.setattr(jobs, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine"))
    monkeypatch.setattr(jobs.runtime, "exists", lambda: True)
    monkeypatch.setattr(jobs.runtime, "get_instance", lambda: server)
    viewer = jobs.viewer()
    assert viewer.name == "mine" and viewer.alive()
    # Streamlit drops a session from the active ones when its connection is closed.
    active.remove("mine")
    assert not viewer.alive()


def test_without_a_server_somebody_is_always_there(monkeypatch):
    monkeypatch.setattr(jobs, "get_script_run_ctx", lambda: None)
    assert jobs.viewer().alive()
