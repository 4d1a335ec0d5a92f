"""Small maps side by side, with signs between them: a sum, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame
from explorer.charts.lectures.grid import shade

_LEFT, _NAMES, _GAP = 62, 84, 26
"""Room for the names of rows, for titles and names of columns, and for a sign."""


def sums(
    maps: Sequence[np.ndarray],
    signs: Sequence[str],
    titles: Sequence[str],
    tokens: Sequence[str],
    title: str,
    *,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture. All maps have one scale, from below 0 to above.

    Args:
        maps: (n, n) each.
        signs: one between each map and the next.
        titles: of the maps.
        tokens: names of rows and columns; they may repeat.
        title: of the picture.
        size: of the drawing.
    """
    n = len(tokens)
    side = min((size[0] - _LEFT - _GAP * len(signs)) / len(maps), size[1] - _NAMES)
    starts = [_LEFT + i * (side + _GAP) for i in range(len(maps))]
    top, step = max(float(np.abs(part).max()) for part in maps) or 1.0, side / n
    r, c = np.indices((n, n))
    cells = pd.concat(
        [
            pd.DataFrame(
                {
                    "x": start + c.ravel() * step,
                    "x2": start + (c.ravel() + 1) * step,
                    "y": _NAMES + r.ravel() * step,
                    "y2": _NAMES + (r.ravel() + 1) * step,
                    "value": part.ravel().astype(float),
                    "colour": [shade(value / top, True, dark) for value in part.ravel()],
                }
            )
            for part, start in zip(maps, starts, strict=True)
        ],
        ignore_index=True,
    )
    at = np.arange(n)
    rows = pd.DataFrame({"x": _LEFT - 6, "y": _NAMES + (at + 0.5) * step, "at": at})
    columns = pd.DataFrame([(start + (i + 0.5) * step, _NAMES - 6, i) for start in starts for i in at], columns=["x", "y", "at"])
    heads = pd.DataFrame({"x": [start + side / 2 for start in starts], "y": 8, "at": range(len(maps))})
    between = pd.DataFrame({"x": [start + side + _GAP / 2 for start in starts[:-1]], "y": _NAMES + side / 2, "at": range(len(signs))})
    tables = {"cells": cells, "rows": rows, "columns": columns, "heads": heads, "between": between}
    shown = {"tokens": list(tokens), "titles": list(titles), "signs": list(signs)}
    return Picture(_description(title, n * n * len(maps), size, dark), tables, shown)


@described
def _description(title: str, marks: int, size: tuple[int, int], dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    # Places are pixels: names turn and signs stand between without a scale for each map.
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, size[0]], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, size[1]], nice=False, reverse=True), axis=None)
    cells = alt.Chart(alt.NamedData("cells")).mark_rect(stroke=palette.page(dark)[0], strokeWidth=1)
    cells = cells.encode(
        x=x, y=y, x2="x2:Q", y2="y2:Q", color=alt.Color("colour:N", scale=None), tooltip=alt.Tooltip("value:Q", title=" ", format=".3f")
    )

    def written(table: str, names: str, **how: object) -> alt.Chart:
        base = alt.Chart(alt.NamedData(table)).transform_calculate(name=f"{names}[datum.at]")
        return base.mark_text(**({"color": ink, "fontSize": frame.LETTERS} | how)).encode(x=x, y=y, text="name:N")

    layers = [
        cells,
        written("rows", "tokens", align="right", limit=_LEFT),
        written("columns", "tokens", align="left", angle=300, limit=_NAMES - 26),
        written("heads", "titles", fontWeight="bold"),
        written("between", "signs", fontSize=24, fontWeight="bold"),
    ]
    chart = alt.layer(*layers).add_params(*data.texts(tokens=[], titles=[], signs=[]).values())
    return frame.finished(chart, *size, title, marks)
