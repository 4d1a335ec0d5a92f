"""The answers of every toy task against a plain loop over its text, and inputs that are no example."""

from collections import Counter

import pytest
import torch

from models import InputError
from models.toy.tasks import IGNORED, make
from models.toy.tasks.translation import translated

N = 40


def examples(name, **settings):
    """Words of each example, and its answers: None where nothing is asked."""
    task = make(name, settings)
    batch = task.batch(N, torch.Generator().manual_seed(5))
    for ids, targets in zip(batch.input_ids.tolist(), batch.targets.tolist(), strict=True):
        yield [task.tokens[i] for i in ids], [None if t == IGNORED else task.tokens[t] for t in targets]


def test_induction():
    periods = set()
    for words, answers in examples("induction"):
        followed: dict[str, str] = {}
        for i, word in enumerate(words):
            assert answers[i] == followed.get(word)
            if i:
                followed[words[i - 1]] = word
            if answers[i] is not None and i + 1 < len(words):
                assert answers[i] == words[i + 1]
        periods.add(words.index(words[0], 1))
    assert periods == set(range(4, 11))


@pytest.mark.parametrize("joined", [True, False])
def test_recall(joined):
    for words, answers in examples("recall", joined=joined):
        told, asked = words[: -len(words) // (2 if joined else 3)], [w for w, a in zip(words, answers, strict=True) if a is not None]
        pairs = [word.split("=") for word in told] if joined else list(zip(told[::2], told[1::2], strict=True))
        values = dict(pairs)
        assert len(values) == 6 and sorted(asked) == sorted(values)
        assert [a for a in answers if a is not None] == [values[key] for key in asked] and words[len(told) :] == asked


@pytest.mark.parametrize(("name", "rewrite"), [("copying", list), ("reversal", lambda s: s[::-1]), ("sorting", sorted)])
def test_rewriting(name, rewrite):
    for words, answers in examples(name):
        at = words.index("|")
        assert answers == [None] * at + rewrite(words[:at]) and words[at + 1 :] == answers[at:-1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_word_order(language):
    for (subject, _verb, object_, who, whom), answers in examples("order", language=language):
        assert subject != object_ and (who, whom) in {("主", "宾"), ("who?", "whom?")}
        assert answers == [None, None, None, subject, object_]


def test_the_lecture_s_own_example():
    task = make("order")
    ids = task.tokenizer()(["我爱你主宾", "你爱我主宾", "我爱你宾主"], return_tensors="pt")["input_ids"]
    assert [task.text(t[3:]) for t in task.answers(ids)] == ["我你", "你我", "你我"]


def test_addition():
    for (a, plus, b, equals), answers in examples("addition", modulus=7):
        assert (plus, equals) == ("+", "=") and answers == [None, None, None, str((int(a) + int(b)) % 7)]


def test_brackets():
    deepest = 0
    for words, answers in examples("brackets", deepest=3):
        depth = 0
        for word, answer in zip(words, answers, strict=True):
            depth += 1 if word == "(" else -1
            assert depth >= 0 and answer == str(depth)
            deepest = max(deepest, depth)
    assert deepest == 3


def test_majority():
    for words, answers in examples("majority"):
        assert words[-1] == "?" and answers == [None] * 15 + [Counter(words[:-1]).most_common(1)[0][0]]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("the cat sees the dog", "猫 看见 狗"),
        ("the teacher sees a book in the garden", "老师 在 花园 里 看见 一 本 书"),
        ("the small child often draws a big horse in the strange forest now", "现在 小 孩子 常常 在 怪 森林 里 画 一 匹 大 马"),
        ("the bird seeks a good flower today", "今天 鸟 寻找 一 朵 好 花"),
    ],
)
def test_translation_of_known_sentences(english, chinese):
    assert " ".join(translated(english.split())) == chinese


def test_translation_batches_are_teacher_forced():
    task = make("translation")
    lengths = set()
    for seed in range(12):
        batch = task.batch(8, torch.Generator().manual_seed(seed))
        lengths.add(batch.input_ids.shape[1])
        for source, read, targets in zip(batch.input_ids, batch.decoder_input_ids, batch.targets, strict=True):
            assert task.text(targets).split() == translated(task.text(source).split())
            assert read.tolist() == [task.tokens.index("[BOS]"), *targets[:-1].tolist()]
            assert task.tokens[source[-1]] == task.tokens[targets[-1]] == "[EOS]"
    assert len(lengths) > 3


def test_characters():
    passage = "a small text, again and again; " * 20
    task = make("characters", {"passage": passage, "length": 12})
    for held_out in (False, True):
        batch = task.batch(N, torch.Generator().manual_seed(0), held_out=held_out)
        for ids, targets in zip(batch.input_ids, batch.targets, strict=True):
            assert task.text(ids) + task.text(targets[-1:]) in passage and torch.equal(ids[1:], targets[:-1])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("copying", "a b c d"),
        ("copying", "a | b | a b"),
        ("copying", "a b | a b"),
        ("recall", "a=1 b=2 a c"),
        ("recall", "a=1 a=2 a b"),
        ("recall", "a=1 b=2 a"),
        ("recall", "a b a=1 b=2"),
        ("order", "我你爱主宾"),
        ("order", "我爱你"),
        ("addition", "3 + = 4"),
        ("addition", "3 + 4"),
        ("brackets", "( ) )"),
        ("brackets", "( ( ( ( ( ( ("),
        ("brackets", "( 3 )"),
        ("majority", "a b ?"),
        ("majority", "a b a"),
        ("translation", "the cat the dog"),
        ("translation", "the book sees a cat"),
        ("translation", "the cat sees a dog the park"),
    ],
)
def test_what_is_no_example_is_refused(name, text):
    task = make(name)
    with pytest.raises(InputError):
        task.answers(task.tokenizer()(text, return_tensors="pt")["input_ids"])


def test_a_wrong_length_of_the_translation_is_refused():
    task = make("translation")
    source = task.tokenizer()("the cat sees the dog", return_tensors="pt")["input_ids"]
    assert task.answers(source, torch.zeros(1, 4, dtype=torch.long)).shape == (1, 4)
    with pytest.raises(InputError, match="猫 看见 狗"):
        task.answers(source, torch.zeros(1, 5, dtype=torch.long))
