"""What a model cannot read, against its own tokenizer."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from explorer import reading, unread
from explorer.unread import BYTES, UNKNOWN
from models.opening import catalogue


def of(model, text):
    return unread.unread(model, reading.read(model, text), text)


def test_all_of_it_can_be_read(bert):
    assert of(bert, "The cat sat.") == unread.Unread(("",) * 6)


def test_chinese_on_the_bundled_bert(bert):
    found = of(bert, "我爱你")
    tokens = reading.read(bert, "我爱你")
    assert found.kinds == tuple(UNKNOWN if token == "[UNK]" else "" for token in tokens.text)
    assert UNKNOWN in found.kinds and set(found.unknown) == {"爱", "你"} and not found.in_bytes


def test_chinese_on_a_byte_level_model():
    found = of(models.load("gpt2-mini", device="cpu"), "a 我")
    assert found.in_bytes == ("我",) and not found.unknown
    assert found.kinds.count(BYTES) >= 2 and found.kinds[0] == ""


def test_a_model_that_reads_it_is_found_by_its_tokenizer():
    names = [entry.name for entry in catalogue.CATALOGUE if entry.bundled]
    assert unread.who_reads("abc", but="gpt2-mini") in names
    assert unread.who_reads("") == "" and unread.who_reads("П", but="gpt2-mini") == catalogue.BUNDLED_BERT
    if "zh-mini" in names:
        assert unread.who_reads("爱你", but="all-MiniLM-L6-v2") == "zh-mini"
        assert unread.who_reads("爱你", but="zh-mini") != "zh-mini"
    assert unread.who_reads("\U00013000") == ""  # a hieroglyph
    assert unread.who_reads("abc", kinds=["decoder"]) == "gpt2-mini" and unread.who_reads("爱你", kinds=["decoder"]) == ""


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12))
def test_every_unknown_character_makes_an_unknown_token(bert, text):
    if not text.strip():
        return
    found = of(bert, text)
    assert bool(found.unknown) <= (UNKNOWN in found.kinds)
    assert len(found.kinds) == len(reading.read(bert, text))


@pytest.mark.parametrize(("token", "is_bytes"), [("<E2 98>", True), (" <E6>", True), ("<b>", False), ("<12345>", False), ("E2", False)])
def test_bytes_are_told_from_text(token, is_bytes):
    from explorer.tokens import is_bytes as told

    assert told(token) is is_bytes


def test_a_token_of_the_frame_is_not_unknown(bert):
    tokens = reading.Tokens((bert.tokenizer.unk_token_id,), ("[UNK]",), (0,), (True,))
    assert unread.unread(SimpleNamespace(tokenizer=bert.tokenizer), tokens, "x").kinds == ("",)
