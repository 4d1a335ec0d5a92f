"""What holds for every demo, whatever it is about."""

import json
import math
import re
from functools import cache

import pytest

from explorer import i18n, lectures
from explorer.charts.common.picture import Picture
from explorer.lectures import shipped
from explorer.lectures.demo import Measure
from explorer.lectures.exercises import AFTER, EXERCISES, after, texts
from explorer.lectures.registry import MODULES, demo, demos
from explorer.lectures.words import FOLDER, PARTS, parsed, read
from models import InputError

IDS = [one.id for one in demos()]
LETTERS = set("ABCDEF")


@pytest.fixture(scope="module")
def at_defaults(opener):
    """What a demo computes where all its controls stand as they do at first."""
    return cache(lambda id_: demo(id_).compute(opener, **demo(id_).defaults(read(demo(id_).module, "en"))))


@pytest.mark.parametrize("id_", IDS)
def test_a_demo_says_the_same_in_both_languages(id_):
    one = demo(id_)
    words = {which: read(one.module, which) for which in i18n.LANGUAGES}
    english, chinese = words["en"], words["zh"]
    assert 2 <= len(english.options) <= 4 and english.options.keys() == chinese.options.keys() <= LETTERS
    assert english.labels.keys() == chinese.labels.keys()
    # Figures of others are the same, whatever the language.
    assert [row[1:] for row in english.published] == [row[1:] for row in chinese.published]
    assert {name.strip("{}") for name in _named(english.notice)} == {name.strip("{}") for name in _named(chinese.notice)}
    assert all(part.strip() for text in words.values() for part in (text.title, text.question, text.show, text.notice, text.follow, text.notes))
    assert english.title != chinese.title and english.question != chinese.question
    # Two or three sentences: more are not listened to.
    assert all(1 <= _sentences(text.notice) <= 3 for text in words.values())


def _sentences(text):
    return len(re.findall(r"[.?!](?:[\s)]|$)|[。？！]", text.replace("et al.", "et al")))


@pytest.mark.parametrize("id_", IDS)
def test_a_demo_is_drawn_in_both_languages_and_its_measures_hold(id_, at_defaults):
    one = demo(id_)
    words = {which: read(one.module, which) for which in i18n.LANGUAGES}
    result = at_defaults(id_)
    assert result.measures and not [measure.name for measure in result.measures if not measure.holds]
    assert all(measure.shown and bool(measure.against) == (measure.expected is not None) for measure in result.measures)
    assert {measure.name for measure in result.measures} <= words["en"].labels.keys()
    assert {control.name for control in one.controls} <= words["en"].labels.keys()
    assert one.right_option(result) in words["en"].options and set(one.first) <= words["en"].options.keys()
    said = {measure.name: measure.shown for measure in result.measures} | dict(result.said) | dict(words["en"].options)
    assert not [name for name in _named(words["en"].notice) if name.strip("{}") not in said]
    for which, text in words.items():
        for draw in (one.pictures, one.more):
            if draw is None:
                continue
            with i18n.speaking(which):
                drawn = draw(result, text, False)
            assert 1 <= len(drawn) <= 3 and all(isinstance(picture, Picture) for picture in drawn)
            for picture in drawn:
                assert _rows(picture), "a picture without a row"


@pytest.mark.parametrize("id_", IDS)
def test_the_first_picture_is_another_one_where_the_main_control_stands_elsewhere(id_, opener, at_defaults):
    one, words = demo(id_), read(demo(id_).module, "en")
    main = next((control for control in one.controls if control.main and control.values), None)
    if main is None:
        pytest.skip("no control with values is the one that matters")
    elsewhere = next(value for value in main.values if value != main.default)
    results = at_defaults(id_), one.compute(opener, **one.defaults(words) | {main.name: elsewhere})
    tables = [[table.to_json() for picture in one.pictures(result, words, False) for table in picture.tables.values()] for result in results]
    assert tables[0] != tables[1]


def test_a_result_is_the_same_every_time(opener):
    one = demo("Q3")
    first, second = (one.compute(opener, d_k=16) for _ in range(2))
    assert [measure.value for measure in first.measures] == [measure.value for measure in second.measures]


