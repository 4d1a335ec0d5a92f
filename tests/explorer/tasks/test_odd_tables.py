"""Tables as other programs leave them: bytes of zero, names twice, a separator in quotes, very long cells, codes, addresses beside texts."""

import csv
import io

import pandas as pd
import pytest

from explorer.tasks import data
from explorer.tasks.data import Asked
from explorer.tasks.formats import Format
from explorer.tasks.matching import match
from models import InputError


@pytest.mark.parametrize("name", ["films.csv", "films.txt"])
def test_zeros_behind_the_last_line_are_no_text(name):
    """A file of a fixed size, or one that a machine left when it went down, was refused, or had one text of zeros."""
    found = data.read(b"text,label\na good film,1\na bad film,0\n" + bytes(40), name)
    assert [example.text for example in found.examples] == ["a good film", "a bad film"]
    with pytest.raises(InputError, match="is empty"):
        data.read(bytes(40), name)


@pytest.mark.parametrize(("name", "content"), [("films.csv", "text,label\nfine,1\nbad,0\n"), ("story.txt", "It was fine.\nIt was bad.\n")])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_half_a_letter_of_utf_16_is_no_utf_8(name, content, encoding):
    """A file that was cut in the middle of a letter was read with zeros between its letters."""
    with pytest.raises(InputError, match=encoding):
        data.read(content.encode(encoding)[:-1], name)


def test_a_name_that_stands_twice_matters_where_it_could_be_meant():
    """Tables that were joined hold some columns twice: nobody reads them, and the whole file was refused."""
    content = b"id,text,label,note,note\n1,good,1,a,b\n2,bad,0,a,c\n"
    found = data.read(content, "films.csv")
    assert found.columns == {"text": '"text" (2)', "label": '"label" (3)'}
    assert any('column 5 is called "note (5)"' in note for note in found.notes)
    assert [example.text for example in data.read(content, "films.csv", Asked(text="5")).examples] == ["b", "c"]
    for asked in (Asked(), Asked(text="note")):
        with pytest.raises(InputError, match="twice, in columns"):
            data.read(content if asked.text else b"text,label,text\na,1,b\n", "films.csv", asked)


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"'])
def test_a_line_that_names_the_separator_may_be_quoted(first):
    found = data.read(f'{first}\r\n"text";"label"\r\n"good, fine";"1"\r\n"bad";"0"\r\n'.encode(), "films.csv", answers="class")
    assert [(example.text, example.label) for example in found.examples] == [("good, fine", 1), ("bad", 0)]


def test_a_quoted_cell_may_be_as_long_as_a_judgment():
    """Python's own limit is 131,072 characters: the file was refused for a quote that does not close."""
    rows = pd.DataFrame({"text": ['So, "held" the court. ' * 9000, "short"], "label": [1, 0]})
    written = rows.to_csv(index=False)
    assert [example.text for example in data.read(written.encode(), "law.csv").examples] == list(rows["text"])
    with pytest.raises(InputError, match="Line 2: a double quote opens"):
        data.read(('text,label\n"' + "never closed, " * 20_000 + "1\nshort,0\n").encode(), "law.csv")
    assert list(csv.reader(io.StringIO(written)))[1][0] == rows["text"][0]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["01", "02", "10", "02"], ("01", "02", "10")),
        (["00", "01", "00", "01"], ("00", "01")),
        (["007", "7", "8", "8"], ("7", "8")),  # written in two ways, it is a number
        (["1.0", "0.0", "1.0", "0"], ("0", "1")),
    ],
)
def test_a_code_keeps_its_zeros(written, names):
    content = "text,label\n" + "".join(f"text {i},{label}\n" for i, label in enumerate(written))
    assert data.read(content.encode(), "codes.csv").labels == names


def test_codes_are_the_model_s_classes_of_that_name():
    """Without their zeros they were numbers of its classes, or none of them."""
    assert match(("00", "10"), ("10", "00", "20")).classes == (1, 0)
    assert match(("01", "02"), ("01 books", "02 films", "03 music")).classes == (0, 1)


