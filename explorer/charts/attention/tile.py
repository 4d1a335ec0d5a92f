"""A part of one head's map of a long text as one picture, however many weights are in it: positions at its sides, tokens where there is room."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette, thumbnails
from explorer.charts.common.heatmap import weight_colour
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _
from explorer.tiles import Tile

NAMED = 48
"""Tokens of a side that are named."""


def tile_map(
    tile: Tile,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    *,
    top: float = 1.0,
    gamma: float = 1.0,
    size: int = 440,
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        tile: what is seen.
        row_labels, column_labels: of its tokens; they may repeat.
        top: the weight that gets the last colour.
        gamma: exponent of the colour scale; below 1 it lifts small weights.
        size: of the picture, in pixels.
    """
    named = tuple(len(labels) <= NAMED for labels in (row_labels, column_labels))
    png = thumbnails.encode(tile.weights, tile.seen, dark, top, gamma)
    ends = [(int(of[0]), int(of[-1]) + 1) if len(of) else (0, 1) for of in (tile.rows, tile.columns)]
    # Where tokens are named, a side counts them; else it says their positions.
    (top_, bottom), (left, right) = (
        (0, len(of)) if known else end for of, known, end in zip((tile.rows, tile.columns), named, ends, strict=True)
    )
    values = {
        "top": max(float(top), 1e-6),
        "tile_rows": list(row_labels) if named[0] else [],
        "tile_columns": list(column_labels) if named[1] else [],
        "tile_ends": [top_, bottom, left, right],
    }
    return Picture(_description(*named, gamma, size, dark), {"tile": pd.DataFrame({"png": [png]})}, values, _aloud(tile))


def _aloud(tile: Tile) -> str:
    size = _("Attention as a map, tokens down × tokens across: {rows} × {columns}.").format(rows=len(tile.rows), columns=len(tile.columns))
    return f"{size} {_('Largest weight: {weight}.').format(weight=f'{tile.weights.max():.2f}')}"


@described
def _description(rows_named: bool, columns_named: bool, gamma: float, size: int, dark: bool) -> alt.LayerChart:
    image = alt.Chart(alt.NamedData("tile")).transform_calculate(url="'data:image/png;base64,' + datum.png")
    image = image.mark_image(width=size, height=size, aspect=False, smooth=False, align="left", baseline="top")
    image = image.encode(x=alt.value(0), y=alt.value(0), url="url:N")
    corners = alt.Chart(data.columns(side=[0, 1])).transform_calculate(
        r="tile_ends[datum.side]", c="tile_ends[2 + datum.side]", w="datum.side * top"
    )
    frame = corners.mark_point(opacity=0, aria=False).encode(
        x=_side("c", 2, _("attended to →"), "tile_columns" if columns_named else ""),
        y=_side("r", 0, _("↓ attends from"), "tile_rows" if rows_named else ""),
        color=weight_colour(gamma, size, dark),
    )
    return (
        alt.layer(image, frame)
        .add_params(
            alt.param(name="top", value=1.0),
            alt.param(name="tile_ends", value=[0, 1, 0, 1]),
            *data.texts(tile_rows=[], tile_columns=[]).values(),
        )
        .properties(width=size, height=size, autosize=data.PAD)
        .configure_view(stroke=None, fill=palette.masked(dark))
    )


def _side(field: str, first: int, title: str, labels: str) -> alt.X | alt.Y:
    across = field == "c"
    ends = {"domainMin": alt.ExprRef(f"tile_ends[{first}]"), "domainMax": alt.ExprRef(f"tile_ends[{first + 1}]")}
    scale = alt.Scale(**ends, nice=False, reverse=not across)
    if labels:
        axis = alt.Axis(
            values=alt.ExprRef(f"sequence(0.5, tile_ends[{first + 1}])"),
            labelExpr=f"{labels}[floor(datum.value)]",
            labelAngle=-55 if across else 0,
            labelLimit=80,
            labelOverlap=False,
            orient="top" if across else "left",
            grid=False,
            ticks=False,
            domain=False,
        )
    else:
        axis = alt.Axis(tickCount=5, grid=False, format=",d", orient="top" if across else "left")
    return (alt.X if across else alt.Y)(f"{field}:Q", title=title, scale=scale, axis=axis)
