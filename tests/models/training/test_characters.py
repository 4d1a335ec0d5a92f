"""Vocabularies of characters."""

import pytest
from transformers import AutoTokenizer

from models.training import characters

CHINESE = ["我爱你。", "你爱我，在了。", "他在2013年来，是吗？", "他来了“好”。", "我是2013年来的，是吗？“好”"]


@pytest.fixture
def reader(tmp_path):
    characters.for_bert([*CHINESE, *CHINESE, "罕"], 32).save_pretrained(tmp_path)
    return AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)


def test_a_character_is_a_token(reader):
    assert reader.tokenize("我爱你") == ["我", "爱", "你"] and reader.tokenize("你爱我") == ["你", "爱", "我"]
    assert reader("我", "你")["token_type_ids"] == [0, 0, 0, 1, 1] and reader.decode(reader("我")["input_ids"]).startswith("[CLS]")


def test_latin_is_spelled_and_what_came_once_is_unknown(reader):
    assert reader.tokenize("Tom 1987") == ["t", "##o", "##m", "1", "##9", "##8", "##7"]
    assert reader.tokenize("罕") == ["[UNK]"]


def test_chinese_comes_back_without_spaces(reader):
    for text in CHINESE:
        assert reader.decode(reader(text)["input_ids"], skip_special_tokens=True).replace(" ", "") == text
    assert reader.decode(reader("我爱你。“好”")["input_ids"], skip_special_tokens=True) == "我爱你。“好”"


def test_both_languages_in_one_vocabulary(tmp_path):
    english = ["I love you.", "You love me, don't you?"] * 3
    characters.for_translation(english, CHINESE * 2, 60, 16).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert tokenizer.tokenize("I LOVE you") == ["i", "love", "you"] and tokenizer.tokenize("我爱你") == ["我", "爱", "你"]
    ids = tokenizer("I love you")["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id and tokenizer.pad_token_id == 0
    assert tokenizer.decode(tokenizer("我爱你。")["input_ids"], skip_special_tokens=True) == "我爱你。"
    assert len(tokenizer("I " * 50, truncation=True)["input_ids"]) == 16
