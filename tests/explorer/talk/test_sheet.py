"""Sheets of exercises and the table of votes."""

import csv
import io
import re

import pytest

from explorer.i18n import LANGUAGES, speaking
from explorer.lectures.exercises import EXERCISES, texts
from explorer.talk.sheet import sheet
from explorer.talk.table import Row, table


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("chapter", EXERCISES)
def test_answers_stand_on_the_sheet_only_when_they_are_asked_for(chapter, language):
    with speaking(language):
        without, found = sheet(chapter, False), sheet(chapter, True)
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", found)]
    computed = [answer.compute() for answers in EXERCISES[chapter] for answer in answers]
    assert [float(row[1].replace(",", "")) for row in cells] == pytest.approx(computed, rel=1e-9)
    assert not any(value for value in re.findall(r"<tr><td>.*?</td><td>(.*?)</td>", without))
    for text in texts(chapter, language):
        labels = list(text.labels.values())
        assert all(label in without for label in labels)
        assert text.way[:20] not in re.sub(r"<[^>]+>", "", without)


def test_votes_are_a_table_that_a_spreadsheet_reads():
    rows = [Row("Q3", 'Why, "so"?', "hands", "A", "=1+1", "12", "no"), Row("Q3", "缩放", "setting", "d_k", "width", "-1.5")]
    found = list(csv.reader(io.StringIO(table(rows).decode("utf-8-sig"))))
    assert found[0] == ["demo", "title", "what", "name", "text", "value", "right"]
    assert found[1] == ["Q3", 'Why, "so"?', "hands", "A", "'=1+1", "12", "no"] and found[2][1:] == ["缩放", "setting", "d_k", "width", "-1.5", ""]
