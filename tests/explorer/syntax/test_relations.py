"""Word-level attention and the best heads against loops over words; `benchmarks.syntax` compares them with an independent run."""

from dataclasses import replace

import numpy as np
import pytest
import transformers
from tokenizers import AddedToken, Tokenizer

import models
from explorer.capture import capture_ids
from explorer.scores import null
from explorer.syntax import relations, sentences, words
from explorer.syntax.sentences import Sentence
from tests import tiny as making

VOCABULARY = [word for word in making.WORDS if word.isalpha()]


def random_trees(seed: int, n: int = 6) -> list[Sentence]:
    draw = np.random.default_rng(seed)
    found = []
    for _sentence in range(n):
        size = int(draw.integers(2, 8))
        root = int(draw.integers(size))
        order = [root, *draw.permutation([i for i in range(size) if i != root]).tolist()]
        heads = [-1] * size
        for place, word in enumerate(order[1:], 1):
            heads[word] = order[int(draw.integers(place))]
        names = draw.choice(["det", "obj", "nsubj:pass"], size).tolist()
        found.append(
            Sentence(
                tuple(draw.choice(VOCABULARY, size).tolist()),
                tuple(heads),
                tuple("root" if h < 0 else r for h, r in zip(heads, names, strict=True)),
            )
        )
    return found


def word_attention(pattern: np.ndarray, belongs: np.ndarray) -> np.ndarray:
    n = len(belongs)
    found = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            rows = [sum(pattern[i, j] for j in np.flatnonzero(belongs[b])) for i in np.flatnonzero(belongs[a])]
            found[a, b] = sum(rows) / len(rows)
    return found


@pytest.mark.parametrize("name", ["bert", "llama", "gpt2", "toy_encoder"])
def test_everything_by_a_loop(tiny, name):
    model, trees = tiny(name), random_trees(3)
    if name == "gpt2":
        trees = [Sentence(tuple(w[:2] for w in tree.words), tree.heads, tree.relations) for tree in trees]
    found = relations.best_heads(model, trees)
    right: dict[tuple, int] = {}
    counts: dict[tuple, int] = {}
    for number, tree in enumerate(trees):
        ids, belongs = words.pieces(model, tree.words)
        captured = capture_ids(model, ids)
        for word, (head, relation) in enumerate(zip(tree.heads, tree.relations, strict=True)):
            if head < 0:
                continue
            for kind in {relation, relation.split(":")[0]}:
                counts[number % 2, kind] = counts.get((number % 2, kind), 0) + 1
                for layer in range(2):
                    for h in range(4):
                        attention = word_attention(captured.pattern(layer, h), belongs)
                        for direction, row in enumerate((attention[word], attention[:, word])):
                            others = [(value, -place) for place, value in enumerate(row) if place != word and value > 0]
                            hit = bool(others) and -max(others)[1] == head
                            key = (number % 2, kind, direction, layer, h)
                            right[key] = right.get(key, 0) + hit
    for (half, kind), n in counts.items():
        assert found.counts[half, found.relations.index(kind)] == n
    for (half, kind, direction, layer, h), n in right.items():
        assert found.right[half, found.relations.index(kind), direction, layer, h] == n


def test_offsets_and_halves_by_a_loop(tiny):
    trees = random_trees(5, 12)
    found = relations.best_heads(tiny("bert"), trees)
    for name in ("det", "obj"):
        per_offset = {half: {o: 0 for o in relations.OFFSETS} for half in (0, 1)}
        n = {0: 0, 1: 0}
        for number, tree in enumerate(trees):
            for word, (head, relation) in enumerate(zip(tree.heads, tree.relations, strict=True)):
                if head >= 0 and relation == name:
                    n[number % 2] += 1
                    for offset in relations.OFFSETS:
                        per_offset[number % 2][offset] += head == word + offset
        best = found.best(name)
        assert best.n == n[1]
        assert per_offset[0][best.offset] == max(per_offset[0].values())
        assert best.baseline == pytest.approx(per_offset[1][best.offset] / n[1])
        same = found.best(name, same=True)
        assert same.n == n[0] + n[1] and same.accuracy == pytest.approx(np.nanmax(found.accuracies(name)))
        assert same.low <= same.accuracy <= same.high


def test_words_are_pieces_again(bert):
    tree = Sentence(("Unbelievably", ",", "it", "snowed", "yesterday"), (3, 0, 3, -1, 3), ("advmod", "punct", "nsubj", "root", "advmod"))
    ids, belongs = words.pieces(bert, tree.words)
    pieces = bert.tokenizer.convert_ids_to_tokens(ids)
    for word, row in zip(tree.words, belongs, strict=True):
        assert "".join(pieces[i].removeprefix("##") for i in np.flatnonzero(row)) == word.lower()
    assert not belongs[:, [0, -1]].any() and belongs.sum(0).max() == 1
    attention = words.between_words(capture_ids(bert, ids).patterns(2), belongs)
    np.testing.assert_allclose(attention[4], word_attention(capture_ids(bert, ids).pattern(2, 4), belongs), atol=1e-6)


