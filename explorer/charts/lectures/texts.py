"""A table of words, a colour for each kind of row."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame


def texts(
    rows: Sequence[Sequence[str]],
    columns: Sequence[str],
    title: str,
    *,
    of: Sequence[str] = (),
    series: Sequence[str] = (),
    widths: Sequence[float] = (),
    marked: Sequence[int] = (),
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        rows: words of each row, from above; one for each column.
        columns: their titles.
        title: of the picture.
        of: kind of each row, one of `series`, which gives it a colour; none where there are none.
        series: names of all kinds.
        widths: of the columns, as shares; equal where there are none.
        marked: numbers of rows that carry a frame.
        size: of the drawing.
    """
    shares = list(widths) or [1 / len(columns)] * len(columns)
    starts = [sum(shares[:i]) for i in range(len(shares))]
    kinds = list(of) or [""] * len(rows)
    cells = [(r, starts[c] + 0.012, word) for r, row in enumerate(rows) for c, word in enumerate(row)]
    heads = [(-1, start + 0.012, name) for start, name in zip(starts, columns, strict=True)]
    bands = pd.DataFrame({"r": range(len(rows)), "series": kinds, "marked": [r in set(marked) for r in range(len(rows))]})
    tables = {"cells": pd.DataFrame(heads + cells, columns=["r", "x", "text"]), "bands": bands}
    return Picture(_description(title, len(rows), tuple(series) or ("",), size, dark), tables)


@described
def _description(title: str, n: int, series: tuple[str, ...], size: tuple[int, int], dark: bool) -> alt.LayerChart:
    y = alt.Y("r:O", scale=alt.Scale(domain=list(range(-1, n)), padding=0), axis=None)
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None)
    ink = palette.page(dark)[1]
    stroke = alt.condition("datum.marked", alt.value(palette.frame(dark)), alt.value(palette.page(dark)[0]))
    bands = (
        alt.Chart(alt.NamedData("bands"))
        .mark_rect(fillOpacity=0.35, strokeWidth=2)
        .encode(y=y, x=alt.value(0), x2=alt.value(size[0]), color=frame.colour(series, dark), stroke=stroke)
    )
    words = alt.Chart(alt.NamedData("cells")).mark_text(align="left", baseline="middle", fontSize=frame.LETTERS, color=ink).encode(x=x, y=y)
    return frame.finished(alt.layer(bands, words.encode(text="text:N")), *size, title)
