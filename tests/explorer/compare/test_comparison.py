"""Comparison: tokens that belong together, differences of maps, and heads ranked by how much they changed."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

import models
from explorer.ablation import heads
from explorer.capture import Tokens, capture
from explorer.compare import comparison

WORDS = st.lists(st.sampled_from(["the", "cat", "dog", "sat", "a"]), min_size=1, max_size=8)


def tokens(*texts: str) -> Tokens:
    return Tokens(tuple(range(len(texts))), texts, (0,) * len(texts), (False,) * len(texts))


def test_a_minimal_pair():
    found = comparison.align(tokens("[CLS]", "the", "cat", "sat"), tokens("[CLS]", "the", "dog", "sat"))
    assert found.one == found.other == (0, 1, 2, 3)
    assert found.labels == ("[CLS]", "the", "cat | dog", "sat") and found.same == (True, True, False, True)


def test_words_in_between_have_no_partner():
    found = comparison.align(tokens("the", "cat", "sat"), tokens("the", "very", "old", "cat", "sat"))
    assert found.one == (0, 1, 2) and found.other == (0, 3, 4) and all(found.same)


def test_two_tokenizers():
    found = comparison.align(tokens("[CLS]", "the", "play", "##ing"), tokens("The", " play", "ing"))
    assert found.one == (1, 2, 3) and found.other == (0, 1, 2)


@given(WORDS, WORDS)
def test_order_is_kept_and_nothing_is_used_twice(one, other):
    found = comparison.align(tokens(*one), tokens(*other))
    for side in (found.one, found.other):
        assert list(side) == sorted(set(side))
    for a, b, same in zip(found.one, found.other, found.same, strict=True):
        assert not same or one[a] == other[b]
    assert comparison.align(tokens(*one), tokens(*one)).one == tuple(range(len(one)))


def longest_common(one: list[str], other: list[str]) -> int:
    """By the definition, one token after the other."""
    table = np.zeros((len(one) + 1, len(other) + 1), int)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1, j + 1] = table[i, j] + 1 if a == b else max(table[i, j + 1], table[i + 1, j])
    return int(table[-1, -1])


@given(WORDS, WORDS)
def test_of_tokens_that_come_again_and_again_as_many_as_can_be_are_matched(one, other):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "_ALIKE", -1)
        found = comparison.align(tokens(*one), tokens(*other))
    assert sum(found.same) == longest_common(one, other)
    for numbers in (found.one, found.other):
        assert list(numbers) == sorted(set(numbers))
    assert all((one[a] == other[b]) == same or not same for a, b, same in zip(found.one, found.other, found.same, strict=True))


def test_the_longest_texts_of_two_tokens_take_no_time():
    one, other = tokens(*["a", "b"] * 512), tokens(*["b", "a", "a"] * 341)
    began = time.process_time()
    found = comparison.align(one, other)
    assert time.process_time() - began < 1 and sum(found.same) == longest_common(list(one.text), list(other.text))


def test_a_text_and_itself_differ_nowhere(bert):
    one = capture(bert, "The cat sat on the mat.")
    found = comparison.changes(one, one)
    assert found.divergence.shape == (6, 12) and found.divergence.max() < 1e-9 and found.total.max() < 1e-9


def test_changes_are_those_of_a_loop(bert):
    one, other = capture(bert, "The cat sat on the mat."), capture(bert, "The dog sat quietly on the mat.")
    rows = comparison.align(one.queries(), other.queries())
    found = comparison.changes(one, other)
    for layer, head in ((0, 2), (3, 5), (5, 11)):
        apart, moved = [], []
        for a, b in zip(rows.one, rows.other, strict=True):
            p, q = (
                np.append(w, 1 - w.sum()) for w in (one.pattern(layer, head)[a, list(rows.one)], other.pattern(layer, head)[b, list(rows.other)])
            )
            apart.append(jensenshannon(np.maximum(p, 0), np.maximum(q, 0)) ** 2)
            moved.append(np.abs(p - q).sum() / 2)
        assert found.divergence[layer, head] == pytest.approx(np.mean(apart), abs=1e-6)
        assert found.total[layer, head] == pytest.approx(np.mean(moved), abs=1e-6)
    first = found.ranked[0]
    assert found.divergence[first] == found.divergence.max() and len(found.ranked) == 72


def test_the_difference_is_cropped_and_not_renormalised(bert):
    one, other = capture(bert, "The cat sat."), capture(bert, "The old cat sat.")
    rows = comparison.align(one.queries(), other.queries())
    found = comparison.difference(one.pattern(1, 1), other.pattern(1, 1), rows, rows)
    assert found.shape == (6, 6) and len(rows) == 6
    assert found[1, 2] == other.pattern(1, 1)[1, 3] - one.pattern(1, 1)[1, 2]


def test_heads_that_are_switched_off_change_later_layers_only(bert):
    text = "The cat sat on the mat."
    found = comparison.changes(capture(bert, text), capture(bert, text, changes=heads.changes(bert, [(2, head) for head in range(12)])))
    assert found.divergence[:3].max() < 1e-9 < 1e-4 < found.divergence[3:].min()


def test_models_of_different_shapes(bert, tiny):
    text = "the cat sat on the mat ."
    with pytest.raises(models.InputError, match="same number of heads"):
        comparison.changes(capture(bert, text), capture(tiny("bert"), text))


def test_texts_without_a_common_token(tiny):
    with pytest.raises(models.InputError, match="no token in common"):
        comparison.changes(capture(tiny("llama"), "the cat sat"), capture(tiny("llama"), "where did they play"))


def test_a_view_only_model_cannot_be_changed(tiny):
    with pytest.raises(models.InputError, match="view-only"):
        capture(tiny("falcon"), "the cat", changes=heads.changes(tiny("falcon"), [(0, 0)]))
