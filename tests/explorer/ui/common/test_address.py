"""Widgets whose value stands in the address: what the browser is told of them, and when."""

from streamlit.testing.v1 import AppTest

from explorer.ui.common import address


def _page():
    import streamlit as st

    from explorer.ui.common import address

    address.begin()
    st.session_state["shown"] = address.entry(st.text_area, "Text", "text", "the default")
    address.finish()


def told(app: AppTest) -> bool:
    """Whether this run told the browser what the widget holds."""
    assert not app.exception
    return app.text_area(key="text").proto.set_value


def test_a_value_is_told_again_until_it_has_surely_been_sent(monkeypatch):
    """What is not sent when the next run begins is dropped, and a page that has just been opened often runs twice in a row."""
    app = AppTest.from_function(_page, default_timeout=60)
    app.query_params["text"] = "of a link"
    assert told(app.run()) and app.session_state["shown"] == "of a link"
    assert told(app.run())
    monkeypatch.setattr(address, "_SENT_S", 0.0)
    # From now on it would overrule what the viewer is just typing.
    assert not told(app.run())


def test_what_is_typed_meanwhile_stays():
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.text_area(key="text").set_value("typed").run()
    assert app.query_params["text"] == "typed" and app.session_state["shown"] == "typed"
    assert told(app.run()) and app.text_area(key="text").value == "typed"


def test_the_address_is_told_where_it_changes(monkeypatch):
    monkeypatch.setattr(address, "_SENT_S", 0.0)
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.query_params["text"] = "another"
    assert told(app.run()) and app.text_area(key="text").value == "another"
