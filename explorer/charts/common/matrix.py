"""A matrix of either sign as one picture, however large it is: an image under axes, and a scale beside it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette, thumbnails
from explorer.charts.common.laboratory import titled


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
    legend: bool = True,
    width: int = 240,
    height: int = 220,
    dark: bool = False,
) -> alt.LayerChart:
    """The picture.

    Args:
        values: (rows, columns); nan has the colour of 0.
        x, y: titles of the axes.
        title, look: what it is, and what to look at.
        rows, columns: labels in place of numbers, as few as there is room for; they may repeat.
        top: value of the last colour, the largest where None.
        legend: with a scale beside it.
        width, height: in pixels.
    """
    n_rows, n_columns = values.shape
    end = float(np.nanmax(np.abs(values))) if top is None else top
    base = alt.Chart(data.columns(v=[-end, end]))
    across = _axis("x", x, n_columns, columns, width)
    down = _axis("y", y, n_rows, rows, height)
    picture = alt.Chart(data.columns(n=[0])).transform_calculate(url=f"'data:image/png;base64,{thumbnails.signed(values, end, dark)}'")
    picture = picture.mark_image(width=width, height=height, aspect=False, smooth=False, align="left", baseline="top").encode(
        x=alt.value(0), y=alt.value(0), url="url:N"
    )
    colour = alt.Color(
        "v:Q",
        title=None,
        scale=alt.Scale(domain=[-end, 0, end], range=palette.diverging(dark), interpolate="rgb"),
        legend=alt.Legend(orient="right", gradientLength=max(60, height - 30), gradientThickness=8, tickCount=4) if legend else None,
    )
    # Marks that cannot be seen carry axes and scale: a picture has none.
    frame = base.transform_calculate(c=f"datum.v < 0 ? 0 : {n_columns}", r=f"datum.v < 0 ? 0 : {n_rows}")
    frame = frame.mark_point(opacity=0, aria=False).encode(x=across, y=down, color=colour)
    return alt.layer(picture, frame).properties(width=width, height=height, title=titled(title, look, dark))


def texts(rows: Sequence[str] | None, columns: Sequence[str] | None) -> list[alt.Parameter]:
    """The labels as parameters, to be added to the whole chart: a token is data and never part of an expression."""
    given = {name: list(labels) for name, labels in (("matrix_rows", rows), ("matrix_columns", columns)) if labels is not None}
    return list(data.texts(**given).values())


def _axis(channel: str, title: str, n: int, labels: Sequence[str] | None, pixels: int) -> alt.X | alt.Y:
    scale = alt.Scale(domain=[0, n], nice=False, reverse=channel == "y")
    if labels is None:
        axis = alt.Axis(tickCount=5, grid=False, format="d")
    else:
        every = max(1, int(np.ceil(12 * n / pixels)))
        name = "matrix_rows" if channel == "y" else "matrix_columns"
        slanted = {"labelAngle": -55} if channel == "x" and n > 5 else {"labelAngle": 0}
        axis = alt.Axis(
            values=[i + 0.5 for i in range(0, n, every)],
            labelExpr=f"{name}[floor(datum.value)]",
            labelLimit=80,
            labelOverlap=False,
            grid=False,
            ticks=False,
            domain=False,
            **slanted,
        )
    return (alt.X if channel == "x" else alt.Y)(f"{'c' if channel == 'x' else 'r'}:Q", title=title or None, scale=scale, axis=axis)