WHOLE = "".join(f"## {part}\nwords\n\n" for part in PARTS)
"""A text with all parts that must be there."""


def test_words_of_the_course_have_the_parts_they_need():
    with pytest.raises(ValueError, match="no Notice"):
        parsed("# T\n\n## Ask\nq\n\n- A: a\n\n## Show\ns\n\n## Follow\nf\n\n## Notes\nn\n\n## Labels\n- a: b\n", "x")
    with pytest.raises(ValueError, match="Elsewhere"):
        parsed("# T\n\n## Elsewhere\nq\n")
    with pytest.raises(ValueError, match="published"):
        parsed(f"{WHOLE}## Published\n- only | two\n", "x")
    assert parsed(f"{WHOLE}## Published\n- what | 3 | who\n").published == (("what", "3", "who"),)
    files = {which: {file.name for file in (FOLDER / which).glob("*.md")} for which in i18n.LANGUAGES}
    assert files["en"] == files["zh"] == {f"{one.module}.md" for one in demos()} | {f"exercises{n}.md" for n in EXERCISES}


def test_settings_are_read_and_wrong_ones_are_refused():
    words = read("q03_scaling", "en")
    assert demo("q3").settings(words, {"d_k": "1024"}) == {"d_k": 1024, "divisor": "none", "view": "drawn", "model": "minilm-sst2"}
    with pytest.raises(InputError, match="no control"):
        demo("Q3").settings(words, {"width": "8"})
    with pytest.raises(InputError, match="cannot be"):
        demo("Q3").settings(words, {"d_k": "3"})
    with pytest.raises(InputError, match="no demo"):
        demo("Q99")


@pytest.mark.parametrize("id_", IDS)
def test_a_door_takes_along_what_the_controls_stand_at(id_):
    one, words = demo(id_), read(demo(id_).module, "en")
    chosen = one.defaults(words)
    last = chosen | {control.name: control.values[-1] for control in one.controls if control.values}
    assert set(one.door.carried) <= set(chosen)
    for settings in (chosen, last):
        address = one.door.address(settings)
        assert set(address) == {*one.door.settings, *one.door.carried.values(), *one.door.translated(settings)}
        assert all(address[name] == str(settings[control]) for control, name in one.door.carried.items())
        assert all(isinstance(value, str) and value for value in address.values())


def test_the_course_is_in_order():
    assert [one.module for one in demos()] == list(MODULES)
    assert len({one.id for one in demos()}) == len(MODULES) == 35
    assert [one.chapter for one in demos()] == sorted(one.chapter for one in demos())


@pytest.mark.parametrize(
    ("measure", "holds"),
    [
        (Measure("m", 1.0), True),
        (Measure("m", math.nan), False),
        (Measure("m", 1.05, 1, tolerance=0.1), True),
        (Measure("m", 1.2, 1, tolerance=0.1), False),
        (Measure("m", 0.2, 0.1, "above"), True),
        (Measure("m", 0.1, 0.1, "above"), False),
        (Measure("m", 0.1, 0.1, "at least"), True),
        (Measure("m", 0.1, 0.2, "below"), True),
        (Measure("m", math.nan, 0.2, "at most"), False),
    ],
)
def test_a_measure_holds_or_does_not(measure, holds):
    assert measure.holds == holds


RIGHT = {
    1: [(16, 1, 0.0625), (0.6285, 0.9796), (1536, 4608)],
    2: [(1_050_624,), (6_291_456, 8), (589_824, 64, 98_304)],
    3: [(60_611, 6.283), (1_048_576, 0), (0.5, 0.0039, 0.0067)],
    4: [(7.9e-31, 16_777_216), (4_722_432, 45.5), (0.40, 10)],
    5: [(37_748_736,), (805_306_368, 8_388_608), (3, 1.1353, 5, 1.2034)],
    6: [(1024, 1, 10), (294_912, 0.24), (0.05, 0.04)],
}


