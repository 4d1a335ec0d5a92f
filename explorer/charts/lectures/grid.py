"""A table of numbers as coloured cells."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame

_WRITTEN = 130
"""Cells up to which numbers are written into them."""


def grid(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    *,
    x: str = "",
    y: str = "",
    visible: np.ndarray | None = None,
    signed: bool = False,
    top: float | None = None,
    marked: Sequence[tuple[int, int]] = (),
    format: str = ".2f",
    written: bool | None = None,
    numbers: np.ndarray | None = None,
    said: np.ndarray | None = None,
    opens: bool = False,
    picks: bool = False,
    dimmed: bool = False,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        values: (rows, columns).
        rows, columns: their names, from above and from the left; they may repeat.
        title: of the picture; x, y: what columns and rows are.
        visible: bool of the same shape; False is drawn in the colour of what may not be seen.
        signed: whether colours go from below 0 to above; else from 0.
        top: the value that gets the last colour; the largest where None.
        marked: cells, (row, column), that carry a frame.
        format: of the numbers in the cells, as Python has it.
        written: whether they are written; where None, if there are few enough.
        numbers: what is written and told in the place of `values`, where colours are on another scale.
        said: words in the cells, where numbers alone do not say it, (rows, columns).
        opens: rows are layers and columns are heads: a click on a cell is the selection `head`, of layer and head.
        picks: a click on a cell is the selection `pick`, of the number of its row.
        dimmed: pale, since another picture is spoken of.
        size: of the drawing.
    """
    n, m = values.shape
    seen = np.ones((n, m), bool) if visible is None else visible
    top = float(top if top is not None else (np.abs(values[seen]).max() if seen.any() else 1.0)) or 1.0
    written = n * m <= _WRITTEN and min(size[0] / m, size[1] / n * 2) >= 38 if written is None else written
    shares = np.where(seen, values / top, np.nan)
    numbers = values if numbers is None else numbers
    r, c = np.indices((n, m))
    table = pd.DataFrame({"r": r.ravel(), "c": c.ravel(), "value": np.where(seen, numbers, np.nan).ravel()})
    table["colour"] = [shade(share, signed, dark) for share in shares.ravel()]
    table["ink"] = [palette.ink_on(colour) for colour in table["colour"]]
    words = said if said is not None else np.array([written_as(value, format) for value in numbers.ravel()])
    table["text"] = [word if ok else "" for word, ok in zip(words.ravel(), seen.ravel(), strict=True)]
    if opens:
        table["layer"], table["head"] = (np.where(seen, at, -1).ravel() for at in (r, c))
    if picks:
        table["pick"] = r.ravel()
    frames = pd.DataFrame(list(marked), columns=["r", "c"], dtype=int)
    shown = {"rows": list(rows), "columns": list(columns)}
    return Picture(
        _description(title, n, m, x, y, bool(written), _clicked(opens, picks), dimmed, size, dark), {"cells": table, "marked": frames}, shown
    )


def written_as(value: float, format: str) -> str:
    """A number as Python writes it; what is rounded to nothing has no sign."""
    text = f"{value:{format}}"
    return text.removeprefix("-") if text.startswith("-") and not text.strip("-0.%") else text


def _clicked(opens: bool, picks: bool) -> tuple[str, tuple[str, ...]] | None:
    """The selection that a click makes: its name, and the columns that it names."""
    return ("head", ("layer", "head")) if opens else ("pick", ("pick",)) if picks else None


def shade(share: float, signed: bool, dark: bool) -> str:
    """The colour of a share of the largest value, from 0 or from -1 to 1; nan is what may not be seen."""
    if np.isnan(share):
        return palette.masked(dark)
    at = (np.clip(share, -1, 1) + 1) / 2 if signed else np.clip(share, 0, 1)
    return palette.hexadecimal(palette.table(dark, signed)[round(float(at) * 255)])


@described
def _description(
    title: str,
    n: int,
    m: int,
    x_title: str,
    y_title: str,
    written: bool,
    clicked: tuple[str, tuple[str, ...]] | None,
    dimmed: bool,
    size: tuple[int, int],
    dark: bool,
) -> alt.LayerChart:
    def axis(names: str, most: int, steps: int, **how: object) -> alt.Axis:
        return alt.Axis(labelExpr=f"{names}[datum.value]", ticks=False, domain=False, labelLimit=most, labelOverlap=steps > 24, **how)

    wide = size[0] / m
    turned = -45 if wide < 48 else 0
    x = alt.X(
        "c:O",
        title=x_title or None,
        scale=alt.Scale(domain=list(range(m)), padding=0),
        axis=axis("columns", 90 if turned else max(40, int(wide)), m, orient="top", labelAngle=turned),
    )
    y = alt.Y("r:O", title=y_title or None, scale=alt.Scale(domain=list(range(n)), padding=0), axis=axis("rows", max(110, size[0] // 4), n))
    base = alt.Chart(alt.NamedData("cells")).encode(x=x, y=y)
    tips = [alt.Tooltip("value:Q", title=title, format=".4~g")]
    pale, veiled = ({"opacity": 0.3}, {"fillOpacity": 0.3}) if dimmed else ({}, {})
    layers = [
        base.mark_rect(stroke=palette.page(dark)[0], strokeWidth=1 if n * m <= 900 else 0, **veiled).encode(
            color=alt.Color("colour:N", scale=None), tooltip=tips
        )
    ]
    if clicked is not None:
        name, fields = clicked
        layers[0] = layers[0].add_params(alt.selection_point(name=name, fields=list(fields), toggle=False, clear=False, empty=False))
    if written:
        layers.append(base.mark_text(fontSize=frame.LETTERS, **pale).encode(text="text:N", color=alt.Color("ink:N", scale=None)))
    layers.append(alt.Chart(alt.NamedData("marked")).mark_rect(filled=False, stroke=palette.frame(dark), strokeWidth=4, **pale).encode(x=x, y=y))
    chart = alt.layer(*layers).add_params(*data.texts(rows=[], columns=[]).values())
    return frame.finished(chart, *size, title, n * m)
