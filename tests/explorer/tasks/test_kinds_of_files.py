"""Files that people have and that are called something else than they are: tables in .txt, fastText's lines, workbooks, lists in a cell."""

import gzip
import io

import pandas as pd
import pytest

from explorer.tasks import data, tables
from explorer.tasks.formats import Format
from explorer.tasks.tagged import read as tagged
from models import InputError

UCI = "So there is no way for me to plug it in.\t0\nGood case, Excellent value.\t1\nGreat for the jawbone.\t1\nBad, really.\t0\n"
SMS = "ham\tGo until jurong point, crazy..\nspam\tFree entry in 2 a weekly comp\nham\tOk lar\nham\tU dun say so early\nspam\tWINNER!!\nham\tYes\n"
EXCEL = "text\tlabel\r\nA good film\t1\r\nA bad one\t0\r\n"
FASTTEXT = "__label__pos a good film\n__label__neg a bad one, really\n\n__label__pos fine\n"


@pytest.mark.parametrize(
    ("content", "texts", "labels"),
    [
        (UCI.encode(), ["So there is no way for me to plug it in.", "Good case, Excellent value.", "Great for the jawbone."], ["0", "1", "1"]),
        (SMS.encode(), ["Go until jurong point, crazy..", "Free entry in 2 a weekly comp", "Ok lar"], ["ham", "spam", "ham"]),
        (EXCEL.encode("utf-16"), ["A good film", "A bad one"], ["1", "0"]),  # "Unicode text" of Excel
        (b"sentence,label\nA good film,1\nA bad one,0\n", ["A good film", "A bad one"], ["1", "0"]),
        (FASTTEXT.encode(), ["a good film", "a bad one, really", "fine"], ["pos", "neg", "pos"]),
    ],
    ids=["UCI", "SMS", "Excel", "header", "fastText"],
)
@pytest.mark.parametrize("answers", [None, "class"])
def test_a_table_in_a_file_of_text_is_read_as_one(content, texts, labels, answers):
    """Read line by line, a language model was scored on the labels and the header, too."""
    found = data.read(content, "data.txt", answers=answers)
    assert [example.text for example in found.examples[: len(texts)]] == texts
    assert [found.labels[example.label] for example in found.examples[: len(labels)]] == labels
    assert any("as a table" in note or "fastText" in note for note in found.notes)


@pytest.mark.parametrize(
    "content",
    [
        "A line with a\ttab in it.\nAnd one without.\n",
        "One text, and its label\nAnother text, and more\n",
        "A\tword\n\nA\tparagraph\n",
        "__label__ is what fastText writes\nand this is a text\n",
        "__label__pos\n__label__neg\n",
        "only\tone line\n",
    ],
)
def test_a_file_of_texts_stays_one(content):
    found = data.read(content.encode(), "story.txt")
    assert {example.label for example in found.examples} == {None} and not any("as a table" in note for note in found.notes)
    assert " ".join(example.text for example in found.examples).split() == content.split()


def test_a_separator_that_is_said_makes_a_table_of_a_file_of_text():
    table = tables.table(b"A good film|1\nA bad one, and a, b|0\n", "a.txt", wanted=Format(separator="|"))
    assert [row[0] for row in table.rows] == ["A good film", "A bad one, and a, b"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04" + bytes(range(200)), "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
        (gzip.compress(EXCEL.encode(), mtime=0), "gzip"),  # without the time, which would be in the name of the test
        (b"PAR1\x15\x04", "Parquet"),
        (b"%PDF-1.7\n", "PDF"),
    ],
)
@pytest.mark.parametrize("encoding", [None, "cp1252", "latin-1"])
def test_what_holds_no_text_is_called_what_it_is(content, kind, encoding):
    """Named .csv, and read in any encoding somebody tries: no example may come of it."""
    asked = data.Asked(format=Format(encoding))
    for read in (lambda: tables.table(content, "a.csv", wanted=asked.format), lambda: tagged(content, "a.conll", asked)):
        with pytest.raises(InputError, match=kind) as caught:
            read()
        assert "CSV" in caught.value.advice


