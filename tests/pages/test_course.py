"""The course as Streamlit runs it, without a browser."""

import html
import re

import pytest

from explorer import i18n
from explorer.lectures import registry
from explorer.lectures.demo import STEPS
from explorer.lectures.registry import demo, demos, of_chapter
from explorer.lectures.words import read
from explorer.ui.common import address, sortable
from explorer.ui.course import hands, keys, place, results, show
from tests.pages.shared import alone, charts, opened, settle, started, tables, written

Q3 = read("q03_scaling", "en")
BINS = {"low", "high", "share", "series"}


def markup(app):
    """What stands on the page as HTML, tags taken out."""
    return html.unescape(
        re.sub(
            r"<[^>]+>",
            " ",
            " ".join(
                element.proto.body for element in app.get("html") if "guess" in element.proto.body or "course-measures" in element.proto.body
            ),
        )
    )


def shown(app):
    return re.sub(r"\s+", " ", written(app) + " " + markup(app))


def test_the_contents_name_every_demo_and_search_finds_them_in_any_language():
    app = opened("course")
    assert not app.exception
    titles = {button.label for button in app.button if str(button.key).startswith("open_")}
    assert titles == {f"{one.id} · {read(one.module, 'en').title}" for one in demos()}
    for words, found in (("variance softmax", {"Q3"}), ("梯度爆炸", {"Q3"}), ("1,048,576", {"Q8"})):
        settle(app.text_input(key="search").set_value(words).run())
        assert found <= {str(button.key).removeprefix("open_") for button in app.button if str(button.key).startswith("open_")}
    settle(app.text_input(key="search").set_value("no such words").run())
    assert not [button for button in app.button if str(button.key).startswith("open_")] and "No question has these words" in written(app)


def test_a_card_says_in_the_viewers_language_what_something_was_computed_on():
    names = ("CPU, 1 thread", "CPU, 2 threads", "NVIDIA H200")
    assert [show.machine(name) for name in names] == list(names)
    with i18n.speaking("zh"):
        assert [show.machine(name) for name in names] == ["CPU，1 线程", "CPU，2 线程", "NVIDIA H200"]


def test_a_card_of_the_contents_opens_its_question():
    app = opened("course")
    settle(app.button(key="open_Q8").click().run())
    assert app.query_params["demo"] == "Q8" and read("q08_parameters", "en").question in written(app)
    settle(app.button(key="course_contents").click().run())
    assert any(button.key == "open_Q3" for button in app.button)


def test_the_question_hides_the_outcome_and_the_notice_holds_it_against_the_guess():
    app = opened("course", demo="Q3")
    said = written(app)
    assert all(option in said for option in Q3.options.values()) and "✓" not in shown(app) and not charts(app)
    letters = {option: said.index(option) for option in Q3.options.values()}
    key = next(str(field.key) for field in app.number_input if "_C_" in str(field.key))
    settle(app.number_input(key=key).set_value(17).run())
    settle(app.button(key="course_forward").click().run())
    assert app.query_params["step"] == "show" and len(charts(app)) == 3
    settle(app.button(key="course_forward").click().run())
    body = next(element.proto.body for element in app.get("html") if "guess" in element.proto.body and "course-guesses" in element.proto.body)
    (right,) = re.findall(r'<div class="guess right">(.*?)</div>', body)
    assert Q3.options["C"] in html.unescape(right) and "<b>17</b>" in right
    assert len(letters) == 4


def test_a_control_changes_what_is_drawn_and_what_is_noticed():
    found = {}
    for d_k in (16, 1024):
        app = opened("course", demo="Q3", step="show", q3_d_k=str(d_k))
        result = demo("Q3").compute(None, d_k=d_k)
        (bins,) = (one for one in tables(app, 0) if set(one.columns) == BINS)
        assert bins["share"].tolist() == pytest.approx(result.data["scores"][1].tolist())
        app.query_params["step"] = "notice"
        settle(app.run())
        assert next(measure.shown for measure in result.measures if measure.name == "variance") in shown(app)
        found[d_k] = bins["share"].tolist()
    assert found[16] != found[1024]


def test_chips_of_the_text_stand_in_the_order_of_the_address(monkeypatch):
    drawn = []
    monkeypatch.setattr(sortable, "_chips", lambda **given: drawn.append(given))
    app = opened("course", demo="Q13", step="show", q13_text="我爱你", q13_swap="1.2.0")
    assert drawn[-1]["data"] == {"labels": ["我", "爱", "你"], "order": [1, 2, 0], "numbered": False}
    result = demo("Q13").compute(results.opened, text="我爱你", swap="1.2.0")
    assert result.said["after"] == "爱你我" and any("爱你我" in str(chart) for chart in charts(app))
    # Of another text the order is not one.
    settle(app.selectbox(key="q13_text").set_value("不好").run())
    assert drawn[-1]["data"]["labels"] == ["不", "好"] and drawn[-1]["data"]["order"] == [1, 0]


