"""JSON objects as rows: one a line, or all in one array."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.tasks import json_rows, tables
from models import InputError

ROWS = [{"text": "good film", "label": 1}, {"label": 0, "text": "bad\nfilm"}]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("name", ["f.json", "f.jsonl"])
def test_an_array_is_read_as_its_objects(indent, name):
    found = tables.table(json.dumps(ROWS, indent=indent).encode(), name)
    assert found.names == ("text", "label") and found.rows == [["good film", 1], ["bad\nfilm", 0]]


def test_objects_of_an_array_know_their_lines():
    assert [line for line, _one in json_rows.objects('\n[\n {"a": 1},\r\n\r\n {\n"a": 2}\n]')] == [3, 5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[\n{"a": 1}\n{"a": 2}]', "Line 3: a comma"),
        ('[\n{"a": 1},\n]', "Line 3, character 1"),
        ('[\n{"a": 1},\n{"a": }]', "Line 3, character 7"),
        ('[{"a": 1}] {"a": 2}', "Line 1: the array is closed"),
        ('[{"a": 1}', "Line 1: a comma"),
        ('[{"a": 1}, 5]', "Line 1 is JSON, but not an object"),
        ('[\n{"a": 1, "a": 2}]', 'Line 2 holds the key "a" twice'),
        ("[" * 100_000, "Line 1"),
        ("[]", "no fields"),
    ],
)
def test_what_is_wrong_in_an_array_is_told_by_line(text, said):
    with pytest.raises(InputError, match=said) as caught:
        json_rows.rows(text, "f.json")
    assert caught.value.advice


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.integers(), st.text(max_size=8)), min_size=1), min_size=1, max_size=6)
)
def test_lines_and_an_array_hold_the_same(rows):
    by_line = json_rows.rows("\n".join(map(json.dumps, rows)), "f")
    in_array = json_rows.rows(json.dumps(rows), "f")
    assert by_line[:2] == in_array[:2]
    assert [dict(zip(by_line[0], row, strict=True)) for row in by_line[1]] == [{name: row.get(name) for name in by_line[0]} for row in rows]


def test_a_new_key_in_every_line_is_refused_before_the_memory_is_full():
    text = "\n".join(json.dumps({f"key {i}": i}) for i in range(30_000))
    with pytest.raises(InputError, match="Line 1001"):
        json_rows.rows(text, "f")


def test_an_object_of_many_keys_is_read_in_one_go():
    begun = time.perf_counter()
    with pytest.raises(InputError, match="twice"):
        list(json_rows.objects("{" + ", ".join(f'"{i}": 0' for i in range(50_000)) + ', "49999": 1}'))
    assert time.perf_counter() - begun < 30  # comparing each key with all others took minutes
