"""All claims: each is computed, says what it found in both languages, and its numbers are those of the syllabus."""

import re

import pytest

from explorer.claims import Verdict, claim, claims
from explorer.claims.registry import TOPICS, of_topic, words_of
from explorer.i18n import LANGUAGES
from explorer.lectures import Measure, demo
from models import InputError
from tests.explorer.claims.shared import found
from tests.punctuation import latin

IDS = [one.id for one in claims()]


def test_no_claim_stands_twice_and_each_topic_has_some():
    assert len(set(IDS)) == len(IDS)
    assert all(of_topic(topic) for topic in TOPICS)


def test_a_claim_that_is_not_there_is_refused_in_words():
    with pytest.raises(InputError, match="C99"):
        claim("C99")


@pytest.mark.parametrize("id_", IDS)
def test_each_number_is_that_of_the_syllabus(id_):
    missed = [(m.name, m.value, m.relation, m.expected) for m in found(id_).measures if not m.holds]
    assert not missed


@pytest.mark.parametrize("id_", IDS)
def test_each_number_can_be_written_beside_what_it_is_held_against(id_):
    for measure in found(id_).measures:
        assert measure.shown and bool(measure.against) == (measure.expected is not None)
        assert not re.search(r"(^| )-0(\.0*)?%?($| )", f"{measure.shown} {measure.against}"), measure.name


def test_a_count_is_held_against_a_rounded_figure_and_nothing_has_no_sign():
    assert Measure("n", 4831838208, 4.83e9, tolerance=5e6, format=",d").against == "= 4,830,000,000 (Δ 1,838,208)"
    assert Measure("n", -0.0004, -0.003, "above", format=",.0%").shown == "0%"
    assert Measure("n", -0.0004, -0.003, "above", format=",.0%").against == "> 0%"
    assert Measure("n", -0.01, -0.004, format=".2f").against == "= 0.00 (Δ 0.006)"
    assert Measure("n", 0.0, format=".1e").shown == "0" and Measure("n", -0.05, format=".1f").shown == "-0.1"


@pytest.mark.parametrize("id_", IDS)
def test_a_claim_belongs_to_a_demo_of_the_course(id_):
    assert demo(claim(id_).demo).id == claim(id_).demo


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id_", IDS)
def test_what_is_said_leaves_no_gap(id_, language):
    words, result = words_of(claim(id_), language), found(id_)
    said = {m.name: m.shown for m in result.measures} | dict(result.said)
    assert not re.findall(r"\{[a-z]\w*\}", words.explained(said))
    assert not [text for text in (*words.labels.values(), words.claim, words.condition, words.source) if re.search(r"\{[a-z]\w*\}", text)]
    assert set(words.labels) == {m.name for m in result.measures}
    # What holds only then says when; a claim of history says where it is read.
    assert bool(words.condition) == (result.verdict is Verdict.ONLY_IF)
    assert result.measures or words.source


@pytest.mark.parametrize("id_", IDS)
def test_chinese_is_written_with_its_own_signs(id_):
    words, result = words_of(claim(id_), "zh"), found(id_)
    said = {m.name: m.shown for m in result.measures} | dict(result.said)
    for text in (words.claim, words.explained(said), words.condition, words.source, *words.labels.values()):
        assert not latin(text), text
