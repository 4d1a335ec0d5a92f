"""A matrix as one picture, however large it is: an image under axes, and a scale beside it.

`matrix` is the whole picture. Where it stands beside others in one chart, `panel` is its part of the description and `filling` what fills
that part; `parameters` are added once, to the whole chart.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette, thumbnails
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Picture, described

ROWS, COLUMNS, TOP = "matrix_rows", "matrix_columns", "matrix_top"
"""Parameters of `matrix`: the labels at its sides, and the value that gets the last colour."""
_SHAPE = ("matrix_down", "matrix_across")
"""How many rows and columns it has: a parameter, too, for each text has another number of tokens."""
_LEAST = 1e-9


def matrix(
    values: np.ndarray,
    *,
    x: str,
    y: str,
    title: str,
    look: str = "",
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    top: float | None = None,
    signed: bool = True,
    legend: bool = True,
    width: int = 240,
    height: int = 220,
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        values: (rows, columns); nan has the colour of 0.
        x, y: titles of the axes.
        title, look: what it is, and what to look at.
        rows, columns: labels in place of numbers, as few as there is room for; they may repeat.
        top: value of the last colour, the largest where None.
        signed: they may be below 0, and their scale diverges; else it is that of weights, from 0.
        legend: with a scale beside it.
        width, height: in pixels.
    """
    tables, given = filling(values, top, dark, signed=signed)
    given |= {name: list(labels) for name, labels in ((ROWS, rows), (COLUMNS, columns)) if labels is not None}
    given |= dict(zip(_SHAPE, values.shape, strict=True))
    return Picture(_description(rows is not None, columns is not None, x, y, title, look, signed, legend, width, height, dark), tables, given)


@described
def _description(
    rows: bool,
    columns: bool,
    x: str,
    y: str,
    title: str,
    look: str,
    signed: bool,
    legend: bool,
    width: int,
    height: int,
    dark: bool,
) -> alt.LayerChart:
    names = {"rows": ROWS if rows else None, "columns": COLUMNS if columns else None}
    made = panel(_SHAPE, **names, x=x, y=y, title=title, look=look, signed=signed, legend=legend, width=width, height=height, dark=dark)
    counts = [alt.param(name=name, value=1) for name in _SHAPE]
    return finished(made.add_params(*parameters(*filter(None, names.values())), *counts))


def panel(
    shape: tuple[int | str, int | str],
    *,
    x: str,
    y: str,
    title: str,
    look: str = "",
    rows: str | None = None,
    columns: str | None = None,
    table: str = "matrix",
    top: str = TOP,
    signed: bool = True,
    legend: bool = True,
    width: int = 240,
    height: int = 220,
    dark: bool = False,
) -> alt.LayerChart:
    """A matrix inside a chart that a `described` function makes; nothing of its numbers is in it.

    Args:
        shape: numbers of rows and columns, or names of parameters that hold them.
        x, y: titles of the axes.
        title, look: what it is, and what to look at.
        rows, columns: names of the parameters with the labels; numbers where None, and nothing where "".
        table: name of the table that `filling` makes.
        top: name of the parameter with the value of the last colour. Panels on one scale have the same.
        signed: as of `matrix`; `filling` is told the same.
        legend: with a scale beside it.
        width, height: in pixels.
    """
    n_rows, n_columns = shape
    across, down = _axis("x", x, n_columns, columns, width), _axis("y", y, n_rows, rows, height)
    image = alt.Chart(alt.NamedData(table)).transform_calculate(url="'data:image/png;base64,' + datum.png")
    image = image.mark_image(width=width, height=height, aspect=False, smooth=False, align="left", baseline="top")
    image = image.encode(x=alt.value(0), y=alt.value(0), url="url:N")
    ends = {"domainMin": alt.ExprRef(f"-{top}"), "domainMid": 0} if signed else {"domainMin": 0}
    colours = palette.diverging(dark) if signed else palette.colours(dark)
    colour = alt.Color(
        "v:Q",
        title=None,
        scale=alt.Scale(**ends, domainMax=alt.ExprRef(top), range=colours, interpolate="rgb"),
        legend=alt.Legend(orient="right", gradientLength=max(60, height - 30), gradientThickness=8, tickCount=4) if legend else None,
    )
    # Marks that cannot be seen carry axes and scale: a picture has none.
    corners = alt.Chart(data.columns(side=[-1 if signed else 0, 1])).transform_calculate(
        v=f"datum.side * {top}", c=f"datum.side < 1 ? 0 : {n_columns}", r=f"datum.side < 1 ? 0 : {n_rows}"
    )
    frame = corners.mark_point(opacity=0, aria=False).encode(x=across, y=down, color=colour)
    return alt.layer(image, frame).properties(width=width, height=height, title=titled(title, look, dark))


def filling(
    values: np.ndarray, top: float | None = None, dark: bool = False, *, table: str = "matrix", name: str = TOP, signed: bool = True
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """The table and the parameter that a `panel` of these numbers needs, for a `Picture`.

    Args:
        values: (rows, columns); nan has the colour of 0.
        top: value of the last colour, the largest where None.
        table, name, signed: of table, parameter and scale, as they were given to `panel`.
    """
    end = max(_LEAST, largest(values) if top is None else float(top))
    painted = (thumbnails.signed if signed else thumbnails.unsigned)(values, end, dark)
    return {table: pd.DataFrame({"png": [painted]})}, {name: end}


def largest(values: np.ndarray) -> float:
    """The largest absolute value; 0 where there is none."""
    there = np.abs(values[~np.isnan(values)])
    return float(there.max()) if there.size else 0.0


def parameters(*labels: str, top: str = TOP) -> list[alt.Parameter]:
    """What a chart with panels is given once: lists of labels by name, and the end of a scale. A token is never part of an expression."""
    return [alt.param(name=top, value=1.0), *data.texts(**{name: [] for name in labels}).values()]


def _axis(channel: str, title: str, n: int | str, labels: str | None, pixels: int) -> alt.X | alt.Y:
    scale = alt.Scale(domainMin=0, domainMax=alt.ExprRef(str(n)), nice=False, reverse=channel == "y")
    if labels is None:
        axis = alt.Axis(tickCount=5, grid=False, format="d")
    elif not labels:
        axis = alt.Axis(labels=False, grid=False, ticks=False, domain=False)
    else:
        axis = alt.Axis(
            values=alt.ExprRef(f"sequence(0.5, {n}, max(1, ceil(12 * {n} / {pixels})))"),
            labelExpr=f"{labels}[floor(datum.value)]",
            labelAngle=alt.ExprRef(f"{n} > 5 ? -55 : 0") if channel == "x" else 0,
            labelLimit=80,
            labelOverlap=False,
            grid=False,
            ticks=False,
            domain=False,
        )
    return (alt.X if channel == "x" else alt.Y)(f"{'c' if channel == 'x' else 'r'}:Q", title=title or None, scale=scale, axis=axis)
