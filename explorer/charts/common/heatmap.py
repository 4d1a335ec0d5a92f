"""One head: tokens on both axes, rows attend from, columns attend to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _

_SMALLEST, _APART = 11, 12
"""Font size in pixels below which nobody reads a label, and pixels from one label to the next, at least."""
_MANY = 2_500
"""Cells from which neighbours in a row that have the colour of zero are drawn as one."""
_FAINT = 0.5 / 255
TOP = alt.ExprRef("top")
"""The value that gets the last colour, as a parameter: it changes with every text, and the description need not."""


def heatmap(
    weights: np.ndarray,
    visible: np.ndarray,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    *,
    row_numbers: Sequence[int] | None = None,
    column_numbers: Sequence[int] | None = None,
    pinned: int | None = None,
    top: float = 1.0,
    gamma: float = 1.0,
    width: int = 520,
    height: int = 430,
    dark: bool = False,
    legend: bool = True,
) -> Picture:
    """A map of weights; the selection parameter "query" has the field q, a clicked row's position in the text.

    Args:
        weights: (rows, columns); visible: bool, False is drawn in the colour of masked cells.
        row_labels, column_labels: tokens; they may repeat.
        row_numbers, column_numbers: positions in the text, from 0; counted here where absent.
        pinned: position of the row that carries the frame at first.
        top: the weight that gets the last colour.
        gamma: exponent of the colour scale; 0.5 lifts small weights.
        width, height: room for the cells, in pixels.
        legend: draws the bar that explains the colours.
    """
    n_rows, n_columns = weights.shape
    rows = list(range(n_rows)) if row_numbers is None else [int(i) for i in row_numbers]
    columns = list(range(n_columns)) if column_numbers is None else [int(i) for i in column_numbers]
    tables = {
        "cells": rectangles(weights, visible, rows),
        "rows": pd.DataFrame({"r": np.arange(n_rows, dtype=np.uint16), "q": np.array(rows, dtype=np.uint32)}),
    }
    values = {
        "query": NOTHING if pinned is None else [{"q": pinned}],
        "top": max(float(top), 1e-6),
        "row_tokens": list(row_labels),
        "column_tokens": list(column_labels),
        "row_names": [f"{label} ({i})" for label, i in zip(row_labels, rows, strict=True)],
        "column_names": [f"{label} ({i})" for label, i in zip(column_labels, columns, strict=True)],
    }
    return Picture(
        _description(n_rows, n_columns, bool(visible.all()), gamma, width, height, dark, legend), tables, values, _aloud(weights, visible, values)
    )


@described
def _description(
    n_rows: int, n_columns: int, all_visible: bool, gamma: float, width: int, height: int, dark: bool, legend: bool
) -> alt.LayerChart:
    pin = alt.selection_point(name="query", fields=["q"], toggle=False, clear=False, empty=False)
    tokens = data.texts(row_tokens=[], column_tokens=[], row_names=[], column_names=[])
    row_axis, column_axis = _room(height, n_rows), _room(width, n_columns)
    y = alt.Y("r:O", scale=alt.Scale(domain=list(range(n_rows)), padding=0), axis=None)
    x = alt.X(
        "c:Q",
        scale=alt.Scale(domain=[0, n_columns], nice=False),
        title=_("attended to →"),
        axis=alt.Axis(
            orient="top",
            # Vega takes slanted labels for as wide as the boxes around them, and would leave out most that have room.
            values=[i + 0.5 for i in range(0, n_columns, _every(width, n_columns))],
            labelExpr="column_tokens[floor(datum.value)]",
            labelAngle=-55 if n_columns > 6 else 0,
            labelFontSize=column_axis,
            labelLimit=90,
            labelOverlap=False,
            ticks=False,
            domain=False,
            grid=False,
            titlePadding=8,
        ),
    )
    base = alt.Chart(alt.NamedData("cells")).transform_calculate(
        **{
            "from": "row_names[datum.r]",
            "to": "datum.c + 1 < datum.end ? column_names[datum.c] + ' … ' + column_names[datum.end - 1] : column_names[datum.c]",
        }
    )
    rects = base.mark_rect(cursor="pointer").encode(
        x=x,
        x2="end:Q",
        y=y,
        color=weight_colour(gamma, width, dark, legend),
        tooltip=[
            alt.Tooltip("from:N", title=_("from (position)")),
            alt.Tooltip("to:N", title=_("to (position)")),
            alt.Tooltip("w:Q", title=_("weight (largest of several)") if n_rows * n_columns > _MANY else _("weight"), format=".4f"),
        ],
    )
    names = alt.Chart(alt.NamedData("rows")).transform_calculate(token="row_tokens[datum.r]")
    every = _every(height, n_rows)
    labels = (
        names.transform_filter(f"datum.r % {every} === 0")
        .mark_text(align="right", baseline="middle", cursor="pointer", limit=86, fontSize=row_axis, clip=False)
        .encode(
            x=alt.value(-6),
            y=y,
            text="token:N",
            # Besides showing a cut token in full, a tooltip is what lets Vega-Lite hear a click on this layer.
            tooltip=alt.Tooltip("token:N", title=_("from")),
            color=alt.condition(pin, alt.value(palette.frame(dark)), alt.value("#c9ced8" if dark else "#31333f")),
        )
    )
    frames = names.mark_rect(filled=False, stroke=palette.frame(dark), strokeWidth=2).encode(
        x=alt.value(0), x2=alt.value(width), y=y, opacity=alt.condition(pin, alt.value(1), alt.value(0))
    )
    return (
        alt.layer(rects.add_params(pin), labels, frames)
        .add_params(*tokens.values(), alt.param(name="top", value=1.0))
        .properties(
            width=width,
            height=height,
            autosize=data.PAD,
            usermeta=data.render(n_rows * n_columns),
            title=alt.TitleParams(_("↓ attends from"), anchor="start", dx=-72, dy=26, fontSize=12, fontWeight="normal"),
        )
        # What shows between the cells: the colour of masked ones only where there are any.
        .configure_view(stroke=None, fill=palette.colours(dark)[0] if all_visible else palette.masked(dark))
    )


def weight_colour(gamma: float, width: int, dark: bool, legend: bool = True) -> alt.Color:
    """The colour of a weight, field w, and the bar under the picture that explains it, if wanted; the parameter "top" gets the last one."""
    # Mixed as in the thumbnails: another colour space would tint what is almost white.
    scale = alt.Scale(type="pow", exponent=gamma, domainMin=0, domainMax=TOP, range=palette.colours(dark), interpolate="rgb", clamp=True)
    long = max(60, min(220, width - 60))
    # Six numbers below a short scale would touch each other.
    numbers = 5 if long >= 150 else 2
    bar = {"orient": "bottom", "direction": "horizontal", "gradientLength": long, "gradientThickness": 8, "tickCount": numbers}
    return alt.Color("w:Q", title=_("weight"), scale=scale, legend=alt.Legend(**bar, titleOrient="left") if legend else None)


def _aloud(weights: np.ndarray, visible: np.ndarray, names: dict[str, list[str]]) -> str:
    size = _("Attention as a map, tokens down × tokens across: {rows} × {columns}.").format(rows=weights.shape[0], columns=weights.shape[1])
    if not visible.any():
        return size
    row, column = np.unravel_index(int(np.where(visible, weights, -np.inf).argmax()), weights.shape)
    ends = {"query": names["row_names"][row], "key": names["column_names"][column]}
    largest = _("Largest weight: {weight}, from {query} to {key}.").format(weight=f"{weights[row, column]:.2f}", **ends)
    return f"{size} {largest}"


def rectangles(weights: np.ndarray, visible: np.ndarray, rows: Sequence[int]) -> pd.DataFrame:
    """Rectangles: row r, columns c to end - 1, position q of the row in the text, weight w (the largest, where it is several).

    A browser needs half a second for 16,384 rectangles. Most weights of most heads are so small that they have the colour of 0.
    """
    alone = visible & (weights > _FAINT) if weights.size > _MANY else visible
    # A rectangle starts at each cell that stands alone, after one, and where what is visible begins.
    before = np.zeros_like(visible)
    before[:, 1:] = (visible & ~alone)[:, :-1]
    starts = visible & (alone | ~before)
    r, c = np.nonzero(starts)
    # It ends where the next one starts, or where nothing is visible any more, or with the row.
    border = starts | ~visible
    ahead = np.where(border, np.arange(visible.shape[1]), visible.shape[1])
    following = np.minimum.accumulate(ahead[:, ::-1], axis=1)[:, ::-1]
    end = np.concatenate([following[:, 1:], np.full((len(visible), 1), visible.shape[1])], axis=1)[r, c]
    flat = np.where(visible, weights, 0).ravel()
    first = r * visible.shape[1] + c
    largest = np.maximum.reduceat(flat, first) if len(first) else flat[:0]
    # Small types: all of it travels to the browser on a click.
    columns = {"r": r.astype(np.uint16), "c": c.astype(np.uint16), "end": end.astype(np.uint16)}
    return pd.DataFrame({**columns, "q": np.asarray(rows, dtype=np.uint32)[r], "w": largest.astype(np.float32)})


def _every(pixels: int, n: int) -> int:
    """So many labels of n share one place, where there are so many pixels for all."""
    return max(1, math.ceil(n * _APART / pixels))


def _room(pixels: int, n: int) -> float:
    """Font size that fits n labels into so many pixels; where none is readable, some labels are left out."""
    return float(min(13, max(_SMALLEST, pixels / max(n, 1) * 0.8)))
