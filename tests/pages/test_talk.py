"""A lecture of one's own, as Streamlit runs it: steps are added and changed; what is wrong loses nothing."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer.lectures import CHAPTERS
from explorer.lectures.registry import of_chapter
from explorer.lectures.words import read
from explorer.talk import Step, Talk, file, saved
from explorer.ui.course import record
from models import InputError
from tests.pages.shared import opened, settle, written


def talk_of(app) -> Talk:
    return app.session_state["_talk"]


def press(app, key):
    return settle(app.button(key=key).click().run())


def named(app, start):
    """The one widget whose key begins so."""
    (found,) = (
        one
        for kind in (app.number_input, app.text_input, app.text_area, app.button, app.selectbox)
        for one in kind
        if str(one.key).startswith(start)
    )
    return found


def test_steps_come_from_an_address_a_chapter_and_words():
    app = opened("talk")
    assert "no step yet" in written(app)
    settle(app.text_input(key="talk_address").set_value("http://here/course?demo=Q3&step=show&q3_d_k=1024").run())
    assert talk_of(app).steps == (Step("demo", "Q3", "show", {"d_k": "1024"}, minutes=4.0),)
    settle(app.selectbox(key="talk_chapter").set_value(2).run())
    assert len(talk_of(app).steps) == 1 + 4 * len(of_chapter(2))
    press(app, "talk_words")
    assert talk_of(app).steps[-1].kind == "text"
    assert f"{len(talk_of(app).steps)} steps, {talk_of(app).minutes:g} min" in written(app)


def test_an_empty_lecture_shows_the_chapters_and_takes_one_by_a_click():
    app = opened("talk")
    buttons = [str(button.key) for button in app.button if str(button.key).startswith("talk_take_")]
    assert buttons == [f"talk_take_{number}" for number in CHAPTERS]
    press(app, "talk_take_3")
    assert [step.name for step in talk_of(app).steps[::4]] == [one.id for one in of_chapter(3)]
    assert talk_of(app).title.startswith("3 · ") and not any(str(button.key).startswith("talk_take_") for button in app.button)


def test_an_address_that_is_none_is_refused_and_stays_to_be_mended():
    app = opened("talk")
    settle(app.text_input(key="talk_address").set_value("/course?demo=Q99").run())
    assert "no demo Q99" in written(app) + " ".join(one.value for one in app.error)
    assert app.text_input(key="talk_address").value == "/course?demo=Q99" and not talk_of(app).steps


def test_notes_and_minutes_of_a_step_are_changed_and_it_is_taken_out():
    app = opened("talk")
    press(app, "talk_words")
    settle(app.text_input(key="talk_address").set_value("/course?demo=Q8").run())
    settle(named(app, "talk_notes_").set_value("slowly").run())
    settle(named(app, "talk_minutes_").set_value(7.5).run())
    assert (talk_of(app).steps[1].notes, talk_of(app).steps[1].minutes) == ("slowly", 7.5)
    assert not talk_of(app).steps[0].notes
    settle(named(app, "talk_out_").click().run())
    assert [step.kind for step in talk_of(app).steps] == ["text"]


def test_without_a_lecture_the_course_goes_on_as_ever():
    app = opened("course", demo="Q3", talk="7")
    press(app, "course_forward")
    assert app.query_params["step"] == "show"


def test_a_saved_lecture_is_opened_and_a_broken_one_loses_nothing():
    app = opened("talk")
    press(app, "talk_words")
    settle(app.file_uploader(key="talk_open").upload("x.json", b"{}", "application/json").run())
    assert "no lecture" in " ".join(one.value for one in app.error) and len(talk_of(app).steps) == 1
    talk = Talk("Mine", (Step("demo", "Q8", "ask"), Step("text", title="t")))
    settle(app.file_uploader(key="talk_open").upload("y.json", saved(talk).encode(), "application/json").run())
    assert talk_of(app) == talk and not app.error


def test_the_file_is_made_when_it_is_asked_for_and_again_when_the_lecture_changes():
    app = opened("talk")
    press(app, "talk_words")
    assert not app.get("download_button") or "talk_download" not in [one.proto.id for one in app.get("download_button")]
    press(app, "talk_export")
    titles = [one.proto.label for one in app.get("download_button")]
    assert any(title.startswith("Download (") for title in titles)
    settle(named(app, "talk_notes_").set_value("another").run())
    assert not any(one.proto.label.startswith("Download (") for one in app.get("download_button"))


def test_votes_and_settings_are_there_afterwards(monkeypatch):
    kept = []
    # The rows are asked for where the session is: inside of a run.
    monkeypatch.setattr("explorer.ui.course.settings.reset", lambda _demo: kept.extend(record.rows()))
    app = opened("course", demo="Q3")
    words = read("q03_scaling", "en")
    fields = {str(one.key).split("_")[2]: one for one in app.number_input if str(one.key).startswith("hands_Q3_")}
    settle(fields["A"].set_value(7).run())
    press(app, "course_forward")
    settle(app.select_slider(key="q3_d_k").set_value(256).run())
    press(app, "course_reset")
    hands = {row.text: row.value for row in kept if row.what == "hands"}
    assert hands[words.options["A"]] == "7" and sum(map(int, hands.values())) == 7
    widths = [row.value for row in kept if row.what == "setting" and row.name == "d_k"]
    assert widths[-1] == "256" and len(widths) >= 2


def test_fields_stay_with_their_step_when_it_is_put_elsewhere_or_another_lecture_is_opened():
    app = opened("talk")
    for words in ("first", "second"):
        press(app, "talk_words")
        settle(named(app, "talk_text_").set_value(words).run())
    app.session_state["_talk_places"] = [1, 0]
    app.session_state["_talk_moves"] = 1
    app.session_state["_talk"] = talk_of(app).in_order([1, 0])
    settle(app.run())
    # The chosen step is now the first.
    assert [step.text for step in talk_of(app).steps] == ["second", "first"]
    assert named(app, "talk_text_").value == "second"
    settle(named(app, "talk_notes_").set_value("of the second").run())
    assert [step.notes for step in talk_of(app).steps] == ["of the second", ""]
    other = Talk("Other", (Step("text", title="a", text="x"), Step("text", title="b", text="y")))
    settle(app.file_uploader(key="talk_open").upload("y.json", saved(other).encode(), "application/json").run())
    assert named(app, "talk_text_").value == "y" and not named(app, "talk_notes_").value


def test_keys_that_follow_each_other_at_once_turn_a_step_each(monkeypatch):
    monkeypatch.setattr("explorer.ui.common.quick._QUICK_S", 1e6)
    app = opened("course", demo="Q3", step="ask", talk="1")
    app.session_state["_talk"] = Talk("", tuple(Step("text", title=title) for title in "abcd"))
    # Nothing opens a step here: the address stays as it was, as it does for a key that is pressed before the page is drawn.
    for wanted in (1, 2, 3, 3):
        press(app, "course_forward")
        assert app.session_state["_talk_opens"] == wanted


def test_a_text_that_is_too_long_for_an_address_is_taken_whole():
    def script():
        import streamlit as st

        from explorer.ui.common import address, pictures
        from explorer.ui.talk import adding

        address.begin()
        pictures.begin()
        address.keep(text="long " * 2_000)
        address.read("text")
        st.session_state["taken"] = adding.taken("prune", "Prune heads")

    app = AppTest.from_function(script).run()
    assert not app.exception and app.session_state["taken"].settings == {"text": "long " * 2_000}


def test_votes_on_a_claim_are_there_too_and_right_only_once_it_was_judged(monkeypatch):
    kept = []
    monkeypatch.setattr("explorer.ui.claims.place.go", lambda _place: kept.append(record.rows()))
    app = opened("claims", claim="C6")
    settle(next(one for one in app.number_input if "fails" in str(one.key).lower()).set_value(5).run())
    press(app, "claims_contents")
    assert [(row.demo, row.value, row.right) for row in kept[-1]] == [("C6", "0", ""), ("C6", "5", ""), ("C6", "0", "")]


def test_a_lecture_that_is_too_much_for_a_file_says_so_and_is_played_all_the_same(monkeypatch):
    monkeypatch.setattr(file, "MOST_STEPS", 3)
    app = opened("talk")
    settle(app.selectbox(key="talk_chapter").set_value(2).run())
    assert not app.exception and "at most 3" in " ".join(one.value for one in app.warning)
    assert not app.button(key="talk_play").disabled and not any(one.key == "talk_export" for one in app.button)
    with pytest.raises(InputError, match="at most 3"):
        saved(talk_of(app))
    monkeypatch.setattr(file, "MOST_BYTES", 10)
    with pytest.raises(InputError, match="MB"):
        saved(Talk("", (Step("text", text="more than ten letters"),)))


def test_in_a_lecture_the_controls_are_put_back_to_where_its_step_has_them():
    app = opened("talk")
    settle(app.text_input(key="talk_address").set_value("/course?demo=Q3&step=show&q3_d_k=1024").run())
    talk = talk_of(app)
    app = opened("course", demo="Q3", step="show", q3_d_k="64", talk="1")
    app.session_state["_talk"] = talk
    press(app, "course_reset")
    assert app.query_params["q3_d_k"] == "1024"
    # Without a lecture they are as the demo has them.
    app = opened("course", demo="Q3", step="show", q3_d_k="64")
    app.session_state["_talk"] = talk
    press(app, "course_reset")
    assert "q3_d_k" not in app.query_params
