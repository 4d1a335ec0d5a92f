"""Ordinary files that look a little like those whose lines are written in a way of their own."""

import time

import pandas as pd
import pytest

from explorer.tasks import data
from explorer.tasks.data import Asked

ROWS = [(i, f"user {i}", "m", "x", 3, "y", i % 3, "z", f"a good film {i}", i % 2) for i in range(1, 7)]
RISING = "1 2 3 4 5 6 7 8\n2 4 6 8 10 12 14 16\n3 6 9 12 15 18 21 24\n"


def _table(*rows, separator=","):
    return "\n".join(separator.join(map(str, row)) for row in rows) + "\n"


@pytest.mark.parametrize("content", ["Blood type O\nThe vitamin B\nsome grade O\n", "here am I\nof group O\n", "2 eggs O\n3 cups B\n", RISING])
def test_lines_of_as_many_words_are_texts_of_their_own(content):
    """They were words with labels, or places in a tree: "Blood The some"."""
    assert [example.text for example in data.read(content.encode(), "a.txt", Asked(label="")).examples] == content.splitlines()


@pytest.mark.parametrize("name", ["films.tsv", "films.txt"])
@pytest.mark.parametrize("columns", [slice(0, 10), slice(2, 10)], ids=["10", "8"])
@pytest.mark.parametrize("begin", [0, 10])
def test_tables_of_as_many_columns_as_a_tree_has_are_tables(name, columns, begin):
    rows = [(begin + row[0], *row[1:])[columns] if columns.start == 0 else (begin + row[0], *row[3:10]) for row in ROWS]
    found = data.read(_table(*rows, separator="\t").encode(), name, answers="class")
    assert [(example.text, example.label) for example in found.examples] == [(row[-2], row[-1]) for row in rows]


@pytest.mark.parametrize("header", [[("word", "label")], []])
def test_words_whose_classes_are_called_as_tags_keep_them(header):
    content = _table(*header, ("apple", "B"), ("pear", "O"), ("fig", "B"), ("plum", "O"), separator="\t")
    found = data.read(content.encode(), "fruit.tsv", answers="class")
    assert [(example.text, found.labels[example.label]) for example in found.examples][:2] == [("apple", "B"), ("pear", "O")]


@pytest.mark.parametrize("name", ["films.csv", "films.txt", "films.tsv"])
@pytest.mark.parametrize(
    ("content", "answers"),
    [
        ("a film ||| pos\nanother ||| neg\n", ["pos", "neg"]),
        ("3 ||| a film\n1 ||| another\n", ["3", "1"]),
        ("text ||| label\na film ||| fine\nanother ||| dull\n", ["fine", "dull"]),
    ],
)
def test_bars_before_a_label_part_no_translation(name, content, answers):
    found = data.read(content.encode(), name, answers="class")
    assert [(example.text, found.labels[example.label]) for example in found.examples] == [("a film", answers[0]), ("another", answers[1])]
    assert not any("translation" in note for note in found.notes)


def test_bars_before_a_number_or_below_names():
    found = data.read(b"0.25 ||| a film\n0.5 ||| another\n", "films.csv", answers="number")
    assert [(example.text, example.value) for example in found.examples] == [("a film", 0.25), ("another", 0.5)]
    found = data.read(b"source ||| target\nDas Haus ||| the house\n", "pairs.txt", Asked(label=""))
    assert [(example.text, example.pair) for example in found.examples] == [("Das Haus", "the house")]


def test_long_numbers_behind_bars_take_no_time():
    """Each of them may be parted in several ways, all of which were tried."""
    begun = time.process_time()
    data.read(f"a ||| b ||| {'-'.join(['1111'] * 60)}x\n".encode(), "a.txt", Asked(label=""))
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("written", [["+", "-", "="], ["+", "-", "+/-"], ["++", "-", "--"], ["y", "-", "?"]])
def test_a_sign_among_signs_is_a_class(written):
    content = _table(("text", "label"), *((f"text {i}", label) for i, label in enumerate(written)))
    assert sorted(data.read(content.encode(), "signs.csv", answers="class").labels) == sorted(written)


@pytest.mark.parametrize(("name", "asked"), [("sentiment", Asked()), ("label", Asked(classes=tuple((str(i), str(i + 1)) for i in range(-1, 3))))])
def test_minus_one_is_a_class_where_the_column_or_somebody_says_so(name, asked):
    """Tweets on the climate: -1 against, 0 neutral, 1 for, 2 news."""
    content = _table(("message", name), *((f"text {i}", i % 4 - 1) for i in range(8)))
    assert data.read(content.encode(), "tweets.csv", asked, "class").labels == ("-1", "0", "1", "2")


