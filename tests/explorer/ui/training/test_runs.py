"""A run ends with the tab of its viewer: what Streamlit says of a session, asked from a thread of none."""

from types import SimpleNamespace

from explorer.ui.training import runs


def test_it_lives_as_long_as_the_session_is_active(monkeypatch):
    active = {"mine", "another"}
    server = SimpleNamespace(is_active_session=active.__contains__)
    monkeypatch.setattr(runs, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine"))
    monkeypatch.setattr(runs.runtime, "exists", lambda: True)
    monkeypatch.setattr(runs.runtime, "get_instance", lambda: server)
    alive = runs.alive()
    assert alive()
    # Streamlit drops a session from the active ones when its connection is closed.
    active.remove("mine")
    assert not alive()


def test_a_server_that_is_gone_has_no_viewers(monkeypatch):
    monkeypatch.setattr(runs, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine"))
    monkeypatch.setattr(runs.runtime, "exists", lambda: True)
    alive = runs.alive()
    monkeypatch.setattr(runs.runtime, "exists", lambda: False)
    assert not alive()


def test_without_a_server_somebody_is_always_there(monkeypatch):
    monkeypatch.setattr(runs, "get_script_run_ctx", lambda: None)
    assert runs.alive()()
