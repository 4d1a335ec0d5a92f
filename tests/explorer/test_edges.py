"""Edges that stand out, and words: as in the whole map, but found in blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer import edges as finding
from explorer.edges import Edge, edges, occurrences
from explorer.reading import Tokens
from explorer.tiles import rows_of
from explorer.views import crop
from tests import tiny as making

TEXT = making.long_text(30)


def by_hand(weights: np.ndarray, part: str, cut, most: int, least: float):
    shown = cut.of(weights)
    every = [
        Edge(int(q), int(k), float(shown[r, c]))
        for r, q in enumerate(cut.rows)
        for c, k in enumerate(cut.columns)
        if shown[r, c] > 0 and (part == "cross" or q != k) and not (part == "decoder" and k == 0)
    ]
    strong = sorted(every, key=lambda e: (-e.weight, e.query, e.key))[:most]
    return strong, sorted((e for e in every if e.weight >= least), key=lambda e: (-e.distance, -e.weight, e.query, e.key))[:most]


@pytest.mark.parametrize("name", ["bert", "llama", "gpt2", "t5", "falcon"])
@pytest.mark.parametrize("special", ["raw", "hidden", "renormalised"])
def test_they_are_those_of_the_whole_map(tiny, name, special, monkeypatch):
    monkeypatch.setattr(finding, "_BLOCK", 100)
    captured = explorer.capture(tiny(name), TEXT[:39] if name == "gpt2" else TEXT, target="the dog sat on it" if name == "t5" else None)
    for part in captured.parts:
        cut = crop(captured.queries(part), captured.keys(part), special=special)
        for head in ("0", "3", "mean", "max"):
            weights = rows_of(captured, 1, head, part, slice(None))
            found = edges(captured, 1, head, part, special=special, most=7, least=0.05)
            strong, far = by_hand(weights, part, cut, 7, 0.05)
            for one, other in ((found.strongest, strong), (found.farthest, far)):
                # Blocks of rows and the whole map round differently.
                np.testing.assert_allclose([e.weight for e in one], [e.weight for e in other], atol=1e-6)
            assert [e.distance for e in found.farthest] == [e.distance for e in far]
            for edge in (*found.strongest, *found.farthest):
                assert edge.weight == pytest.approx(
                    float(cut.of(weights)[list(cut.rows).index(edge.query), list(cut.columns).index(edge.key)]), abs=1e-6
                )


def test_it_goes_block_by_block_and_can_be_stopped(tiny, monkeypatch):
    captured = explorer.capture(tiny("llama"), TEXT)
    monkeypatch.setattr(finding, "_BLOCK", 10 * len(captured.tokens))
    rows, shares = [], []
    original = explorer.Capture.pattern
    monkeypatch.setattr(explorer.Capture, "pattern", lambda self, *given: rows.append(len(range(30)[given[-1]])) or original(self, *given))
    edges(captured, 0, "1", report=shares.append)
    assert rows == [10, 10, 10] and shares == pytest.approx([1 / 3, 2 / 3, 1])

    class Stop(Exception):
        pass

    def stop(_share):
        raise Stop

    del rows[:]
    with pytest.raises(Stop):
        edges(captured, 0, "1", report=stop)
    assert rows == [10]


def tokens(*pieces: str, special: tuple[int, ...] = ()) -> Tokens:
    return Tokens(tuple(range(len(pieces))), pieces, (0,) * len(pieces), tuple(i in special for i in range(len(pieces))))


@pytest.mark.parametrize(
    ("pieces", "word", "found"),
    [
        (("The", " cat", " saw", " a", " Cat", "erpillar"), "cat", [(1, 2)]),
        (("The", " cat", " saw", " a", " Cat", "erpillar"), "caterpillar", [(4, 6)]),
        (("The", " cat", " saw", " a", " Cat", "erpillar"), "ATE", [(4, 6)]),
        (("The", " cat", " saw", " a", " Cat", "erpillar"), "  cat  saw ", [(1, 3)]),
        (("[CLS]", "play", "##ing", "in", "the", "garden", "[SEP]"), "playing in", [(1, 4)]),
        (("[CLS]", "play", "##ing", "in", "the", "garden", "[SEP]"), "hein", []),
        (("我", "爱", "你", "我", "爱", "他"), "我爱", [(0, 2), (3, 5)]),
        (("a", "b"), "", []),
        (("a", "b"), "c.*", []),
        (("\n", "\n", "Chapter", " 1"), "chapter 1", [(2, 4)]),
    ],
)
def test_a_word_is_found_by_its_tokens(pieces, word, found):
    assert occurrences(tokens(*pieces, special=(0, len(pieces) - 1) if pieces[0] == "[CLS]" else ()), word) == found


def test_a_word_of_a_real_tokenizer(bert):
    captured = explorer.capture(bert, "Antidisestablishmentarianism is a word; a long word is ANTIDISESTABLISHMENTARIANISM.")
    (first, last), (again, _) = occurrences(captured.source, "antidisestablishmentarianism")
    assert first == 1 and last - first > 3 and captured.tokens[first:last] == captured.tokens[again : again + last - first]
    assert len(occurrences(captured.source, "word")) == 2


@given(st.lists(st.text(max_size=6), min_size=1, max_size=20), st.text(max_size=5))
def test_no_text_breaks_it(pieces, word):
    for first, last in occurrences(tokens(*pieces), word):
        assert 0 <= first < last <= len(pieces)
