"""What comes along for Chinese: it reads and writes what its card says, and better than a guess where nobody has trained it."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

import models
from explorer.capture import capture
from explorer.syntax import relations, sentences
from models.opening import catalogue
from models.training import chinese, chinese_texts, translation

TATOEBA = Path(__file__).parents[2].parent / "shared" / "data" / "zh"


@pytest.fixture(scope="module")
def apart():
    """Every third or fourth of the pairs that were held out from both trainings: 200 of Tatoeba's, whose order is that of the file."""
    if not (TATOEBA / chinese_texts.PAIRS).is_file():
        pytest.skip(f"{TATOEBA} is not on this machine")
    rows = chinese_texts.pairs(TATOEBA).held_out
    assert len(rows) >= 600
    return [rows[i * len(rows) // 200] for i in range(200)]


@pytest.fixture(scope="module")
def zh():
    return models.load("zh-mini", device="cpu")


def test_a_character_is_a_token(zh):
    assert zh.tokenizer.tokenize("我爱你") == ["我", "爱", "你"] and zh.tokenizer.tokenize("你爱我") == ["你", "爱", "我"]
    assert capture(zh, "我爱你").tokens == ["[CLS]", "我", "爱", "你", "[SEP]"] and not zh.view_only


def test_sentences_that_it_has_never_seen(zh):
    """Our own sentences were written for the treebank, after the training: 30 % of the characters was the target."""
    own = ["".join(sentence.words) for sentence in sentences.own("zh")]
    found = chinese.accuracy(zh, own)
    assert found["all"][0] / found["all"][1] > 0.3 and found["characters"][0] / found["characters"][1] > 0.25


@pytest.mark.thorough
def test_sentences_of_tatoeba_that_were_held_out(zh, apart):
    found = chinese.accuracy(zh, chinese.chinese(apart))
    assert found["all"][1] > 250 and found["all"][0] / found["all"][1] >= 0.3


def test_it_is_a_verb_between_i_and_you(zh):
    ids = zh.tokenizer("我[MASK]你。", return_tensors="pt")
    at = (ids.input_ids[0] == zh.tokenizer.mask_token_id).nonzero()[0, 0]
    with torch.inference_mode():
        best = zh.network(**ids).logits[0, at].topk(10).indices
    assert "爱" in zh.tokenizer.convert_ids_to_tokens(best)


def test_words_of_several_characters_are_scored(zh):
    found = relations.best_heads(zh, sentences.own("zh"))
    assert found.sentences == len(sentences.own("zh")) and found.left_out == 0
    table = found.table(least=3)
    assert {"nsubj", "obj", "advmod"} <= set(table["relation"])


def test_it_is_no_larger_than_was_said():
    size = sum(file.stat().st_size for file in (catalogue.SHIPPED / "zh-mini").iterdir())
    assert size <= 20e6


@pytest.fixture(scope="module")
def translator():
    return models.load(catalogue.TRANSLATION, device="cpu")


def test_the_translator_says_what_everybody_asks_first(translator):
    first, second, _other = translation.translated(translator, ["I love you.", "You love me.", "Where is my book?"])
    assert first.rstrip("。") in ("我爱你", "我爱您") and first != second


def test_its_cross_attention_shows_which_word_gave_which_character(translator):
    """Some head has the right word brightest for every character of three: it reads it, or the character before it is about to be said."""
    captured = capture(translator, "I love you.", target="我爱你。")
    assert captured.parts == ("encoder", "decoder", "cross") and captured.notes == ()
    words, characters = captured.keys("cross").labels, captured.queries("cross").labels
    pairs = [("我", "i"), ("爱", "love"), ("你", "you")]
    # The decoder reads one place later: what decides on a character stands in the row before it.
    rows = [characters.index(character) - 1 for character, _word in pairs]
    best = 0
    for layer, site in enumerate(captured.sites("cross")):
        for head in range(site.heads):
            pattern = captured.pattern(layer, head, part="cross")
            best = max(best, sum(words[int(pattern[row].argmax())] == word for row, (_character, word) in zip(rows, pairs, strict=True)))
    assert best == len(pairs)


def test_the_translator_is_scored_on_what_nobody_has_trained_on(translator):
    """Our own sentences: half of them at least share a character with a right translation."""
    own = {"I am happy.": "我很高兴。", "He is a teacher.": "他是老师。", "What is your name?": "你叫什么名字？", "I don't know.": "我不知道。"}
    found = translation.translated(translator, list(own))
    assert sum(len(set(made) & set(right)) >= 3 for made, right in zip(found, own.values(), strict=True)) >= 2


@pytest.mark.thorough
def test_bleu_of_the_translator_on_pairs_that_were_held_out(translator, apart):
    """Of characters, one reference each: 15 was the target. What is said for another sentence is worth far less."""
    bleu, chrf = translation.figures(translator, apart)
    assert bleu >= 15 and chrf >= 15
    others = [(source, target) for (source, _), (_, target) in zip(apart, apart[1:] + apart[:1], strict=True)]
    assert translation.figures(translator, others)[0] < 5


def test_plain_transformers_translates_the_same(translator):
    folder = catalogue.SHIPPED / catalogue.TRANSLATION
    plain = AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    made = plain.generate(**tokenizer("I love you.", return_tensors="pt"))
    assert tokenizer.decode(made[0], skip_special_tokens=True) == translation.translated(translator, ["I love you."])[0]


def test_the_translator_is_no_larger_than_was_said():
    assert sum(file.stat().st_size for file in (catalogue.SHIPPED / catalogue.TRANSLATION).iterdir()) <= 25e6
