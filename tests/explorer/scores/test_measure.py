"""Scores against a loop over queries and keys, on every architecture, on random patterns and on ones whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import models
from explorer.capture import Capture, Tokens, capture, tokens_of
from explorer.scores import by_text, measure
from explorer.scores.definitions import SCORES
from models.attention import scoring
from models.opening import sites
from models.surgery import slicing
from tests import tiny as making
from tests.explorer.scores import reference

TEXTS = ["the cat sat on the mat .", "the dog , the dog", "where did they play ?", "a cat sat on a cat ."]


def by_loop(captures: list[Capture], layer: int, head: int) -> dict[str, float]:
    tokens = [captured.keys() for captured in captures]
    counts = {number: sum(of.ids.count(number) for of in tokens) for of in tokens for number in of.ids}
    rows: dict[str, list[float]] = {name: [] for name in reference.NAMES}
    for captured, of in zip(captures, tokens, strict=True):
        words = [i for i in range(len(of)) if not of.special[i] and not reference.is_punctuation(of.text[i])]
        rare = sorted(words, key=lambda i: (counts[of.ids[i]], -of.ids[i], i))[0] if words else None
        found = reference.score(captured.pattern(layer, head), captured.visible(layer), list(of.ids), list(of.special), list(of.text), rare)
        for name, values in found.items():
            rows[name] += values
    return {name: float(np.mean(values)) if values else float("nan") for name, values in rows.items()}


def made(patterns: np.ndarray, ids: list[int], causal: bool = False) -> Capture:
    """A capture with these weights, (heads, query, key), as of a view-only model of one layer."""
    part = "decoder" if causal else "encoder"
    side = Tokens(tuple(ids), tuple(f"w{i}" for i in ids), (0,) * len(ids), (False,) * len(ids))
    site = sites.Site(0, part, 0, len(patterns), len(patterns), 0)
    return Capture("made", (site,), {part: side}, weights=[torch.from_numpy(patterns.astype(np.float32))])


@pytest.mark.parametrize("name", [*making.ENCODERS, *making.DECODERS, "falcon"])
def test_every_architecture(tiny, name):
    texts = [text[:30] for text in TEXTS] if name == "gpt2" else TEXTS
    found = measure.on_texts(tiny(name), texts)
    captures = [capture(tiny(name), text) for text in texts]
    for layer, head in ((0, 0), (0, 3), (1, 2)):
        expected = by_loop(captures, layer, head)
        ours = {score.name: float(found.values[score.name][layer, head]) for score in SCORES}
        assert ours == pytest.approx(expected, abs=1e-5, nan_ok=True)
    assert found.texts == 4 and found.tokens == sum(len(captured.tokens) for captured in captures)
    again = measure.on_captures(captures)
    for score in SCORES:
        np.testing.assert_allclose(again.values[score.name], found.values[score.name], atol=1e-5)


def test_blocks_of_rows_change_nothing(tiny, monkeypatch):
    whole = measure.on_texts(tiny("llama"), TEXTS)
    monkeypatch.setattr(by_text, "_BYTES", 300)
    monkeypatch.setattr(measure, "TOKENS", 8)
    parts = measure.on_texts(tiny("llama"), TEXTS)
    for score in SCORES:
        np.testing.assert_allclose(parts.values[score.name], whole.values[score.name], atol=1e-6)


@given(seed=st.integers(0, 999), n=st.integers(1, 9), causal=st.booleans())
def test_random_patterns(seed, n, causal):
    draw = np.random.default_rng(seed)
    patterns = draw.dirichlet(np.full(n, 0.3), (2, n))
    if causal:
        patterns = np.tril(patterns) + 1e-9 * np.eye(n)
        patterns /= patterns.sum(-1, keepdims=True)
    captured = made(patterns, draw.integers(0, 4, n).tolist(), causal)
    found = measure.on_captures([captured])
    for head in range(2):
        ours = {score.name: float(found.values[score.name][0, head]) for score in SCORES}
        assert ours == pytest.approx(by_loop([captured], 0, head), abs=1e-5, nan_ok=True)


def test_a_perfect_previous_token_head():
    n = 7
    pattern = np.eye(n, k=-1)
    pattern[0, 0] = 1
    found = measure.on_captures([made(pattern[None], list(range(n)), causal=True)]).values
    assert found["previous"][0, 0] == found["peak_previous"][0, 0] == found["confidence"][0, 0] == 1
    assert found["entropy"][0, 0] == 0 and np.isnan(found["next"][0, 0]) and np.isnan(found["peak_next"][0, 0])
    assert found["offset"][0, 0] == pytest.approx(-(n - 1) / n) and found["distance"][0, 0] == pytest.approx((n - 1) / n)


@pytest.mark.parametrize("causal", [False, True])
def test_uniform_attention_has_the_largest_entropy(causal):
    n = 6
    pattern = np.tril(np.ones((n, n))) if causal else np.ones((n, n))
    found = measure.on_captures([made((pattern / pattern.sum(-1, keepdims=True))[None], list(range(n)), causal)])
    assert found.values["relative_entropy"][0, 0] == pytest.approx(1)
    assert found.values["entropy"][0, 0] == pytest.approx(found.most)
    assert found.most == pytest.approx(np.mean(np.log(np.arange(2, n + 1))) if causal else np.log(n))


def test_perfect_copying_heads():
    ids = [1, 2, 3, 1, 2, 3]
    induction, duplicate = np.eye(6), np.eye(6)
    for i in range(3, 6):
        induction[i], duplicate[i] = np.eye(6)[i - 2], np.eye(6)[i - 3]
    found = measure.on_captures([made(np.stack([induction, duplicate]), ids, causal=True)]).values
    assert found["induction"][0].tolist() == [1, 0] and found["duplicate"][0].tolist() == [0, 1]


def test_cross_attention_has_no_diagonal(tiny):
    model = tiny("bart")
    texts = ["the cat sat on", "a dog"]
    found = measure.on_texts(model, texts, "cross")
    captures = [capture(model, text) for text in texts]
    largest = np.concatenate([captured.patterns(1, "cross")[2].max(-1) for captured in captures])
    assert found.values["confidence"][1, 2] == pytest.approx(largest.mean(), abs=1e-6)
    special = np.concatenate([captured.patterns(1, "cross")[2][:, captured.keys("cross").special].sum(-1) for captured in captures])
    assert found.values["special"][1, 2] == pytest.approx(special.mean(), abs=1e-6)
    for score in SCORES:
        assert np.isnan(found.values[score.name]).all() == score.square


def test_a_sliced_model_has_fewer_heads(bert):
    small = slicing.sliced(bert, {0: [1, 2], 3: range(12)})
    found = measure.on_texts(small, ["The cat sat on the mat."])
    there = (~np.isnan(found.values["entropy"])).sum(1)
    assert there.tolist() == [10, 12, 12, 0, 12, 12]
    assert len(found.table()) == 58 and list(found.table().columns[:2]) == ["layer", "head"]


@pytest.mark.parametrize("removed", [{1: [0, 2]}, {0: [1]}, {0: range(4)}, {0: range(4), 1: [0, 1, 2]}])
def test_layers_that_differ_in_heads(tiny, monkeypatch, removed):
    # Small blocks of query rows: where they end depends on how many heads a layer has.
    monkeypatch.setattr(scoring, "BLOCK_BYTES", 200)
    small = slicing.sliced(tiny("bert"), removed)
    found = measure.on_texts(small, TEXTS + TEXTS)
    captures = [capture(small, text) for text in TEXTS + TEXTS]
    for site in small.sites:
        for head in range(site.heads):
            ours = {score.name: float(found.values[score.name][site.layer, head]) for score in SCORES}
            assert ours == pytest.approx(by_loop(captures, site.layer, head), abs=1e-5, nan_ok=True)
        assert np.isnan(found.values["entropy"][site.layer, site.heads :]).all()
    again = measure.on_captures(captures)
    for score in SCORES:
        np.testing.assert_allclose(again.values[score.name], found.values[score.name], atol=1e-5)


def test_the_bundled_bert_has_a_previous_token_head(bert):
    found = measure.on_texts(bert, ["The cat sat on the mat because it was warm.", "Where did the children play?"])
    assert found.values["previous"][0, 2] > 0.99
    assert found.values["previous"].argmax() == 2


def test_ids_are_texts_too(bert):
    text = "The cat sat."
    ids = bert.tokenizer(text)["input_ids"]
    one, other = measure.on_texts(bert, [text]), measure.on_texts(bert, [ids])
    np.testing.assert_array_equal(one.values["entropy"], other.values["entropy"])
    assert tokens_of(bert, ids).special[0]


@pytest.mark.parametrize(("texts", "said"), [([], "no texts"), (["a", "  "], "Text 2 is empty")])
def test_errors(bert, texts, said):
    with pytest.raises(models.InputError, match=said):
        measure.on_texts(bert, texts)


def test_a_part_that_is_not_there(bert):
    with pytest.raises(models.InputError, match="no cross"):
        measure.on_texts(bert, ["a"], "cross")