def test_a_text_is_offered_or_ones_own_and_stands_in_the_address(monkeypatch):
    drawn = []
    monkeypatch.setattr(sortable, "_chips", lambda **given: drawn.append(given["data"]["labels"]))
    app = opened("course", demo="Q13", step="show", q13_text="马看羊")
    field = app.selectbox(key="q13_text")
    (control,) = (one for one in demo("Q13").controls if one.name == "text")
    assert field.value == "马看羊" and field.options == [*control.values, "马看羊"] and drawn[-1] == ["马", "看", "羊"]
    settle(field.set_value("狗咬人").run())
    assert app.query_params["q13_text"] == "狗咬人" and drawn[-1] == ["狗", "咬", "人"]
    settle(app.button(key="course_reset").click().run())
    assert app.selectbox(key="q13_text").options == list(control.values)
    assert "q13_text" not in app.query_params and app.selectbox(key="q13_text").value == "我爱你" and drawn[-1] == ["我", "爱", "你"]
    app = opened("course", demo="Q13", step="show", q13_text=" ")
    assert not app.exception and app.selectbox(key="q13_text").value == "我爱你" and drawn[-1] == ["我", "爱", "你"]


def test_steps_lead_from_demo_to_demo_and_controls_begin_anew():
    app = opened("course", demo="Q3", step="show", q3_d_k="256")
    assert app.select_slider(key="q3_d_k").value == 256
    settle(app.button(key="course_reset").click().run())
    assert app.select_slider(key="q3_d_k").value == 64
    app = opened("course", demo="Q3", step="follow", q3_d_k="256")
    after = demos()[demos().index(demo("Q3")) + 1]
    settle(app.button(key="course_next_demo").click().run())
    assert app.query_params["demo"] == after.id
    for _ in range(3):
        settle(app.button(key="course_back").click().run())
    assert app.query_params["demo"] == "Q3" and app.select_slider(key="q3_d_k").value == 64


def test_the_next_question_stands_beside_what_led_to_it_and_an_exercise():
    app = opened("course", demo="Q3", step="follow", q3_d_k="256")
    found = demo("Q3").compute(None, d_k=256, divisor="none", view="drawn")
    variance = next(measure.shown for measure in found.measures if measure.name == "variance")
    said = shown(app)
    assert Q3.follow in said and Q3.options[demo("Q3").right_option(found)] in said
    assert f"At d_k = 256 the variance of q·k is {variance}" in said
    assert "standard deviation of q·k" in said and len(app.number_input) == 3
    settle(app.number_input(key="answer_1_1_sqrt").set_value(1).run())
    assert "✓ right" in said + written(app)
    # No exercise gives away what is asked next.
    assert not opened("course", demo="Q7", step="follow").number_input


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_words_follow_the_language(monkeypatch, language):
    monkeypatch.setattr(i18n, "_asked", lambda: language)
    app = alone("course", demo="Q3", step="show")
    assert read("q03_scaling", language).show in written(app)
    assert app.select_slider(key="q3_d_k").label == read("q03_scaling", language).label("d_k")


def test_keys_count_hands_turn_and_jump():
    app = opened("course", demo="Q3")
    order = app.session_state["_option_orders"]["Q3"]
    app.session_state["_course_seen"] = 0
    before = place.Place(demo("Q3"), "ask")
    assert before.beside(1) == place.Place(demo("Q3"), "show") and place.Place(demos()[0], "ask").beside(-1) is None
    assert place.numbered(8) is demo("Q8") and place.numbered(99) is None
    after = {None: "Q3", "Q3": "QF3", "QF3": "Q3", "Q8": "Q3"}
    assert {one: place.numbered(3, one and demo(one)).id for one in after} == after
    reached = {one.id for number in range(25) for before in (None, *demos()) if (one := place.numbered(number, before))}
    assert reached == {one.id for one in demos()}
    assert sorted(order) == list("ABCD")


def test_an_address_that_names_nothing_opens_the_contents():
    for where in ({"demo": "Q99"}, {"demo": "</script>"}, {"exercises": "9"}):
        app = opened("course", **where)
        assert not app.exception and any(button.key == "open_Q3" for button in app.button)
    app = opened("course", demo="Q3", step="nowhere", q3_d_k="3", q3_divisor="x")
    assert not app.exception and Q3.question in written(app)


def test_exercises_are_checked_by_what_is_computed():
    app = opened("course", exercises="1")
    assert not app.exception and len(app.number_input) == 7
    settle(app.number_input(key="answer_1_3_projections").set_value(1536).run())
    assert "✓" in written(app) and "✗" not in written(app)
    settle(app.number_input(key="answer_1_3_all").set_value(4000).run())
    assert "✗" in written(app) and "2n²d = 4nd²" in written(app)


def test_a_shape_of_ones_own_is_typed_and_a_wrong_one_told():
    app = opened("course", demo="Q4", step="show", q4_shape="512x8x6", q4_n="256")
    total = 256 * (4 * 512**2 + 8 * 512**2) + 256**2 * (2 * 512 + 8)
    assert app.selectbox(key="q4_shape").value == "512x8x6" and written_total(app) == pytest.approx(total)
    assert "GPT-2 small (d 768)" in app.selectbox(key="q4_shape").options
    wrong = opened("course", demo="Q4", step="show", q4_shape="512x7x6")
    assert not wrong.exception and "512x7x6 is no shape." in wrong.error[0].value


