"""Numbers into a chart, compactly: text as CSV is a tenth of rows of objects, and is checked by Altair in no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt


def columns(**values: Sequence) -> alt.InlineData:
    """Columns of numbers, or of texts without commas, quotes or newlines, as inline data of a chart.

    Raises:
        ValueError: columns of different lengths.
    """
    names = list(values)
    rows = zip(*values.values(), strict=True)
    text = "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)])
    types = {name: "number" for name, column in values.items() if not len(column) or not isinstance(column[0], str)}
    return alt.InlineData(values=text, format=alt.CsvDataFormat(type="csv", parse=types))


def texts(**values: Sequence[str]) -> Mapping[str, alt.Parameter]:
    """Lists of texts as parameters, to be looked up by number: a token is data and never part of an expression."""
    return {name: alt.param(name=name, value=list(column)) for name, column in values.items()}


def render(n_marks: int) -> dict:
    """SVG for few marks (sharp, readable by a screen reader), canvas for many (fast)."""
    return {"embedOptions": {"renderer": "svg" if n_marks <= 2_500 else "canvas"}}
