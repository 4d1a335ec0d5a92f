"""Rows of fields: separators and quotes that nobody named, by hand and against pandas' writer."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.tasks import columns, tables
from explorer.tasks.formats import SEPARATORS, Format
from models import InputError


def read(text, name="f.csv", **wanted):
    return tables.table(text.encode(), name, (), Format(**wanted))


@pytest.mark.parametrize(
    ("text", "separator", "rows"),
    [
        ("the film was good;1\nthe film was bad;0\nan okay day;1\n", ";", 3),
        ("sentence|label\ngood film|1\nbad, very bad film|0\n", "|", 2),
        ("sep=;\r\ntext;label\r\ngood, warm;1\r\nbad;0\r\n", ";", 2),
        ('"text, long";label\ngood, warm;1\nbad;0\n', ";", 2),
        ("text,label\nof one; and another,1\nof two; and more,0\n", ",", 2),
        ("one; two,1\nthree; four,0\n", ",", 2),
        ("en;fr\na dog;un chien\na cat;un chat\n", ";", 2),
        ("text\tlabel\na, b\t1\nc, d\t0\n", "\t", 2),
        ("alone\nand alone, too\n".replace(",", ""), ",", 2),
        ("1,a | b\n0,c | d\n", ",", 2),
    ],
)
def test_the_separator_is_found_and_told(text, separator, rows):
    found = read(text)
    assert found.format.separator == separator and len(found.rows) == rows


def test_the_separator_can_be_said():
    text = "a;b,c\nd;e,f\n"
    assert read(text, separator=",").rows == [["a;b", "c"], ["d;e", "f"]]
    assert read(text, separator=";").rows == [["a", "b,c"], ["d", "e,f"]]
    assert read("a\u00a6b\nc\u00a6d\n", separator="\u00a6").rows == [["a", "b"], ["c", "d"]]
    for wrong in ("", "ab", '"', "\n"):
        with pytest.raises(InputError, match="cannot separate"):
            read(text, separator=wrong)


def test_lines_below_a_line_that_names_the_separator_are_counted_with_it():
    found = read("sep=;\ntext;label\ngood;1\nbad;0\n")
    assert found.lines == [3, 4]
    with pytest.raises(InputError, match="Line 4 has 3 fields"):
        read("sep=;\ntext;label\ngood;1\nbad;0;2\n")


SPANS = 'sentence{}label\n"i loved every minute{}1\nand then it fell apart"{}0\na fine film{}1\nno good at all{}0\n'


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_quote_that_would_swallow_a_row_is_a_character(separator):
    found = read(SPANS.replace("{}", separator), "f.tsv" if separator == "\t" else "f.csv")
    assert [row[1] for row in found.rows] == ["1", "0", "1", "0"] and found.rows[0][0] == '"i loved every minute'
    assert not found.format.quoting and any("characters of the texts" in note for note in found.notes)
    swallowed = read(SPANS.replace("{}", separator), "f.csv", separator=separator, quoting=True)
    assert len(swallowed.rows) == 3 and swallowed.format.quoting


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_quoted_field_over_two_lines_stays_one(separator):
    found = read(f'text{separator}label\n"good\nand warm"{separator}1\nbad{separator}0\n', "f.csv", separator=separator)
    assert found.rows == [["good\nand warm", "1"], ["bad", "0"]] and found.format.quoting and not found.notes
    # Where each line happens to have as many separators as a row, labels tell.
    found = read(f'text{separator}label\n"hello{separator} friend\nand goodbye"{separator}1\nbad{separator}0\n', "f.csv", separator=separator)
    assert found.rows[0] == [f"hello{separator} friend\nand goodbye", "1"]


def test_a_header_can_be_said_and_denied():
    text = "colour,shape\nred,round\nblue,square\n"
    assert [read(text, header=wanted).names for wanted in (True, False)] == [("colour", "shape"), ("column 1", "column 2")]
    assert len(read(text, header=True).rows) == 2 and len(read(text, header=False).rows) == 3
    assert read("label,text\n1,a\n", header=False).rows[0] == ["label", "text"]
    assert not read("label,text\n1,a\n", header=False).notes


def test_rows_of_nothing_but_separators_are_no_rows():
    assert read("label,text\n1,a\n,,\n,\n\n0,b\n").rows == [["1", "a"], ["0", "b"]]


def test_a_column_that_says_the_same_everywhere_is_no_label():
    found = read("gj04\t1\t\tOur friends won't buy this.\ngj04\t0\t*\tOne more and I am giving up up.\ngj04\t1\t\tThe more.\n", "cola.tsv")
    choice = columns.choose(found.names, found.rows)
    assert (choice.label, choice.text) == (1, 3)
    alone = columns.choose(("a", "b"), [["fine", "1"], ["good", "1"]])
    assert (alone.label, alone.text) == (1, 0)
    assert columns.choose(("a", "b"), [["some words", "corpus"], ["others", "corpus"]]).label is None


FIELD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(
    st.lists(st.tuples(FIELD.filter(str.strip), st.integers(0, 3), FIELD), min_size=1, max_size=8),
    st.sampled_from(SEPARATORS),
    st.sampled_from([0, 1, 2]),  # quotes where needed, everywhere, around what is no number
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_a_round_trip_through_the_writer_of_pandas(rows, separator, quoting, encoding, header):
    frame = pd.DataFrame(rows, columns=["sentence", "label", "more"])
    file = io.BytesIO()
    frame.to_csv(file, sep=separator, quoting=quoting, encoding=encoding, index=False, header=header)
    wanted = Format() if header else Format(separator=separator, quoting=True, header=False)
    found = tables.table(file.getvalue(), "f.csv", (), wanted)
    assert found.rows == [[text, str(label), more] for text, label, more in rows]
    assert found.format.separator == separator and found.header == header


@given(st.text(st.sampled_from('a1,;|\t" \n\r\\\u2028é'), max_size=40), st.sampled_from(["f.csv", "f.tsv"]))
def test_any_file_is_rows_of_one_width_or_an_error_that_says_what_to_do(text, name):
    try:
        found = tables.table(text.encode(), name)
    except InputError as error:
        assert error.problem and error.advice
    else:
        assert {len(row) for row in found.rows} == {len(found.names)} and found.lines == sorted(set(found.lines))