@pytest.mark.parametrize("behind", [False, True])
def test_a_space_behind_a_piece_belongs_to_no_next_word(tiny, behind):
    """Added tokens may take the spaces on their right, and some tokenizers put the space behind its word."""
    model = replace(tiny("bert"))
    backend = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    backend.add_tokens([AddedToken("mat", lstrip=not behind, rstrip=True), AddedToken("sat", rstrip=True)])
    model.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]")
    ids, belongs = words.pieces(model, ["the", "garden,sat", "mat", "cat"])
    found = [[model.tokenizer.convert_ids_to_tokens(ids[i]) for i in np.flatnonzero(row)] for row in belongs]
    assert found == [["the"], ["garden", ",", "sat"], ["mat"], ["cat"]]


def test_a_perfect_head_is_syntactic():
    right = np.zeros((2, 1, 2, 2, 3), dtype=int)
    right[:, 0, 1, 1, 2] = 20
    offsets = np.zeros((2, 1, len(relations.OFFSETS)), dtype=int)
    offsets[:, 0, 0] = 16
    found = relations.Syntax(("obj",), np.full((2, 1), 20), right, offsets, 40)
    best = found.best("obj")
    assert (best.layer, best.head, best.direction, best.accuracy, best.baseline) == (1, 2, "head to dependent", 1, 0.8)
    assert found.syntactic() == {(1, 2)} and not found.syntactic(margin=0.3) and not found.syntactic(least=50)
    # Better in one half alone, or on so few that one head of twelve does it by accident, says nothing.
    found.right[0, 0, 1, 1, 2] = 10
    assert not found.syntactic()
    few = relations.Syntax(("obj",), np.full((2, 1), 5), np.minimum(right, 5), offsets // 4, 10)
    assert few.best("obj").accuracy == 1 and not few.syntactic()


@pytest.mark.parametrize(("name", "given", "said"), [("bert", [], "no sentences"), ("t5", random_trees(1), "a source and a target")])
def test_errors(tiny, name, given, said):
    with pytest.raises(models.InputError, match=said):
        relations.best_heads(tiny(name), given)


def test_a_relation_that_is_not_there(tiny):
    with pytest.raises(models.InputError, match="no relation"):
        relations.best_heads(tiny("bert"), random_trees(1)).best("vocative")


def test_long_sentences_are_left_out_and_counted(tiny):
    long = Sentence(tuple(["cat"] * 60), tuple([-1, *range(59)]), tuple(["root", *["obj"] * 59]))
    found = relations.best_heads(tiny("bert"), [long, *random_trees(1)])
    assert found.left_out == 1 and found.sentences == 6


def test_sentences_with_several_roots_are_left_out_and_counted(tiny):
    trees = random_trees(2, 4)
    forest = Sentence(("cat", "sat", "mat"), (-1, 0, -1), ("root", "vocative", "root"))
    roots = Sentence(("cat", "sat"), (-1, -1), ("root", "root"))
    found, alone = relations.best_heads(tiny("bert"), [*trees, forest, roots]), relations.best_heads(tiny("bert"), trees)
    assert (found.left_out, found.sentences) == (2, 4)
    assert found.relations == alone.relations and (found.right == alone.right).all() and (found.counts == alone.counts).all()


@pytest.mark.parametrize("words", [1, 2, 60])
def test_no_sentence_that_can_be_used(tiny, words):
    heads = range(-1, words - 1) if words == 60 else [-1] * words
    sentence = Sentence(("cat",) * words, tuple(heads), ("root",) * words)
    with pytest.raises(models.InputError, match="None of 2 sentences can be used"):
        relations.best_heads(tiny("bert"), [sentence] * 2)


def test_the_bundled_bert_on_our_own_treebank(bert):
    found = relations.best_heads(bert, sentences.own())
    best = found.best("obj", same=True)
    assert best.accuracy > best.baseline + 0.2
    # The same network with weights that learned nothing is what chance reaches, with as many heads to choose from.
    by_chance = [len(relations.best_heads(null.random_weights(bert, seed), sentences.own()).syntactic()) for seed in range(1)]
    assert len(found.syntactic()) >= 1 and not any(by_chance), by_chance


@pytest.mark.parametrize("word", ["\u200d", "\u00ad", "\ufe0f", "\ufffd"])
def test_a_sentence_with_a_word_that_the_tokenizer_drops_is_left_out_and_counted(bert, word):
    tree = Sentence(("The", "cat", "sat"), (1, 2, -1), ("det", "nsubj", "root"))
    odd = Sentence((word, "cat", "sat"), (1, 2, -1), ("det", "nsubj", "root"))
    whole = relations.best_heads(bert, [tree, tree])
    found = relations.best_heads(bert, [tree, tree, odd])
    assert (found.sentences, found.left_out) == (2, 1)
    np.testing.assert_array_equal(found.right, whole.right)
    with pytest.raises(models.InputError, match="None of 1 sentences"):
        relations.best_heads(bert, [odd])
