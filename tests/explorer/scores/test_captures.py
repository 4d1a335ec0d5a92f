"""Head scores of captures: pairs as they were read, one capture at a time, and nulls of the same tokens."""

import weakref

import numpy as np
import pytest

import explorer
from explorer.scores import families, measure, null, roles
from explorer.scores.definitions import SCORES
from tests.explorer.test_reading import PAIR, TEXT, eager, of_pair, telling


@pytest.fixture
def paired(tiny):
    return telling(tiny("bert"))


def test_scores_of_a_pair_are_those_of_its_capture(paired):
    captures = [explorer.capture(paired, TEXT, PAIR), explorer.capture(paired, PAIR)]
    by_capture, again = measure.on_captures(captures), measure.on_texts(paired, captures)
    for score in SCORES:
        np.testing.assert_allclose(again.values[score.name], by_capture.values[score.name], atol=1e-5)
    alone = measure.on_texts(paired, [TEXT, PAIR])
    assert again.tokens == alone.tokens + 5 and np.abs(alone.values["entropy"] - again.values["entropy"]).max() > 1e-3
    weights = eager(paired, of_pair(paired), output_attentions=True).attentions
    only = measure.on_texts(paired, captures[:1])
    np.testing.assert_allclose(only.values["confidence"], [w[0].max(-1).values.mean(-1).numpy() for w in weights], atol=1e-5)


@pytest.mark.parametrize("name", ["t5", "falcon"])
@pytest.mark.parametrize("part", ["encoder", "decoder", "cross"])
def test_streamed_scores_hold_one_capture_at_a_time(tiny, name, part, monkeypatch):
    model, texts = tiny(name), [TEXT, "a dog", f"{TEXT} , {PAIR} ?"]
    if part not in model.parts:
        return
    captures = [explorer.capture(model, text) for text in texts]
    expected = measure.on_captures(captures, part)
    made = measure.capture_sides
    held: list[object] = []

    def counted(*given: object) -> object:
        held[:] = [one for one in held if one() is not None]
        assert not held
        captured = made(*given)
        held.append(weakref.ref(captured))
        return captured

    monkeypatch.setattr(measure, "capture_sides", counted)
    for given in (texts, captures):
        told: list[float] = []
        found = measure.on_texts(model, given, part, told.append)
        for score in SCORES:
            np.testing.assert_array_equal(found.values[score.name], expected.values[score.name])
        assert told == sorted(told) and told[-1] == 1 and found.texts == 3


def test_nulls_of_a_capture_shuffle_its_own_tokens(paired):
    captured = explorer.capture(paired, TEXT, PAIR)
    (mixed,) = null.shuffled_tokens(paired, [captured], seed=4)
    source = captured.source
    assert sorted(mixed.ids) == sorted(source.ids) and mixed.ids != source.ids
    assert (mixed.types, mixed.segments, mixed.special) == (source.types, source.segments, source.special)
    assert [i for i, special in zip(mixed.ids, mixed.special, strict=True) if special] == [2, 3, 3]
    known = roles.known(paired, [captured])
    assert known.scores.tokens == known.shuffled.tokens == known.random.tokens == len(captured.tokens)
    np.testing.assert_array_equal(
        known.shuffled.values["entropy"], measure.on_texts(paired, null.shuffled_tokens(paired, [captured])).values["entropy"]
    )


def test_families_of_a_capture(paired, monkeypatch):
    captured = explorer.capture(paired, TEXT, PAIR)
    np.testing.assert_allclose(families.of_texts(paired, [captured]).divergence, families.of_capture(captured).divergence, atol=1e-9)
    monkeypatch.setattr(families, "TOKENS", 6)
    cut = explorer.capture(paired, TEXT, PAIR, max_tokens=6)
    np.testing.assert_allclose(families.of_texts(paired, [captured]).divergence, families.of_capture(cut).divergence, atol=1e-9)
