"""What labels of words begin with, and a first line that names the columns."""

import pytest

from explorer.tasks import data
from explorer.tasks.data import Asked
from explorer.tasks.formats import Format
from models import InputError


def _begun(labels):
    """How many labels begin something with I-, as the note says."""
    lines = "".join(f"w{i} {label}\n" if label else "\n" for i, label in enumerate(labels))
    notes = [note for note in data.read(lines.encode(), "f.conll", answers="words").notes if "IOB1" in note]
    return int(notes[0].split(": ")[1].split()[0]) if notes else 0


@pytest.mark.parametrize(
    ("labels", "n"),
    [
        ("I-ORG O I-MISC O O", 2),  # how CoNLL 2003 begins
        ("O I-LOC I-LOC B-LOC O", 1),  # B- only between two of one kind
        ("B-LOC I-LOC O B-PER", 0),
        ("B-LOC I-PER O", 1),
        ("S-LOC B-PER I-PER E-PER O", 0),
        ("U-LOC B-PER I-PER L-PER O", 0),
        ("B I O I", 1),
        ("B M E O", 0),
        ("ITEM IN I_X O", 0),
    ],
)
def test_labels_that_begin_something_with_i_are_counted(labels, n):
    """Scored on a model that begins with B-, the first word of each was wrong, and nothing said why."""
    assert _begun(labels.split()) == n


def test_what_a_sentence_ends_with_goes_on_in_no_other():
    assert _begun(["B-LOC", "", "I-LOC"]) == 1
    found = data.read(b'{"tokens": ["a", "b"], "ner_tags": ["I-LOC", "I-LOC"]}\n', "f.jsonl", answers="words")
    assert any("IOB1" in note for note in found.notes)


HEADED = [
    ("token\tlabel", "{}\t{}", 1),
    ("Token\tNER_Tag", "{}\t{}", 1),
    ("word pos ner", "{} X {}", 2),
    ("id\tword\tner_tags\tpos", "{n}\t{}\t{}\tX", 2),
]


@pytest.mark.parametrize(("header", "row", "label"), HEADED)
def test_a_first_line_may_name_the_columns(header, row, label):
    """It was a word of the first sentence, and its label none of the model's."""
    words = [("EU", "B-ORG"), ("rejects", "O"), ("Peter", "B-PER")]
    lines = [row.format(*pair, n=i % 2 + 1) for i, pair in enumerate(words)]
    content = "\n".join([header, *lines[:2], "", *lines[2:]]) + "\n"
    found = data.read(content.encode(), "f.tsv", answers="words")
    assert [example.words for example in found.examples] == [("EU", "rejects"), ("Peter",)]
    assert found.labels == ("B-ORG", "B-PER", "O") and "The first line names the columns." in found.notes
    assert found.columns["label"] == str(label + 1) and found.read.names == tuple(header.split())
    columns = {"label": str(label + 1), "text": "2" if "{n}" in row else "1"}
    said = data.read(content.encode(), "f.tsv", Asked(format=Format(header=False), **columns), "words")
    assert len(said.examples[0].words) == 3
    if label == 1:
        assert [example.text for example in data.read(content.encode(), "f.tsv", Asked(label="")).examples] == ["EU rejects", "Peter"]


def test_words_called_label_are_words():
    found = data.read(b"the O\nword O\nlabel O\n", "f.conll", answers="words")
    assert found.examples[0].words == ("the", "word", "label")
    with pytest.raises(InputError, match="no rows"):
        data.read(b"token label\n", "f.conll", answers="words")
