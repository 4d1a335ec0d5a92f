"""The file of a lecture: what was saved comes back, and what is wrong is refused in words that name the step."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lectures.demo import STEPS
from explorer.talk import Step, Talk, of_chapter, opened, saved
from explorer.talk.file import KEY, MOST_STEPS, VERSION
from explorer.talk.places import PAGES
from models import InputError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MINUTES = st.floats(0, 600)
DEMOS = st.builds(
    Step,
    kind=st.just("demo"),
    name=st.just("Q3"),
    step=st.sampled_from(STEPS),
    settings=st.dictionaries(st.just("d_k"), st.sampled_from(["1", "64", "1024"])),
    notes=TEXTS,
    minutes=MINUTES,
)
OTHERS = st.builds(
    Step, kind=st.just("page"), name=st.sampled_from(PAGES), settings=st.dictionaries(TEXTS, TEXTS, max_size=3), title=TEXTS, dark=st.booleans()
)
WORDS = st.builds(Step, kind=st.just("text"), title=TEXTS, text=TEXTS, minutes=MINUTES)


@given(st.builds(Talk, title=TEXTS, steps=st.lists(st.one_of(DEMOS, OTHERS, WORDS), max_size=6).map(tuple)))
def test_what_was_saved_comes_back(talk):
    assert opened(saved(talk).encode()) == talk


def test_pictures_come_back_too():
    spec = {"mark": "point", "datasets": {"a": [{"x": 1}]}, "encoding": {"url": {"field": "picture", "type": "nominal"}}}
    talk = Talk("", (Step("page", "attention", pictures=(spec,), taken="2026-11-28 10:00"),))
    assert opened(saved(talk).encode()).steps[0].pictures == (spec,)


def test_a_chapter_is_all_steps_of_all_its_demos_and_its_minutes_are_their_sum():
    talk = of_chapter(1, "one")
    assert [step.name for step in talk.steps[:: len(STEPS)]] == ["Q1", "Q2", "Q3", "Q4", "Q5", "Q5b", "Q6"]
    assert talk.minutes == sum(step.minutes for step in opened(saved(talk).encode()).steps) == 7 * 8.5


def test_steps_are_changed_one_by_one():
    talk = Talk("", tuple(Step("text", title=title) for title in "abc"))
    assert [step.title for step in talk.in_order([2, 0, 1]).without(1).steps] == ["c", "b"]
    assert talk.with_step(1, minutes=7.0).minutes == 13.0


def file_of(*steps, **changed):
    return json.dumps({KEY: VERSION, "title": "", "steps": list(steps), **changed}).encode()


OF_Q3 = {"kind": "demo", "name": "Q3", "step": "show", "minutes": 1}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no lecture"),
        (b"\xff\xfe\x00", "no lecture"),
        (b"[1, 2]", "no lecture"),
        (b"[" * 100_000, "no lecture"),
        (file_of(**{KEY: 99}), "version 99"),
        (file_of(**{"steps": "none"}), "no list of steps"),
        (file_of(*[OF_Q3] * (MOST_STEPS + 1)), "no list of steps"),
        (file_of(OF_Q3, {"kind": "film"}), "Step 2"),
        (file_of({**OF_Q3, "name": "Q99"}), "no demo Q99"),
        (file_of({**OF_Q3, "step": "dance"}), "no step dance"),
        (file_of({**OF_Q3, "settings": {"width": "3"}}), "no control width"),
        (file_of({**OF_Q3, "settings": {"d_k": "3.5"}}), "cannot be 3.5"),
        (file_of({**OF_Q3, "minutes": float("nan")}), "minutes"),
        (file_of({**OF_Q3, "minutes": True}), "minutes"),
        (file_of({**OF_Q3, "minutes": -1}), "minutes"),
        (file_of({**OF_Q3, "minutes": 10**400}), "minutes"),
        (file_of({"kind": "text", "text": "\ud83d", "minutes": 1}), "no lecture"),
        (file_of(OF_Q3, **{KEY: [[[]]]}), "version"),
        (file_of({"kind": "page", "name": "prune", "minutes": 1, "pictures": [json.loads('{"a":' * 300 + "1" + "}" * 300)]}), "pictures"),
        (file_of({"kind": "page", "name": "prune", "minutes": 1, "pictures": [{"datasets": {"t": [{"x": float("nan")}]}}]}), "pictures"),
        (file_of({**OF_Q3, "notes": 7}), "notes"),
        (file_of({**OF_Q3, "notes": "x" * 20_001}), "notes"),
        (file_of({**OF_Q3, "sound": "boom"}), "sound"),
        (file_of({"kind": "page", "name": "../app", "minutes": 1}), "no page"),
        (file_of({"kind": "page", "name": "prune", "minutes": 1, "pictures": [{"data": {"url": "http://there/x.json"}}]}), "pictures"),
        (file_of({"kind": "page", "name": "prune", "minutes": 1, "pictures": [{"encoding": {"href": {"field": "a"}}}]}), "pictures"),
        (file_of({"kind": "page", "name": "prune", "minutes": 1, "pictures": [{"encoding": {"url": {"value": "http://there"}}}]}), "pictures"),
        (file_of({"kind": "page", "name": "prune", "minutes": 1, "pictures": "none"}), "pictures"),
    ],
)
def test_what_is_wrong_is_refused_in_words(data, said):
    with pytest.raises(InputError) as refused:
        opened(data)
    assert said in f"{refused.value.problem} {refused.value.advice}"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_lecture_or_refused(data):
    try:
        opened(data)
    except InputError as refused:
        assert refused.problem and refused.advice