@pytest.mark.parametrize(
    "long",
    [
        "https://example.com/a/very/long/address/of/{i}",
        "Mon Apr 06 22:19:4{i} PDT 2009",
        "2009-04-06T22:19:4{i}.000000+02:00",
        "Monday, 6 April 2009, 10:1{i} p.m.",
        "somebody.with.a.long.name{i}@example.com",
        "d41d8cd98f00b204e9800998ecf8427{i}",
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_what_is_longer_than_a_short_text_need_be_none(long, header):
    """The longest column was taken for the texts, where none had a known name."""
    rows = [[long.format(i=i), text, label] for i, (text, label) in enumerate([("heel goed", "pos"), ("slecht", "neg"), ("prima", "pos")])]
    written = pd.DataFrame(rows, columns=["bron", "zin", "etiket"]).to_csv(index=False, header=header)
    found = data.read(written.encode(), "films.csv", answers="class")
    assert [example.text for example in found.examples] == ["heel goed", "slecht", "prima"]
    assert any("text was guessed" in note for note in found.notes)


@pytest.mark.parametrize("text", ["I have 2 or 3 dogs", "See https://example.com for more", "12 May 2020 at noon", "sunny, 20 to 25 degrees"])
def test_a_text_with_times_and_addresses_in_it_is_a_text(text):
    rows = pd.DataFrame({"zin": [text, "1984"], "woord": ["kort", "ook"]}).to_csv(index=False)
    found = data.read(rows.encode(), "a.csv", Asked(label="", format=Format(header=True)))
    assert [example.text for example in found.examples] == [text, "1984"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_separator_within_quotes_in_every_row_alike(separator):
    """A column of "Doe, Jane" was two columns of half a name, with a quote each, in a file without a header."""
    rows = [
        [f"Doe{separator} Jane", "a good film", "pos"],
        [f"Roe{separator} Richard", "a bad one", "neg"],
        [f"Poe{separator} E. A.", "fine", "pos"],
    ]
    written = pd.DataFrame(rows).to_csv(index=False, header=False, sep=separator)
    found = data.read(written.encode(), "films.tsv" if separator == "\t" else "films.csv", Asked(text="2"), answers="class")
    assert [(example.text, found.labels[example.label]) for example in found.examples] == [(row[1], row[2]) for row in rows]


CELLS = [("3,5", True), ("1.234,56", True), ("1,234", True), ("12 000", True), ("12'000", True), ("good", False)]


@pytest.mark.parametrize(("cell", "grouped"), CELLS)
def test_a_number_in_another_country_s_way_is_refused_in_words(cell, grouped):
    with pytest.raises(InputError, match="is not a number") as error:
        data.read(f"text;score\na film;{cell}\n".encode(), "films.csv", Asked(label="score"), "number")
    assert ("nothing between thousands" in error.value.advice) == grouped


def test_columns_that_pandas_has_numbered_are_named_so_beside_known_names():
    """The header was an example, and one of the numbered columns its label."""
    rows = pd.DataFrame({"text": ["a film", "another", "a third"], "label": [1, 0, 1], 0: [2, 3, 3], 1: [0.5, 0.25, 0.5]})
    found = data.read(rows.to_csv(index=False).encode(), "films.csv", answers="class")
    assert [(example.text, example.label) for example in found.examples] == [("a film", 1), ("another", 0), ("a third", 1)]
    assert found.read.names == ("text", "label", "0", "1")


def test_a_first_column_that_counts_rows_is_no_label_without_a_header_either():
    found = data.read("".join(f"{i}\ttext {i}\n" for i in range(6)).encode(), "texts.txt")
    assert found.labels == () and found.examples[3].text == "text 3"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("left_text", "right_text"),
        ("text_left", "text_right"),
        ("sent1", "sent2"),
        ("first_sentence", "second_sentence"),
        ("phrase_a", "phrase_b"),
    ],
)
def test_two_columns_of_texts_are_called_as_twins_are(one, two):
    """Only the longer one was read, as if there were one text."""
    rows = pd.DataFrame({"id": [1, 2, 3], one: ["a man", "a dog", "a cat"], two: ["a lady", "a big dog", "a kitten"], "label": [0, 1, 1]})
    found = data.read(rows.to_csv(index=False).encode(), "pairs.csv", answers="class")
    assert [(example.text, example.pair) for example in found.examples] == list(zip(rows[one], rows[two], strict=True))


@pytest.mark.parametrize(("one", "two"), [("label1", "label2"), ("rater_a", "rater_b"), ("time1", "time2"), ("url1", "url2")])
def test_twins_that_hold_no_texts_are_no_pair(one, two):
    kind = {"t": "2020-01-0{}", "u": "https://a.example/{}"}.get(one[0], "very {}")
    rows = pd.DataFrame(
        {"text": ["a man", "a dog", "a cat"], one: [kind.format(i % 2) for i in range(3)], two: [kind.format(1) for _i in range(3)]}
    )
    assert not data.read(rows.to_csv(index=False).encode(), "pairs.csv").examples[0].pair


@pytest.mark.parametrize("which", [[0, 1, 2], [0]])
def test_a_separator_behind_the_last_field_makes_no_column(which):
    """pandas takes each value for that of the column before it; here the file was refused."""
    lines = [f'"film {i}";{i % 2};{i}' + (";" if i in which else "") for i in range(3)]
    found = data.read(("text;label;n\n" + "\n".join(lines) + "\n").encode(), "films.csv", answers="class")
    assert [(example.text, example.label) for example in found.examples] == [("film 0", 0), ("film 1", 1), ("film 2", 0)]
    assert any(note.endswith(f"is named: {len(which)}.") for note in found.notes)
    with pytest.raises(InputError, match="Line 3 has 4 fields"):
        data.read(b"text,label,n\na,1,2,\nb,0,3,4\n", "films.csv")