@pytest.mark.parametrize("chapter", EXERCISES)
def test_exercises_take_the_right_numbers_and_no_others(chapter):
    for answers, right in zip(EXERCISES[chapter], RIGHT[chapter], strict=True):
        for answer, value in zip(answers, right, strict=True):
            assert answer.right(value), answer.name
            assert not answer.right(value * 1.1 + 1), answer.name
    for which in i18n.LANGUAGES:
        for text, answers in zip(texts(chapter, which), EXERCISES[chapter], strict=True):
            assert text.question and text.way and text.labels.keys() == {answer.name for answer in answers}


def test_an_exercise_comes_after_the_demo_that_it_is_about():
    assert AFTER.keys() == EXERCISES.keys()
    for chapter, ids in AFTER.items():
        assert len(ids) == len(EXERCISES[chapter]) and all(demo(id_).chapter == chapter for id_ in ids)
        assert [after(demo(id_)) for id_ in ids] == [1, 2, 3]
    assert (after(demo("Q2")), after(demo("Q6")), after(demo("Q7"))) == (2, 3, None)


def test_shipped_data_say_how_they_were_made_and_fit():
    files = sorted(shipped.FOLDER.glob("*.json"))
    assert {file.stem for file in files} == {one.module for one in demos() if one.make is not None}
    assert sum(file.stat().st_size for file in files) <= 12 * 10**6
    for one in demos():
        if one.make is not None:
            card = shipped.read(one.module).card
            assert card.command.endswith(one.id) and card.seconds > 0 and card.date.startswith("20")


def test_data_that_were_computed_here_take_the_place_of_the_shipped_ones(opener, tmp_path, monkeypatch):
    one = demo("Q3")
    other = shipped.Shipped(dict(shipped.read(one.module).data) | {"losses": {"none": [[1, 2.5, 0.0]]}}, shipped.read(one.module).card)
    with shipped.instead(one.module, other):
        assert one.compute(opener).data["losses"] == other.data["losses"]
    assert one.compute(opener).data["losses"] != other.data["losses"]
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    fake = lectures.Demo(**{**vars(one), "make": lambda report: {"x": [1.5, 2]}})
    assert json.loads(shipped.write(fake).read_text(encoding="utf-8"))["data"] == {"x": [1.5, 2]}
    assert shipped.read(one.module).data == {"x": [1.5, 2]}


def _named(text: str) -> list[str]:
    import re

    return re.findall(r"\{\w+\}", text)


def _rows(picture: Picture) -> int:
    return max((len(table) for table in picture.tables.values()), default=0)


@pytest.mark.parametrize(
    ("id_", "settings", "address"),
    [
        ("Q3", {"view": "real"}, {"softmax": "model", "look": "scale", "model": "minilm-sst2"}),
        ("Q4", {"shape": "768x12x12"}, {"model": "gpt2-mini"}),
        ("Q4", {"shape": "bert-mini"}, {"model": "bert-mini"}),
        ("Q7", {"heads": 32}, {"lab_preset": "recall", "lab_d_model": "64", "lab_heads": "32"}),
        ("Q9", {"start": "dropout"}, {"lab_preset": "induction", "lab_identical_heads": "true", "lab_dropout": "0.1"}),
        ("Q11", {"heads": 4, "kind": "averaged"}, {"lab_heads": "4", "lab_d_model": "16", "lab_d_k": "16", "lab_combine": "mean"}),
        ("Q12", {"heads": 2, "output": "without"}, {"lab_heads": "2", "lab_output_projection": "false"}),
        ("Q13", {"text": "狗咬人", "swap": "1.0.2"}, {"text": "狗咬人", "model": "zh-mini", "order": "1.0.2", "order_positions": "false"}),
        ("Q13", {"text": "dog bites man", "positions": "on"}, {"model": "all-MiniLM-L6-v2", "order_positions": "true"}),
        ("Q14", {"table": "gpt2-mini"}, {"positions": "tables", "model": "gpt2-mini"}),
        ("Q15", {"head": 7, "text": "A bird", "model": "zh-mini"}, {"positions": "terms", "head": "7", "text": "A bird", "model": "zh-mini"}),
        ("Q16", {"view": "where"}, {"positions": "where"}),
    ],
)
def test_a_door_speaks_the_words_of_its_page(id_, settings, address):
    chosen = demo(id_).defaults(read(demo(id_).module, "en")) | settings
    assert address.items() <= demo(id_).door.address(chosen).items()
