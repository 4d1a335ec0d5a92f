"""The Chinese texts: three parts without a common sentence, and prose without notes of editors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.training import chinese_texts
from models.training.chinese_texts import PAIRS, PROSE, pairs, pieces, prose


@pytest.fixture
def folder(tmp_path):
    """Pairs in which each English sentence has two translations, and each Chinese one belongs to two English ones."""
    lines = [f"Sentence {i}.\t句子{i}。\twho" for i in range(600)] + [f"Sentence {i}!\t句子{i + 1}。\twho" for i in range(600)]
    (tmp_path / PAIRS).write_text("\n".join([*lines, "broken", "\t。\t", "Really?\t真的吗?\twho"]), encoding="utf-8")
    first = [f"第{i}段，有两句〔{i}〕。“还有一句。”" for i in range(40)]
    (tmp_path / PROSE).write_text("\n".join(["# 甲", *first, "本书所收散文诗二十三篇。", "# 乙", *["又一段。"] * 20]), encoding="utf-8")
    return tmp_path


def test_the_parts_share_no_sentence_of_either_language(folder):
    found = pairs(folder)
    assert len(found.train) > 900 and len(found.held_out) > 10 and found.checked

    def keys(rows):
        return {chinese_texts._key(sentence) for row in rows for sentence in row}

    assert not keys(found.train) & keys(found.held_out) and not keys(found.train) & keys(found.checked)
    assert not keys(found.checked) & keys(found.held_out)
    assert ("Really?", "真的吗？") in {*found.train, *found.checked, *found.held_out}


def test_a_longer_file_moves_no_sentence(folder):
    before = pairs(folder)
    file = folder / PAIRS
    file.write_text(file.read_text(encoding="utf-8") + "\nOne more sentence here.\t又多了一个。\twho", encoding="utf-8")
    after = pairs(folder)
    assert set(before.held_out) <= set(after.held_out) and set(after.train) - set(before.train) <= {("One more sentence here.", "又多了一个。")}


def test_the_ends_of_the_collections_are_held_out_and_notes_are_left_out(folder):
    found = prose(folder)
    assert len(found.train) == 38 + 19 and len(found.held_out) == 2 + 1
    assert found.train[3] == "第3段，有两句。“还有一句。”" and not [text for text in found.train if "本书" in text]


@given(st.text(alphabet="一二三。，！“”", max_size=80), st.integers(4, 30))
def test_pieces_are_the_whole_paragraph_and_short_enough(paragraph, longest):
    found = pieces(paragraph, longest)
    assert "".join(found) == paragraph and all(0 < len(piece) <= longest for piece in found)


def test_pieces_end_where_sentences_do():
    assert pieces("一二三。四五六，七八。", 5) == ["一二三。", "四五六，", "七八。"]


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        pairs(tmp_path)
    (tmp_path / PAIRS).write_text("nothing here", encoding="utf-8")
    with pytest.raises(InputError, match="no sentence pairs"):
        pairs(tmp_path)
    (tmp_path / PROSE).write_text("# 甲\n", encoding="utf-8")
    with pytest.raises(InputError, match="no paragraphs"):
        prose(tmp_path)
