"""The tokenizers: nothing that can be written is lost."""

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training import pieces

TEXT = "the cat sat on the mat , and the cat was warm .\nthe dog sat on the cat .\n" * 20


@pytest.fixture(scope="module")
def bpe():
    return pieces.merges([TEXT], 300)


@pytest.fixture(scope="module")
def both(bpe, tmp_path_factory):
    """Saved and opened again, as the application does."""
    found = {}
    for name, make in {"gpt2": pieces.for_gpt2, "bert": pieces.for_bert}.items():
        folder = tmp_path_factory.mktemp(name)
        make(bpe, 32).save_pretrained(folder)
        config = {"gpt2": transformers.GPT2Config, "bert": transformers.BertConfig}[name]()
        config.save_pretrained(folder)
        found[name] = transformers.AutoTokenizer.from_pretrained(folder)
    return found


def read_back(tokenizer, text):
    return tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize("name", ["gpt2", "bert"])
@pytest.mark.parametrize(
    "text", ["The cat sat on the mat.", "🙂 👩‍👩‍👧 ﷽ 猫 é é", " a  b\t\n\n c , d . ", "\x00\x1f\x7f\u2028", "don 't @-@ <unk>"]
)
def test_any_text_comes_back(both, name, text):
    assert read_back(both[name], text) == text


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back_law(both, text):
    assert read_back(both["gpt2"], text) == text
    assert read_back(both["bert"], text) == text


@settings(max_examples=60, deadline=None)
@given(st.binary())
def test_any_bytes_come_back(bpe, data):
    # Bytes that are no UTF-8, one character each.
    text = data.decode("latin-1")
    assert bpe.decode(bpe.encode(text).ids).encode("latin-1") == data


def test_bert_puts_its_ends_around_a_text_and_a_pair(both):
    tokenizer = both["bert"]
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    one = tokenizer("the cat", add_special_tokens=False)["input_ids"]
    assert tokenizer("the cat")["input_ids"] == [cls, *one, sep]
    pair = tokenizer("the cat", "the cat")
    assert pair["input_ids"] == [cls, *one, sep, *one, sep]
    assert pair["token_type_ids"] == [0] * (len(one) + 2) + [1] * (len(one) + 1)
    padded = tokenizer(["the cat", "the cat sat on the mat"], padding=True)
    assert padded["input_ids"][0][-1] == tokenizer.pad_token_id and padded["attention_mask"][0][-1] == 0


def test_a_mask_in_a_text_is_one_token(both):
    tokenizer = both["bert"]
    assert tokenizer("the [MASK] sat")["input_ids"].count(tokenizer.mask_token_id) == 1


def test_special_tokens_come_after_the_ordinary_ones(bpe, both):
    for tokenizer in both.values():
        assert sorted(tokenizer.all_special_ids) == list(range(bpe.get_vocab_size(), len(tokenizer)))
        assert tokenizer.model_max_length == 32


def test_gpt2_adds_nothing_to_a_text(both):
    tokenizer = both["gpt2"]
    assert tokenizer("the cat")["input_ids"] == tokenizer("the cat", add_special_tokens=False)["input_ids"]
    assert (tokenizer.bos_token, tokenizer.eos_token) == (pieces.END, pieces.END)


def test_the_same_texts_give_the_same_merges(bpe):
    assert pieces.merges([TEXT], 300).to_str() == bpe.to_str()


def test_the_line_end_is_written_as_expected(bpe):
    assert bpe.encode("\n").tokens == [pieces.LINE_END]
