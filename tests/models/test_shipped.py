"""What comes along for Chinese: it reads what its card says, and better than a guess where nobody has trained it."""

import pytest
import torch

import models
from explorer.capture import capture
from explorer.syntax import relations, sentences
from models.opening import catalogue
from models.training import chinese


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
