import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
import models
from explorer.scores import masks
from models.toy import handmade


def looped(name: str, pattern: np.ndarray, ids: list[int]) -> float:
    """The definitions again, one query and one key at a time."""
    found = []
    for i in range(len(ids)):
        keys = {
            "previous token": [j for j in range(len(ids)) if j == i - 1],
            "same token": [i],
            "next token": [j for j in range(len(ids)) if j == i + 1],
            "first token": [0] if i else [],
            "duplicate token": [j for j in range(i) if ids[j] == ids[i]],
            "induction": [j for j in range(1, i) if ids[j - 1] == ids[i]],
        }[name]
        if keys:
            found.append(sum(pattern[i, j] for j in keys))
    return float(np.mean(found)) if found else float("nan")


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(0, 2**32 - 1))
def test_scores_are_those_of_a_loop(ids, seed):
    patterns = np.random.default_rng(seed).dirichlet(np.ones(len(ids)), size=(3, len(ids)))
    for name, role in masks.ROLES.items():
        expected = [looped(name, pattern, ids) for pattern in patterns]
        np.testing.assert_allclose(masks.score(patterns, role(ids)), expected, atol=1e-12)


@given(st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=6), min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_scores_stay_between_0_and_1_and_examples_are_pooled(texts, seed):
    draw = np.random.default_rng(seed)
    examples = [(draw.dirichlet(np.ones(len(ids)), size=(2, len(ids))), ids) for ids in texts]
    for name, found in masks.scores(examples).items():
        rows = [masks.row_scores(pattern, masks.ROLES[name](ids)) for pattern, ids in examples]
        n = sum(row.shape[-1] for row in rows)
        if n:
            np.testing.assert_allclose(found, sum(row.sum(-1) for row in rows) / n, atol=1e-12)
            assert ((found >= 0) & (found <= 1 + 1e-12)).all()
        else:
            assert np.isnan(found).all()


def test_perfect_heads_score_one_and_nothing_else():
    # A segment of four different tokens, twice: the first copy has no duplicate.
    ids = [5, 3, 8, 1, 5, 3, 8, 1]
    offsets = {"previous token": 1, "duplicate token": 4, "induction": 3, "same token": 0}
    for name, offset in offsets.items():
        pattern = np.eye(8, k=-offset)
        pattern[: max(offset, 0), 0] = 1
        for other, far in offsets.items():
            score = float(masks.score(pattern, masks.ROLES[other](ids)))
            if other == name:
                assert score == pytest.approx(1.0), name
            elif min(far, offset) > 0 or {far, offset} == {0, 4}:
                assert score < 0.2, (name, other)


def test_induction_is_not_found_where_nothing_repeats():
    assert np.isnan(masks.score(np.eye(4), masks.induction([1, 2, 3, 4])))
    assert np.isnan(masks.score(np.eye(1), masks.previous_token([1])))


def test_a_token_that_follows_its_own_copy_does_not_count_as_induction():
    assert not masks.induction([7, 7]).any()
    assert masks.induction([7, 7, 7]).nonzero() == (np.array([2]), np.array([1]))


def test_heads_set_by_a_formula_play_their_roles(tmp_path):
    network, tokenizer = handmade.induction(list("abcdefgh"), max_length=40)
    network.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    captured = explorer.capture(models.load(tmp_path, device="cpu"), "a b c d e a b c d e a b")
    ids = captured.queries().ids
    found = [masks.scores([(captured.patterns(layer), ids)]) for layer in range(2)]
    assert found[0]["previous token"][0] > 0.999
    # A B .. A B .. A: two earlier copies share the attention, and both are right.
    assert found[1]["induction"][0] > 0.999
    assert found[0]["induction"][0] < 0.3
