"""Tokenizers whose ids are places in a list."""

import pytest
from transformers import AutoTokenizer

from explorer.tokens import readable
from models import InputError
from models.toy.vocabulary import tokenizer


@pytest.mark.parametrize(
    ("tokens", "options", "text", "expected"),
    [
        (["[PAD]", "[BOS]", "7", "+", "=", "12"], {"start": "[BOS]"}, "7 +\n12 =", ["[BOS]", "7", "+", "12", "="]),
        (["我", "爱", "你"], {"split": "char"}, "我爱你", ["我", "爱", "你"]),
        (["a", " ", "\n", "[SEP]", "é", "🙂"], {"split": "char", "end": "[SEP]"}, "a é\n🙂", ["a", " ", "é", "\n", "🙂", "[SEP]"]),
        (["(", ")"], {}, "( ( ) x", ["(", "(", ")", "[UNK]"]),
        (["a", "[SEP]", "b"], {}, "a [SEP] b", ["a", "[SEP]", "b"]),
    ],
)
def test_ids_are_places_and_come_back_from_a_folder(tmp_path, tokens, options, text, expected):
    made = tokenizer(tokens, **options)
    made.save_pretrained(tmp_path)
    for given in (made, AutoTokenizer.from_pretrained(tmp_path)):
        ids = given(text)["input_ids"]
        assert ids == [[*tokens, "[UNK]"].index(token) for token in expected]
        assert readable(given, ids) == expected
        assert len(given) == len(tokens) + 1
        assert set(given(text)) == {"input_ids", "attention_mask"}
    assert (made.bos_token_id, made.sep_token_id) == tuple(tokens.index(t) if t in tokens else None for t in ("[BOS]", "[SEP]"))


def test_what_cannot_be_a_vocabulary():
    for tokens, options, said in [
        (["a", "a"], {}, "twice"),
        (["a b"], {}, "not one word"),
        (["ab"], {"split": "char"}, "not one character"),
        ([" "], {}, "not one word"),
        (["a"], {"start": "[BOS]"}, r"lacks \[BOS\]"),
        (["a"], {"split": "byte"}, "byte"),
    ]:
        with pytest.raises(InputError, match=said):
            tokenizer(tokens, **options)
