"""Frames: what the course would show at each value of a control, computed by the demo itself at that value."""

import json
from functools import cache

import pytest

from explorer.charts.common.on_page import on_page
from explorer.charts.common.picture import rows
from explorer.i18n import LANGUAGES, speaking
from explorer.lectures import Control, Measure, Result, demo, demos
from explorer.lectures.words import read
from explorer.talk.frames import MOST_FRAMES, Store, film, moved
from models import InputError, load
from models.words import told
from tests.matrix import part


@cache
def models(name):
    return load(name, "cpu")


def unpacked(kept):
    """A table as a list of rows, from whichever form it is kept in."""
    table = json.loads(kept)
    return table if isinstance(table, list) else [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


@pytest.mark.parametrize("id_", part(["Q8", "Q3", "Q13"], ["Q8"]))
def test_each_frame_is_what_the_demo_computes_there(id_):
    one, store = demo(id_), Store()
    made = film(one, {}, models, store, lambda _share: None)
    controls = [next(c for c in one.controls if c.name == moving["name"]) for moving in made["controls"]]
    places = [tuple(map(int, place.split("."))) for place in made["frames"]]
    assert len(set(places)) == len(places) > 1
    for place in (places[0], places[-1]):
        for language in LANGUAGES:
            words = read(one.module, language)
            settings = one.defaults(words) | {c.name: c.values[i] for c, i in zip(controls, place, strict=True)}
            result = one.compute(models, **settings)
            frame = made["frames"][".".join(map(str, place))][language]
            assert frame["right"] == one.right_option(result)
            assert [(row[0], row[1]) for row in frame["measures"]] == [(words.label(m.name), m.shown) for m in result.measures]
            with speaking(language):
                drawn = [on_page(picture.spec()) for picture in one.pictures(result, words, False)]
            for kept, spec in zip(frame["show"], drawn, strict=True):
                tables = {name: rows(table) if not isinstance(table, list) else table for name, table in spec.pop("datasets").items()}
                assert {name: unpacked(store.kept[at]) for name, at in kept["tables"].items()} == json.loads(json.dumps(tables))
                assert kept["aloud"] == spec.pop("description")
                assert json.loads(store.kept[kept["spec"]]) == json.loads(json.dumps(spec))


@pytest.mark.thorough
def test_it_begins_where_the_step_stands():
    made = film(demo("Q3"), {"d_k": "1024"}, models, Store(), lambda _share: None)
    control = made["controls"][0]
    assert (control["name"], control["values"]["en"][made["at"][0]], control["slider"]) == ("d_k", "1,024", True)


def test_what_is_the_same_is_kept_once():
    store = Store()
    assert store.put({"a": 1, "b": [2]}) == store.put({"b": [2], "a": 1}) != store.put({"a": 2})


@pytest.mark.parametrize("one", demos(), ids=lambda one: one.id)
def test_the_control_that_matters_can_be_moved_and_there_is_room_for_all_frames(one):
    found = moved(one, one.defaults(read(one.module, "en")))
    main = next(c for c in one.controls if c.main)
    frames = 1
    for control in found:
        frames *= len(control.values)
    assert main in found and frames <= max(MOST_FRAMES, len(main.values))
    assert not [c for c in found if c.chips or (c.model and not c.main)]


def test_a_value_at_which_a_demo_cannot_be_computed_is_left_out_but_not_the_one_of_the_step():
    words = read("q08_parameters", "en")

    class Odd:
        id, module, chapter, source, first, more = "Q8", "q08_parameters", 2, "", "A", None
        controls = (Control("heads", (1, 2, 4), 2, main=True),)

        def defaults(self, _words):
            return {"heads": 2}

        def settings(self, _words, given):
            return {"heads": int(given.get("heads", 2))}

        def compute(self, _models, heads):
            if heads == 4:
                raise InputError(told("no"), told("yes"))
            return Result((Measure("one", heads),))

        def pictures(self, _result, _words, _dark):
            return []

        def right_option(self, _result):
            return "D"

    made = film(Odd(), {}, models, Store(), lambda _share: None)
    assert list(made["frames"]) == ["0", "1"] and made["frames"]["1"]["en"]["measures"][0][:2] == [words.label("one"), "2"]
    with pytest.raises(InputError):
        film(Odd(), {"heads": "4"}, models, Store(), lambda _share: None)


def test_papers_are_cited_in_the_language_of_the_file():
    made = film(demo("Q8"), {}, models, Store(), lambda _share: None)
    assert made["source"] == {"en": "Vaswani et al. 2017, section 3.2.2", "zh": "Vaswani et al. 2017，第 3.2.2 节"}


def test_what_was_measured_stands_in_the_notice_as_text():
    result = Result((), said={"model": "<b>*x*</b>"})
    one = demo("Q8")
    made = film(one, {}, models, Store(), lambda _share: None)
    assert "gpt2-mini" in made["frames"]["0.0" if len(made["controls"]) > 1 else "0"]["en"]["notice"]
    import explorer.talk.frames as frames

    words = read(one.module, "en")

    class Plain:
        more = None

        def pictures(self, *_given):
            return []

        def right_option(self, _result):
            return "D"

    frame = frames._frame(Plain(), result, words, "en", Store())
    assert "&lt;b&gt;*x*&lt;/b&gt;" in frame["notice"]
