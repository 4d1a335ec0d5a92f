"""The text bar: what is typed is what is read, and what cannot be read is said; each viewer in their own language."""

import re
from html import unescape
from types import SimpleNamespace

import pytest

from explorer import i18n, unread
from explorer.capture import capture
from explorer.examples import EXAMPLES
from explorer.ui.common import sidebar
from models import CATALOGUE
from models.opening import catalogue
from tests.pages.shared import in_one_run, opened, opened_at, settle, started, within, written

PAGES = ["attention", "heads", "beyond", "compare"]


def chips(app) -> list[tuple[str, str]]:
    """Kind and text of the chips."""
    (html,) = [element.proto.body for element in app.get("html") if 'class="chips"' in element.proto.body]
    return [(kind, unescape(text)) for kind, text in re.findall(r'<span class="(\w+)"[^>]*>(.*?)</span>', html)]


@pytest.mark.parametrize("page", PAGES)
def test_the_chips_are_the_tokens_of_the_text_that_is_read(page, bert):
    app = opened(page)
    for text in (EXAMPLES[0].text, "Seven <b>green</b> apples & pears."):
        settle(app.text_area(key="text").set_value(text).run())
        captured = capture(bert, text)
        frame = {True: "frame", False: "token"}
        assert chips(app) == [(frame[special], label) for special, label in zip(captured.special, captured.source.labels, strict=True)]


def test_a_pair_has_its_chips_too(bert):
    app = opened("attention")
    settle(app.text_area(key="pair").set_value("Pears too.").run())
    assert [text for _kind, text in chips(app)] == capture(bert, EXAMPLES[0].text, "Pears too.").source.labels


def test_what_cannot_be_read_is_marked_and_a_model_that_can_is_a_click_away(bert):
    app = started(text="我爱你")
    captured = capture(bert, "我爱你")
    kinds = unread.unread(bert, captured.source, "我爱你").kinds
    assert [kind if kind == "unknown" else "" for kind, _text in chips(app)] == list(kinds)
    assert "爱 你" in written(app) and "[UNK]" in unescape(written(app)).replace("\\", "")
    other = unread.who_reads("爱你", but=bert.name)
    buttons = [button for button in app.button if button.key == "read_with"]
    assert bool(buttons) == bool(other)
    if buttons:
        settle(buttons[0].click().run())
        assert app.selectbox(key="model").value == other and app.text_area(key="text").value == "我爱你"
        assert [text for kind, text in chips(app) if kind == "token"] == ["我", "爱", "你"]
        assert not [button for button in app.button if button.key == "read_with"]


def test_what_neither_side_can_read_is_said_once():
    app = started(model=catalogue.TRANSLATION, text="П", target="П")
    assert not app.exception and len([button for button in app.button if button.key == "read_with"]) == 1
    assert [kind for kind, _text in chips(app)].count("unknown") == 2


def test_an_example_says_what_to_look_for():
    app = started(text=EXAMPLES[1].text)
    assert EXAMPLES[1].look in written(app) and EXAMPLES[0].look not in written(app)


def test_bytes_are_marked_too():
    app = started(text="I 爱", model="gpt2-mini")
    marked = [text for kind, text in chips(app) if kind == "bytes"]
    assert len(marked) >= 2 and all(re.fullmatch(r"<[0-9A-F ]+>", text) for text in marked)


def test_generate_has_chips_of_what_it_goes_on_with_and_offers_no_model_that_does_not():
    app = opened("generate", text="I 爱")
    marked = [text for kind, text in chips(app) if kind == "bytes"]
    assert chips(app)[0] == ("token", "I") and len(marked) >= 2 and "爱 byte by byte" in written(app)
    assert not [button for button in app.button if button.key == "read_with"]


def test_of_a_long_text_the_rest_is_counted():
    app = started(text="word " * 200)
    (html,) = [element.proto.body for element in app.get("html") if 'class="chips"' in element.proto.body]
    assert len(chips(app)) == 60 and "and 142 more" in html


@pytest.mark.parametrize("page", ["attention", "generate"])
def test_a_text_that_was_too_long_for_its_address_is_asked_for_where_it_is_not_known(page):
    app = opened_at(page, {"of": "01234567"})
    (said,) = [warning.value for warning in app.warning if "too long" in warning.value]
    assert "give it again" in said
    app.text_area(key="text").set_value("Here it is.")
    assert not [warning for warning in settle(app.run()).warning if "too long" in warning.value]


@pytest.mark.parametrize("alone", [False, True])
def test_what_the_choice_of_a_device_says_names_every_device_that_is_offered(alone, monkeypatch):
    # In the sidebar alone: a process that has once told strangers from its owner stays so.
    monkeypatch.setattr(sidebar, "strangers", SimpleNamespace(are_there=lambda: not alone))
    monkeypatch.setattr(sidebar, "devices", lambda: ["cuda", "cuda:1", "mps", "cpu"])
    for lang in ("en", "zh"):
        box = started(lang=lang).selectbox(key="device")
        assert box.options == ["auto", "cuda", "cuda:1", "mps", "cpu", *(["split"] if alone else [])]
        assert set(re.findall(r"\*([a-z:0-9]+)\*", box.help)) == set(box.options)


def test_entries_that_need_the_network_are_marked():
    app = within("attention")
    titles = dict(zip([*(entry.name for entry in CATALOGUE)], app.selectbox(key="model").options, strict=True))
    for entry in CATALOGUE:
        assert titles[entry.name] == (str(entry.title) if entry.bundled else f"{entry.title} (online)")
    assert titles[catalogue.BUNDLED_BERT] == "MiniLM (bundled BERT)"


def test_two_viewers_read_two_languages():
    english, chinese = started(), started(lang="zh")
    for _time in range(2):
        for app, which, word, other in ((english, "en", "Attention", "注意力"), (chinese, "zh", "注意力", "Attention")):
            with i18n.speaking(which):  # AppTest asks for the titles of options outside of the app
                settle(app.run())
            (header,) = [element.value for element in app.markdown if element.value.startswith("####")]
            assert word in header and other not in header


@pytest.mark.parametrize(
    ("page", "word", "others"),
    # Of the sentences that are scored a few say what all would.
    [("prune", "剪枝", {"limit": "24"}), ("training", "训练", {}), ("softmax", "Softmax 实验室", {}), ("positions", "位置", {})],
)
def test_every_page_speaks_the_language_of_the_address(page, word, others):
    # The switch itself is pressed in tests/browser/test_stage.py: AppTest draws what is around the pages only once.
    with i18n.speaking("zh"):  # AppTest asks for the titles of options outside of the app
        app = opened(page, lang="zh", **others)
        assert word in next(element.value for element in app.markdown if element.value.startswith("####"))


def test_numbers_stay_as_they_are_in_another_language():
    shown = {}
    for which in i18n.LANGUAGES:
        app = started(lang=which)
        shown[which] = re.findall(r"\d[\d.,]*", " ".join(element.value for element in app.markdown if element.value.startswith("####")))
    assert shown["en"] == shown["zh"]


@pytest.mark.parametrize("which", list(i18n.LANGUAGES))
def test_an_error_of_the_models_is_in_the_language_of_the_viewer(which, monkeypatch):
    in_one_run(monkeypatch)
    app = started(lang=which, model="/nowhere/at/all")
    with i18n.speaking(which):
        assert i18n._("There is no folder {folder}.").split("{")[0] in written(app).replace("\\", "")
