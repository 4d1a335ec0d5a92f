"""Tokens that a person can read, and those that frame a text."""

import pytest
import transformers
from tokenizers import Tokenizer, decoders

from explorer import tokens
from explorer.scores import hits
from explorer.tokens import written_out
from tests import tiny as making


def test_a_token_that_begins_and_ends_texts_frames_them_also_where_it_stands_for_unknown_words():
    tokenizer = making.tokenizer("gpt2")
    tokenizer.add_special_tokens({"unk_token": "<|endoftext|>", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"})
    assert tokens.framing(tokenizer) == {tokenizer.eos_token_id}


def test_unknown_and_masked_words_are_words():
    tokenizer = making.tokenizer("bert")
    assert tokens.framing(tokenizer) == {0, 2, 3}


def test_a_number_without_a_token_is_shown_as_that():
    tokenizer = making.tokenizer("bert")
    assert tokens.readable(tokenizer, [6, 10_000]) == [making.WORDS[1], "<10000>"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a", ".", " ,", "##!", "a."], [False, True, True, True, False]),
        (["it", "<E2 80>", "<99>", "s"], [False, True, True, False]),  # a curly apostrophe
        (["<E2>", "<80>", "<A6>"], [True, True, True]),  # three dots
        (["<C3>", "<A9>", "."], [False, False, True]),  # a letter with an accent
        (["<E2 80>", "b"], [False, False]),  # half of a character
        ([], []),
    ],
)
def test_punctuation_is_told_also_where_its_bytes_are_split(texts, expected):
    assert hits.punctuation(texts) == expected


def test_white_space_of_a_token_is_written_out_in_a_table():
    assert written_out([" cat", "\n", " \t", "", "s"]) == ["␣cat", "⏎", "␣⇥", "∅", "s"]


def test_bytes_are_read_as_such_also_where_a_file_names_no_decoder():
    made = making.tokenizer("gpt2")
    backend = Tokenizer.from_str(made.backend_tokenizer.to_str())
    backend.decoder = decoders.Fuse()  # stands for none: a library puts none there in some versions, and its own in others
    plain = transformers.PreTrainedTokenizerFast(tokenizer_object=backend)
    ids = plain("the \u00e9 cat")["input_ids"]
    assert tokens.readable(plain, ids) == tokens.readable(made, ids) == [*"the", " ", "<C3>", "<A9>", " ", *"cat"]
