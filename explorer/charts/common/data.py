"""Numbers into a chart: as data frames for a page, which sends them as Arrow, or as text for a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import altair as alt
import pandas as pd

_inline: ContextVar[bool] = ContextVar("inline_data", default=False)


@contextmanager
def standalone() -> Iterator[None]:
    """Charts made in this block carry their numbers themselves, as CSV.

    Altair turns data frames into text by a setting that is global to the process, and Streamlit changes it while it draws.
    """
    token = _inline.set(True)
    try:
        yield
    finally:
        _inline.reset(token)


def columns(*, inline: bool = False, **values: Sequence) -> pd.DataFrame | alt.InlineData:
    """Columns of numbers, or of texts without commas, quotes or newlines, as the data of a chart.

    Args:
        inline: inside the chart always, as the tables of a description are that never change.
        values: by name.

    Raises:
        ValueError: columns of different lengths.
    """
    frame = pd.DataFrame(values)
    if inline:
        return alt.InlineData(values=frame.to_dict("records"))
    if not _inline.get():
        return frame
    types = {name: "number" if pd.api.types.is_numeric_dtype(frame[name]) else "string" for name in frame}
    return alt.InlineData(values=frame.to_csv(index=False), format=alt.CsvDataFormat(type="csv", parse=types))


def texts(**values: Sequence[str]) -> Mapping[str, alt.Parameter]:
    """Lists of texts as parameters, to be looked up by number: a token is data and never part of an expression."""
    return {name: alt.param(name=name, value=list(column)) for name, column in values.items()}


def render(n_marks: int) -> dict:
    """SVG for few marks (sharp, readable by a screen reader), canvas for many (fast)."""
    return {"embedOptions": {"renderer": "svg" if n_marks <= 2_500 else "canvas"}}


PAD = alt.AutoSizeParams(type="pad")
"""Width and height mean the drawing itself; labels and legends come on top. Streamlit would squeeze all into them."""
