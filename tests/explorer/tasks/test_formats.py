"""Encodings: what a mark or the bytes say, what somebody says, and what is in none of them."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.tasks.formats import ENCODINGS, decoded, lines
from models import InputError

TABLE = "text,label\ngood,1\nbad,0\n"
CHINESE = "text,label\n这部电影很好看\uff0c我喜欢,1\n太糟糕了\uff0c不想再看,0\n"


@pytest.mark.parametrize("text", [TABLE, CHINESE])
@pytest.mark.parametrize(
    ("mark", "written", "found"),
    [
        (b"", "utf-8", "utf-8"),
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
        (b"", "utf-16-le", "utf-16-le"),
        (b"", "utf-16-be", "utf-16-be"),
    ],
)
def test_the_encoding_is_found_and_no_mark_stays(text, mark, written, found):
    assert decoded(mark + text.encode(written), "f.csv") == (text, found)


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252", "shift_jis", "utf-16-le"])
def test_what_somebody_says_is_taken(encoding):
    text = "text,label\n" + {"gb18030": "很好", "cp1252": "café", "shift_jis": "映画", "utf-16-le": "很好"}[encoding] + ",1\n"
    assert decoded(text.encode(encoding), "f.csv", encoding) == (text, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_offered_is_known(encoding):
    assert codecs.lookup(encoding)


@pytest.mark.parametrize("wanted", ["nonsense", "base64", "a\0b", "rot13", "x" * 5000, ""])
def test_an_unknown_encoding_is_refused_but_for_none_said(wanted):
    if not wanted:
        assert decoded(b"a", "f.txt", wanted) == ("a", "utf-8")
        return
    with pytest.raises(InputError, match="no encoding") as caught:
        decoded(b"a", "f.txt", wanted)
    assert "utf-8" in caught.value.advice and len(caught.value.problem) < 100


def test_what_is_in_no_encoding_is_told_by_line_and_character():
    with pytest.raises(InputError, match="line 2, character 6") as caught:
        decoded(b"label,sentence\n1,caf\xe9\n", "f.csv")
    assert "cp1252" in caught.value.advice
    with pytest.raises(InputError, match="not shift_jis: byte 0xfd at position 2"):
        decoded(b"a\xfd\xfd", "f.csv", "shift_jis")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=40))
def test_any_text_comes_back_from_utf_8(text):
    assert decoded(text.encode(), "f.txt") == (text, "utf-8")


def test_lines_are_counted_as_an_editor_counts_them():
    assert list(lines("a\r\nb\rc\x0cd\u2028e\n\nf")) == [(1, "a"), (2, "b"), (3, "c\x0cd\u2028e"), (4, ""), (5, "f")]
