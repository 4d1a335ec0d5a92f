"""Files of examples on a page: what was guessed is shown, can be changed, and what is then scored is what is shown."""

import pytest

from explorer.tasks import choose, data
from explorer.tasks.data import Asked
from explorer.tasks.formats import Format
from tests.pages.shared import give, opened, settle, written

FILM = """idx;what;other;mark
1;A warm and clever film.;cold and bad;1
2;The plot goes nowhere.;warm and good;0
3;I loved it.;dull;1
4;Dull.;great;1
"""


def given(name: str, content: bytes, **more: str):
    app = opened("prune", source="file", colour="none", **more)
    return settle(give(app, "file", name, content))


def box(app, label: str):
    return next(box for box in app.selectbox if box.label == label)


def accuracy(app) -> str:
    assert not app.exception and not app.error, [error.value for error in app.error]
    return next(metric.value for metric in app.metric if metric.label == "Accuracy")


def expected(classifier, content: str, asked: Asked, name: str = "film.csv") -> str:
    examples = data.read(content.encode(), name, asked, answers="class")
    return f"{choose.make('classify', classifier, examples).score().score:.1%}"


def test_columns_are_shown_and_can_be_changed(classifier):
    app = given("film.csv", FILM.encode())
    assert [box(app, label).value for label in ("Texts", "Labels", "Second texts")] == [1, 3, None]
    assert accuracy(app) == expected(classifier, FILM, Asked())
    settle(box(app, "Texts").set_value(2).run())
    assert accuracy(app) == expected(classifier, FILM, Asked(text="3")) != expected(classifier, FILM, Asked())
    settle(box(app, "Second texts").set_value(1).run())
    assert accuracy(app) == expected(classifier, FILM, Asked(text="3", pair="2"))
    again = next(button for button in app.button if button.label == "Guess again" and not button.disabled)
    settle(again.click().run())
    assert box(app, "Texts").value == 1 and accuracy(app) == expected(classifier, FILM, Asked())


def test_classes_can_be_swapped(classifier):
    app = given("film.csv", FILM.encode())
    assert [box(app, label).value for label in "01"] == [0, 1]
    settle(next(button for button in app.button if button.label == "Swap").click().run())
    assert [box(app, label).value for label in "01"] == [1, 0]
    swapped = accuracy(app)
    assert swapped == expected(classifier, FILM, Asked(classes=(("0", "1"), ("1", "0")))) != expected(classifier, FILM, Asked())
    assert "0 = positive, 1 = negative" in written(app)


def test_classes_that_fit_none_of_the_model_s_can_be_told(classifier):
    content = "text,label\nA warm film.,mixed\nDull.,negative\nI loved it.,positive\n"
    app = given("film.csv", content.encode())
    assert 'no class "mixed"' in app.error[0].value
    for label, number in (("mixed", 0), ("negative", 0), ("positive", 1)):
        settle(box(app, label).set_value(number).run())
    assert accuracy(app) == expected(classifier, content, Asked(classes=(("mixed", "0"), ("negative", "0"), ("positive", "1"))))


def test_rows_of_a_label_that_no_class_is_like_can_be_left_out(classifier):
    """The others stand at the class of their name already; what is left out stays in its box, and can come back."""
    content = "text,label\nA warm film.,mixed\nDull.,negative\nI loved it.,positive\n"
    app = given("film.csv", content.encode())
    assert [box(app, label).value for label in ("mixed", "negative", "positive")] == [None, 0, 1]
    settle(box(app, "mixed").set_value(-1).run())
    assert accuracy(app) == expected(classifier, content, Asked(classes=(("mixed", ""), ("negative", "0"), ("positive", "1"))))
    assert box(app, "mixed").value == -1 and 'labels "mixed": 1 of 3.' in written(app).replace("\\", "")
    settle(box(app, "mixed").set_value(1).run())
    assert box(app, "mixed").value == 1 and "of 3." not in written(app)


