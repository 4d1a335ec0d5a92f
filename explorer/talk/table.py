"""Votes and settings of a lecture as a table, for afterwards."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from explorer.export import cell


@dataclass(frozen=True)
class Row:
    """One number of a lecture.

    Attributes:
        demo: id of the question, or of the claim.
        title: of the question, or the claim.
        what: "hands" for an option, "hands after" for those who were right in the end, "setting" for where a control stood.
        name: the option's letter on the screen, or the control.
        text: the option, or the title of the control.
        value: hands, or where the control stood.
        right: whether the option is right: "yes", "no", or empty where that was not shown.
    """

    demo: str
    title: str
    what: str
    name: str
    text: str
    value: str
    right: str = ""


def table(rows: Iterable[Row]) -> bytes:
    """CSV with a line of names, in UTF-8 with BOM, for spreadsheets; what could be a formula there is a text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows([value if _is_number(value) else cell(value) for value in astuple(row)] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _is_number(text: str) -> bool:
    """Whether a spreadsheet takes it as a number, which may begin with a sign; `cell` would make a text of it."""
    try:
        float(text)
    except ValueError:
        return False
    return True