def test_numbers_of_minus_one_are_numbers():
    content = _table(("text", "score"), ("a film", "-1.0"), ("another", "2.0"), ("a third", "0"))
    assert [example.value for example in data.read(content.encode(), "films.csv", answers="number").examples] == [-1, 2, 0]


@pytest.mark.parametrize("known", ["premise", "review", "title"])
def test_twins_beside_a_column_that_is_called_as_texts_are_stay_there(known):
    """COPA's premise gave way to the two choices."""
    rows = [("he fell", "he ran too fast", "he was tired", 0), ("it rained", "she got wet", "the sun shone", 1)]
    found = data.read(_table((known, "choice1", "choice2", "label"), *rows).encode(), "copa.csv", answers="class")
    assert [(example.text, example.pair) for example in found.examples] == [(row[0], "") for row in rows]


def test_twins_of_which_one_is_empty_in_places_are_no_pair():
    rows = [(1, "he was very drunk", "he was tired", 0), (2, "she got wet there", "", 1), (3, "the sun is out", "so was he", 1)]
    found = data.read(_table(("id", "remark1", "remark2", "label"), *rows).encode(), "a.csv", answers="class")
    assert [example.text for example in found.examples] == [row[1] for row in rows]


def test_of_three_answers_two_are_no_pair():
    rows = [(1, "he was very drunk", "he was tired", "it was so", 0), (2, "she got wet there", "not he", "nor she", 1)]
    found = data.read(_table(("id", "answerA", "answerB", "answerC", "label"), *rows).encode(), "a.csv", answers="class")
    assert [(example.text, example.pair) for example in found.examples] == [(row[1], "") for row in rows]


def test_columns_without_a_name_are_no_twins():
    """The first two of a table without a header were a text and a second one: "column 1" and "column 2"."""
    rows = [("Ann Smith", "New York", "what a good film it was", "pos"), ("Bob Jones", "San Jose", "it was no good at all", "neg")]
    found = data.read(_table(*rows, separator="\t").encode(), "a.tsv", answers="class")
    assert [(example.text, example.pair) for example in found.examples] == [(row[2], "") for row in rows]


def test_words_of_indonesian_are_no_numbers_of_rows():
    found = data.read(b"id,en\nrumah,house\nanjing,dog\n", "words.csv", Asked(label=""))
    assert [(example.text, example.pair) for example in found.examples] == [("rumah", "house"), ("anjing", "dog")]


def test_stars_in_their_order_are_labels_where_they_stand_last():
    rows = [(f"film {i}", i) for i in range(1, 6)]
    assert data.read(_table(*rows).encode(), "stars.csv", answers="class").labels == ("1", "2", "3", "4", "5")


def test_of_columns_of_labels_that_have_names_the_last_is_read():
    found = data.read(b"form\tupos\tner\nHe\tPRON\tO\nran\tVERB\tO\n\nAnn\tPROPN\tB-PER\n", "a.tsv", answers="words")
    assert [example.labels for example in found.examples] == [("O", "O"), ("B-PER",)]


def test_a_zero_in_a_text_in_another_encoding_makes_no_utf_16():
    with pytest.raises(Exception, match="is not UTF-8: byte 0xe9"):
        data.read("Un café de plu\nUn autre\n".encode("latin-1") + bytes(2), "a.txt")


@pytest.mark.parametrize("index", [True, False])
def test_columns_that_are_numbered_from_0_are_named_so(index):
    """Tables of pandas whose columns nobody has named: the numbers were an example."""
    rows = pd.DataFrame([("a film", 1), ("another", 0), ("a third", 1)])
    found = data.read(rows.to_csv(index=index).encode(), "films.csv", answers="class")
    assert [(example.text, example.label) for example in found.examples] == list(rows.itertuples(index=False, name=None))
    assert len(data.read(b"0,1\n1,1\n2,0\n", "numbers.csv", Asked(label="")).examples) == 3


def test_a_column_is_asked_for_by_its_number_also_where_columns_are_called_so():
    """A viewer who chose the first column was given the one that is called 1."""
    content = b"text,label,0,1\na film,1,see here,other\nanother,0,or there,words\n"
    assert data.read(content, "films.csv", Asked(text="1")).examples[0].text == "a film"
    assert data.read(content, "films.csv", Asked(text="3")).examples[0].text == "see here"
    assert data.read(content, "films.csv", Asked(text="0")).examples[0].text == "see here"


def test_columns_that_are_called_by_numbers_alone_are_no_twins():
    rows = [("a warm and clever film", "cold and bad", 1), ("the plot goes nowhere", "a warm and clever film", 0)]
    found = data.read(_table(("one", "two", "mark"), *rows).encode(), "film.csv", answers="class")
    assert [(example.text, example.pair) for example in found.examples] == [(row[0], "") for row in rows]