def test_of_all_rows_none_is_left_out(classifier):
    app = given("film.csv", b"text,label\nDull.,negative\nI loved it.,positive\n")
    for label in ("negative", "positive"):
        settle(box(app, label).set_value(-1).run())
    assert "All rows are left out." in app.error[0].value
    settle(box(app, "positive").set_value(1).run())
    assert accuracy(app) and box(app, "negative").value == -1


def test_a_dash_that_was_taken_for_no_label_can_be_a_class(classifier):
    content = "text,label\nA warm film.,-\nDull.,negative\nI loved it.,positive\n"
    app = given("film.csv", content.encode())
    assert accuracy(app) and [box(app, label).value for label in ("\u2060-", "negative", "positive")] == [-1, 0, 1]
    settle(box(app, "\u2060-").set_value(1).run())
    assert accuracy(app) == expected(classifier, content, Asked(classes=(("-", "1"), ("negative", "0"), ("positive", "1"))))
    assert "of 3." not in written(app)


def test_a_sign_is_called_by_itself(classifier):
    app = given("film.csv", b"text,label\nDull.,-\nI loved it.,+\n")
    assert [(one.label, one.value) for one in app.selectbox if one.label[-1:] in "+-"] == [("\u2060-", 0), ("\u2060+", 1)]


def test_the_format_is_shown_and_can_be_changed(classifier):
    app = given("film.csv", FILM.encode("utf-16-le"))
    labels = ("Separator", "Double quotes", "The first row", "Encoding")
    assert [box(app, label).value for label in labels] == [";", False, True, "utf-16-le"]
    settle(box(app, "The first row").set_value(False).run())
    assert app.error and not app.metric  # the row of names is an example now, whose label is no number
    settle(box(app, "The first row").set_value(True).run())
    assert accuracy(app) == expected(classifier, FILM, Asked())


def test_a_file_in_another_encoding_is_read_as_soon_as_that_is_said(classifier):
    content = FILM.replace("clever", "clever caf\xe9")
    app = given("film.csv", content.encode("cp1252"))
    assert "not UTF-8" in app.error[0].value and "line 2" in app.error[0].value
    settle(box(app, "Encoding").set_value("cp1252").run())
    assert accuracy(app) == expected(classifier, content, Asked())
    assert box(app, "Encoding").value == "cp1252"


def test_the_lines_to_take_away_read_the_same(classifier, tmp_path, monkeypatch):
    from explorer.ui.common.task_choice import TaskChoice, setup_lines

    (tmp_path / "film.csv").write_text(FILM, "utf-8")
    monkeypatch.chdir(tmp_path)
    asked = Asked(text="3", format=Format(separator=";"), classes=(("0", "1"), ("1", "0")))
    examples = data.read(FILM.encode(), "film.csv", asked, answers="class").first(3)
    lines = setup_lines(TaskChoice(classifier, "classify", examples, None, "zero", (), "film.csv", asked))
    known: dict = {"choose": choose}
    exec("import models\n" + "\n".join(lines), known)
    items = choose.make("classify", classifier, examples).items
    assert [vars(item) for item in known["task"].items] == [vars(item) for item in items]


@pytest.mark.parametrize("page", ["prune", "heads"])
def test_an_empty_place_says_what_a_file_may_hold_and_offers_one(page):
    app = opened(page, **({"source": "file"} if page == "prune" else {"scored_on": "file"}))
    assert "sentence2" in written(app)
    assert app.get("download_button")


def test_a_file_is_read_once_however_often_the_page_runs(monkeypatch) -> None:
    """However large it is, a click elsewhere does not wait for it."""
    reads = []
    monkeypatch.setattr(data, "read", lambda *given, _read=data.read, **how: reads.append(given[1]) or _read(*given, **how))
    app = given("read_once.csv", b"text,label\nonce upon a film,1\nnever again,0\n")
    for _run in range(3):
        settle(app.run())
    assert not app.exception and reads == ["read_once.csv"]