CELLS = {
    "Python": "['joy, pride', 'love']",
    "JSON": '["joy, pride", "love"]',
    "numpy": "['joy, pride' 'love']",
    "lines": "[ 'joy, pride',\n 'love' ]",
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_comma_in_the_name_of_a_label_parts_nothing(cell):
    quoted = cell.replace('"', '""')
    found = data.read(f'text,labels\nthe cat,"{quoted}"\na dog,"[]"\na mat,"[\'love\']"\n'.encode(), "f.csv", answers="many")
    assert [example.labels for example in found.examples] == [("joy, pride", "love"), (), ("love",)]


def test_columns_that_count_something_are_no_labels():
    """QQP: with few rows the numbers of questions looked more like labels than is_duplicate did, whose name nobody knew."""
    rows = "id\tqid1\tqid2\tquestion1\tquestion2\tsame\n" + "".join(f"{i}\t{i % 2}\t{3}\tWhat is {i}?\tHow is {i}?\t{i % 3}\n" for i in range(9))
    found = data.read(rows.encode(), "q.tsv", answers="class")
    assert found.columns == {"text": '"question1" (4)', "label": '"same" (6)', "pair": '"question2" (5)'}
    mrpc = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tHe said so\tSo he said\n0\t7\t9\tIt fell\tIt rose\n"
    found = data.read(mrpc.encode(), "m.tsv", answers="class")
    assert found.columns == {"text": '"#1 String" (4)', "label": '"Quality" (1)', "pair": '"#2 String" (5)'}
    for name in ("PhraseId", "sentence_id", "ID", "captionID", "doc-id"):
        found = data.read(f"{name},sentence,kind\n1,a b,x\n1,c d,y\n1,e f,x\n1,g h,y\n".encode(), "s.csv", answers="class")
        assert found.columns["label"] == '"kind" (3)', name
    assert data.read(b"sentence,paid,other\na b,1,z\nc d,0,z\ne f,1,z\ng h,0,z\n", "s.csv", answers="class").columns["label"] == '"paid" (2)'


def test_a_csv_without_labels_whose_every_line_has_as_many_commas():
    """A quoted text of two lines, the first of which ends in a comma: each line by itself looks like a row."""
    content = b'text,author\n"I came, \nI saw",Caesar\n"To be, \nor not",Hamlet\n'
    found = data.read(content, "f.csv")
    assert [example.text for example in found.examples] == list(pd.read_csv(io.BytesIO(content)).text)


def test_a_column_that_pandas_left_is_no_label():
    frame = pd.DataFrame({"comment": ["one", "two", "three", "four"], "kind": ["a", "b", "a", "b"]})
    written = pd.read_csv(io.StringIO(frame.to_csv())).to_csv()  # counted twice
    found = data.read(written.encode(), "f.csv", answers="class")
    assert found.columns == {"text": '"comment" (3)', "label": '"kind" (4)'}
    with pytest.raises(InputError, match="no column of labels"):
        data.read(pd.read_csv(io.StringIO(frame[["comment"]].to_csv())).to_csv(index=False).encode(), "f.csv", answers="class")
    with pytest.raises(InputError, match="no column of labels"):
        data.read(frame[["comment"]].to_csv().encode(), "f.csv", answers="class")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_lines_that_end_in_any_way_are_lines(end):
    words = "The\tO\nBob\tB-PER\n\nHe\tO\n".replace("\n", end)
    found = data.read(words.encode(), "f.conll", answers="words")
    assert [example.words for example in found.examples] == [("The", "Bob"), ("He",)]
    prose = "The cat\nsat.\n\nHe ran\naway.\n".replace("\n", end)
    assert [example.text for example in data.read(prose.encode(), "f.txt").examples] == ["The cat sat.", "He ran away."]


@pytest.mark.parametrize("between", [" ", "\t"])
def test_a_space_that_does_not_break_is_part_of_a_word(between):
    text = "10\u00a0000 B-NUM\nEuro O\n\u00a0 O\n中\u3000文 O\n".replace(" ", between)
    found = data.read(text.encode(), "f.conll", answers="words")
    assert [example.words for example in found.examples] == [("10\u00a0000", "Euro", "\u00a0", "中\u3000文")]
    assert found.examples[0].labels == ("B-NUM", "O", "O", "O")


@pytest.mark.parametrize("name", ["None", "NA", "N/A", "null", "nan"])
def test_a_folder_of_csv_keeps_the_words_that_pandas_takes_for_nothing(tmp_path, name):
    (tmp_path / "train.csv").write_text(f"text,stance\n{name},favour\nb,{name}\n")
    if name in ("null", "nan"):
        with pytest.raises(InputError, match="label is missing"):
            data.hub(str(tmp_path), folder=True, asked=data.Asked("text", "stance"))
        return
    found = data.hub(str(tmp_path), folder=True, asked=data.Asked("text", "stance"))
    assert found.examples[0].text == name and name in found.labels


@pytest.mark.parametrize("cell", ["1_0", "_1", "1_"])
def test_a_number_has_no_underscore(cell):
    with pytest.raises(InputError, match="is not a number"):
        data.read(f"text,score\na,{cell}\nb,2\n".encode(), "f.csv", answers="number")