def written_total(app):
    """Multiply-adds of a layer, as the drawn parts have them: the share of W_O is n d²."""
    parts = next(table for table in tables(app) if {"share", "from", "to"} <= set(table.columns) and len(table) == 6)
    return 256 * 512**2 / parts.set_index("name")["share"]["W_O"]


def test_the_notes_say_what_comes_next():
    app = opened("course", demo="Q3", step="ask", notes="1")
    assert Q3.notes in written(app) and "Show" in written(app) and not charts(app)
    # Nobody has seen the options in an order yet.
    assert f"✓ {Q3.options[demo('Q3').right]}" in written(app) and written(app).count("✓") == 1 and "**A**" not in written(app)


def test_the_notes_tick_what_the_measurement_says():
    """QF6's option depends on the model: it is read at the controls of the first window."""
    one = demo("QF6")
    words = read(one.module, "en")
    app = opened("course", demo="QF6", step="ask", notes="1", qf6_model="gpt2-mini")
    expected = one.right_option(one.compute(results.opened, **one.settings(words, {"model": "gpt2-mini"})))
    assert f"✓ {words.options[expected]}" in written(app) and written(app).count("✓") == 1


@pytest.mark.parametrize("told", ["", "demo=Q99&step=ask", "demo=Q3&step=nowhere", "demo=Q3&step=ask&options=AAAA", "</script>"])
def test_what_another_window_tells_wrong_changes_nothing(told, monkeypatch):
    kept = {}
    monkeypatch.setattr(address, "write", kept.update)
    monkeypatch.setattr(hands.st, "session_state", {})
    keys.does(f"follow {told}", notes=True)
    assert kept.get("demo") in (None, "Q3") and hands.known_order(demo("Q3")) is None


def test_every_step_has_a_name_and_every_key_its_words():
    assert tuple(registry.STEP_TITLES) == STEPS and len(keys.help_()) == len(keys.KEYS)
    with i18n.speaking("zh"):
        assert all(chinese != english for (_k, chinese), (_e, english) in zip(keys.help_(), keys.KEYS, strict=True))
    assert registry.CHAPTERS.keys() >= {one.chapter for one in demos()}


def _go(app, **address):
    """To another address of the same page."""
    app.query_params.clear()
    for name, value in address.items():
        app.query_params[name] = value
    settle(app.run())


def closing_rows(app):
    """Of the card that ends a chapter, the cells of each row, tags taken out."""
    (body,) = (element.proto.body for element in app.get("html") if 'class="course-closing"' in element.proto.body)
    rows = re.findall(r"<div>(.*?)</div>", body.removeprefix('<div class="course-closing">'))
    return [[html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<(?:b|s|span|i)>.*?</(?:b|s|span|i)>", row)] for row in rows]


def test_a_chapter_ends_with_what_was_believed_and_how_many_were_right_before_and_after():
    app = opened("course", demo="Q3")
    for option, n in (("A", 30), ("C", 10)):
        key = next(str(field.key) for field in app.number_input if f"_{option}_" in str(field.key))
        settle(app.number_input(key=key).set_value(n).run())
    _go(app, closing="1")
    rows = closing_rows(app)
    assert [row[0] for row in rows[1:]] == [one.id for one in of_chapter(1)]
    row = next(row for row in rows if row[0] == "Q3")
    assert row[1:] == [f"{Q3.options['A']} / {Q3.options['B']}", Q3.options["C"], "25%", ""]
    settle(app.number_input(key="after_Q3").set_value(38).run())
    rows = closing_rows(app)
    assert next(row for row in rows if row[0] == "Q3")[3:] == ["25%", "95%"]
    assert rows[0][3].endswith("25%") and rows[0][4].endswith("95%")
    # Nobody was asked anything else.
    assert [field.key for field in app.number_input] == ["after_Q3"]


def test_what_the_measurement_decides_stands_on_the_card_once_it_was_shown():
    one = next(one for one in demos() if not isinstance(one.right, str) and one.chapter == 2)
    app = opened("course", closing="2")
    assert next(row for row in closing_rows(app) if row[0] == one.id)[2] == "not shown yet"
    settle(app.button(key="course_contents").click().run())
    _go(app, demo=one.id, step="notice")
    _go(app, closing="2")
    expected = one.right_option(one.compute(results.opened, **one.defaults(read(one.module, "en"))))
    assert next(row for row in closing_rows(app) if row[0] == one.id)[2] == read(one.module, "en").options[expected]


def test_the_course_leaves_text_model_and_head_as_they_were():
    app = started(text="Seven green apples.", layer="2", head="5")
    app.switch_page("pages/course.py")
    for where in ({"demo": "Q13", "step": "show", "q13_text": "不好"}, {"demo": "Q9b", "step": "show"}):
        _go(app, **where)
        assert not app.exception
    app.switch_page("pages/attention.py")
    _go(app)
    assert app.text_area(key="text").value == "Seven green apples." and "Layer 2, head 5" in written(app)
