"""Widgets whose value stands in the address: what the browser is told of them, and when."""

from streamlit.testing.v1 import AppTest

from explorer.examples import CHAPTER
from explorer.ui.common import address, long_texts


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


def _chosen():
    import streamlit as st

    from explorer.ui.common import address

    address.begin()
    shown = [address.entry(st.text_area, "Text", "text", "the default"), address.number("q", None, 100), address.read("window") or None]
    st.button("Choose", on_click=lambda: address.write(q=3, window="1.5.2.6"))
    st.session_state["shown"] = shown
    address.finish()


def test_a_window_goes_with_its_text():
    app = AppTest.from_function(_chosen, default_timeout=60).run()
    app.button[0].click().run()
    assert app.session_state["shown"] == ["the default", 3, "1.5.2.6"]
    app.text_area(key="text").set_value("another").run()
    # A token stays chosen while its sentence is written anew; a window was one of the text that is gone.
    assert app.session_state["shown"] == ["another", 3, None]
    assert "".join(app.query_params["q"]) == "3" and not "".join(app.query_params.get("window", ""))
    # Both of one link, or of one step, belong together.
    app.query_params.update({"text": "of a link", "q": "2"})
    app.run()
    assert app.session_state["shown"][:2] == ["of a link", 2]


def test_a_text_too_long_for_the_address_leaves_nothing_there_for_another():
    app = AppTest.from_function(_chosen, default_timeout=60).run()
    long = "long " * address.LONGEST
    app.text_area(key="text").set_value("short").run()
    assert "".join(app.query_params["text"]) == "short"
    app.text_area(key="text").set_value(long).run()
    app.button[0].click().run()
    assert app.session_state["shown"] == [long, 3, "1.5.2.6"] and "".join(app.query_params["q"]) == "3"
    again = AppTest.from_function(_chosen, default_timeout=60)
    for name, value in app.query_params.items():
        again.query_params[name] = "".join(value)  # loaded again: the session is a new one
    again.run()
    assert again.session_state["shown"] == ["the default", None, None]
    again.text_area(key="text").set_value("short").run()
    assert again.session_state["shown"] == ["short", None, None]
    assert not any("".join(again.query_params.get(name, "")) for name in ("q", "window", "of"))


def test_a_long_example_is_found_again_by_its_letters():
    app = AppTest.from_function(_chosen, default_timeout=60).run()
    app.text_area(key="text").set_value(CHAPTER.text).run()
    app.button[0].click().run()
    assert app.session_state["shown"] == [CHAPTER.text, 3, "1.5.2.6"] and "text" not in app.query_params
    again = AppTest.from_function(_chosen, default_timeout=60)
    for name, value in app.query_params.items():
        again.query_params[name] = "".join(value)  # a link that somebody else opens
    again.run()
    assert again.session_state["shown"] == [CHAPTER.text, 3, "1.5.2.6"]
    again.text_area(key="text").set_value("long " * address.LONGEST).run()
    again.query_params["of"] = "".join(app.query_params["of"])
    assert again.run().session_state["shown"][0] == CHAPTER.text
    # And a link says of itself whether it will do that.
    assert long_texts.holds(CHAPTER.text, "short", "") and long_texts.holds("short", "") and not long_texts.holds(CHAPTER.text + "x")
    # As a second text its letters would mean the first one.
    assert not long_texts.holds("short", CHAPTER.text) and not long_texts.holds(CHAPTER.text, CHAPTER.text)


def test_back_to_an_address_that_names_nothing_undoes_what_was_done_on_this_page(monkeypatch):
    app = AppTest.from_function(_page, default_timeout=60).run()
    app.text_area(key="text").set_value("typed").run()
    del app.query_params["text"]
    # Without going back it is a page that was just opened: what the viewer had there is kept.
    assert app.run().session_state["shown"] == "typed" and app.query_params["text"] in ("typed", ["typed"])
    monkeypatch.setattr(address, "_going_back", lambda: True)
    del app.query_params["text"]
    assert app.run().session_state["shown"] == "the default" and "text" not in app.query_params
    monkeypatch.setattr(address, "_going_back", lambda: False)
    app.text_area(key="text").set_value("typed").run()
    # And from another page one comes back to what was left.
    del app.query_params["text"]
    app.session_state["_page_before"] = "another"
    monkeypatch.setattr(address, "_going_back", lambda: True)
    assert app.run().session_state["shown"] == "typed"


def test_back_from_a_long_text_is_what_was_before_it_and_forward_the_long_one(monkeypatch):
    for text in (CHAPTER.text, "long " * address.LONGEST):
        monkeypatch.setattr(address, "_going_back", lambda: False)
        app = AppTest.from_function(_page, default_timeout=60).run()
        app.text_area(key="text").set_value(text).run()
        of = "".join(app.query_params["of"])
        monkeypatch.setattr(address, "_going_back", lambda: True)
        del app.query_params["of"]
        assert app.run().session_state["shown"] == "the default" and not "".join(app.query_params.get("of", ""))
        app.query_params["of"] = of
        assert app.run().session_state["shown"] == text
        # On its way from one thing to another on the same text, it stays.
        app.query_params["q"] = "3"
        assert app.run().session_state["shown"] == text and "".join(app.query_params["of"]) == of


def _step():
    import streamlit as st

    from explorer.ui.common import address

    address.begin()
    if st.button("Open"):
        address.show(of=st.session_state["letters"], layer="1")
    st.session_state["shown"] = address.entry(st.text_area, "Text", "text", "the default")
    address.finish()


def test_a_step_that_was_made_of_a_link_to_a_long_example_opens_it():
    app = AppTest.from_function(_step, default_timeout=60).run()
    app.text_area(key="text").set_value("typed").run()
    app.session_state["letters"] = long_texts.letters({"text": CHAPTER.text})
    app.button[0].click().run()
    assert app.session_state["shown"] == CHAPTER.text and "".join(app.query_params["layer"]) == "1"
    assert not "".join(app.query_params.get("text", ""))


def test_the_last_long_texts_of_a_session_are_known_and_no_more():
    app = AppTest.from_function(_page, default_timeout=60).run()
    for i in range(6):
        app.text_area(key="text").set_value(f"{i} " * address.LONGEST).run()
    assert [name[:2] for one in app.session_state["_long_texts"].values() for name in one.values()] == ["2 ", "3 ", "4 ", "5 "]
