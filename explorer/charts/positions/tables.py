"""A position table, learned or not: matrix, similarity, components in the plane and in space; and T5's biases by distance."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, matrix, palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

SIDE = 182
MOST = 256
"""Points of a cloud: of a longer table every second, third .. position."""


def picture(
    values: np.ndarray,
    cosine: np.ndarray,
    components: np.ndarray,
    shares: np.ndarray,
    *,
    side: int = SIDE,
    large: int = 0,
    dark: bool = False,
) -> Picture:
    """All pictures of one table, and the inputs that turn the cloud: turn and tilt.

    Args:
        values: (positions, width).
        cosine: (positions, positions), of each row with each other one.
        components: (positions, 3), leading principal components; shares: of the variance that each explains.
        side: of the squares, and height of the table, in pixels.
        large: side of the cosines, in pixels, where the others stand beside them two by two; 0 for two rows of pictures of one height.
    """
    top = float(np.quantile(np.abs(values), 0.99)) or 1.0
    whole, whole_top = matrix.filling(values, top, dark, table="table", name="table_top")
    alike, alike_top = matrix.filling(cosine, 1.0, dark, table="alike", name="alike_top")
    offsets = mean_by_offset(cosine)
    given = whole_top | alike_top | {"positions": values.shape[0], "dimensions": values.shape[1], "last_offset": len(offsets) - 1}
    given["component_names"] = [_("component {i} ({share:.0%})").format(i=i + 1, share=share) for i, share in enumerate(shares[:2])]
    columns = {"mean": offsets[:, 0], "low": offsets[:, 1], "high": offsets[:, 2]}
    tables = {"points": _points(components), "offsets": pd.DataFrame({"offset": np.arange(len(offsets)), **columns})}
    return Picture(_description(side, large, dark), whole | alike | tables, given)


@described
def _description(side: int, large: int, dark: bool) -> Description:
    names = data.texts(component_names=["", ""])
    counts = [alt.param(name=name, value=1) for name in ("positions", "dimensions", "last_offset")]
    inputs = [
        sliders.linear("turn", _("turn, degrees"), 0, 360, 30, 1),
        sliders.linear("tilt", _("tilt, degrees"), -90, 90, 20, 1),
        *(*matrix.parameters(top="table_top"), *matrix.parameters(top="alike_top"), *counts, *names.values()),
    ]
    rows = matrix.panel(
        ("positions", "dimensions"),
        x=_("dimension"),
        y=_("position"),
        title=_("The table"),
        look=_("A row for each position."),
        table="table",
        top="table_top",
        width=side + side // 3 if large else 330,
        height=side,
        dark=dark,
    )
    alike = matrix.panel(
        ("positions", "positions"),
        x=_("position"),
        y=_("position"),
        title=_("Cosine of rows"),
        look=_("Stripes: only the offset counts."),
        table="alike",
        top="alike_top",
        width=large or side,
        height=large or side,
        dark=dark,
    )
    others = _offsets(side, dark), _plane(side, dark), _space(side, dark)
    if large:
        left = alt.vconcat(rows, others[0], spacing=10).resolve_scale(color="independent")
        made = alt.hconcat(alike, left, alt.vconcat(*others[1:], spacing=24), spacing=24)
    else:
        first = alt.hconcat(rows, alike, spacing=24).resolve_scale(color="independent")
        made = alt.vconcat(first, alt.hconcat(*others, spacing=24), spacing=10)
    return sliders.with_inputs(finished(made.resolve_scale(color="independent")), inputs)


def mean_by_offset(cosine: np.ndarray) -> np.ndarray:
    """Mean, least and most of each diagonal, (offsets from 0, 3)."""
    diagonals = [np.diagonal(cosine, offset) for offset in range(len(cosine))]
    return np.array([[diagonal.mean(), diagonal.min(), diagonal.max()] for diagonal in diagonals])


def biases(values: np.ndarray, offsets: np.ndarray, *, width: int = 560, height: int = 330, dark: bool = False) -> Picture:
    """T5's bias over the distance, one line per head.

    Args:
        values: (heads, distances).
        offsets: position of the key minus position of the query, (distances,).
    """
    heads, n = values.shape
    columns = {"head": np.repeat(np.arange(heads), n), "offset": np.tile(offsets, heads), "bias": values.ravel().astype(float)}
    return Picture(_biases_description(width, height, dark), {"biases": pd.DataFrame(columns)})


@described
def _biases_description(width: int, height: int, dark: bool) -> alt.Chart:
    colour = alt.Color("head:Q", title=_("head"), scale=alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb"))
    tips = [
        alt.Tooltip("head:O", title=_("head")),
        alt.Tooltip("offset:Q", title=_("offset")),
        alt.Tooltip("bias:Q", title=_("bias"), format=".4f"),
    ]
    line = (
        alt.Chart(alt.NamedData("biases"))
        .mark_line(interpolate="step", strokeWidth=2)
        .encode(
            x=alt.X("offset:Q", title=_("key minus query, tokens"), axis=alt.Axis(grid=False)),
            y=alt.Y("bias:Q", title=_("added to the score")),
            detail="head:O",
            color=colour,
            tooltip=tips,
        )
    )
    caption = titled(_("Bias by distance"), _("Each step is a bucket: far distances share one."), dark)
    return finished(line.properties(width=width, height=height, title=caption))


def _points(components: np.ndarray) -> pd.DataFrame:
    every = max(1, int(np.ceil(len(components) / MOST)))
    kept = components[::every] / (np.abs(components).max() or 1.0)
    return pd.DataFrame({"p": np.arange(len(components))[::every], "a": kept[:, 0], "b": kept[:, 1], "c": kept[:, 2]})


def _offsets(side: int, dark: bool) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("offsets"))
    scale = alt.Scale(domainMin=0, domainMax=alt.ExprRef("last_offset"), nice=False)
    x = alt.X("offset:Q", title=_("offset"), axis=alt.Axis(tickCount=5, grid=False), scale=scale)
    title = _("cosine")
    band = base.mark_area(color=palette.lines(dark)[0], opacity=0.2).encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q")
    line = base.mark_line(color=palette.lines(dark)[0], strokeWidth=2.5).encode(x=x, y=alt.Y("mean:Q", title=title))
    return alt.layer(band, line).properties(
        width=side, height=side, title=titled(_("Similarity over offset"), _("Mean; band: least to most."), dark)
    )


def _colour(dark: bool) -> alt.Color:
    shades = palette.colours(dark)[1:] if dark else palette.colours(dark)[2:]
    return alt.Color("p:Q", scale=alt.Scale(range=shades, interpolate="rgb"), legend=None)


def _plane(side: int, dark: bool) -> alt.LayerChart:
    scale = alt.Scale(domain=[-1.05, 1.05], nice=False)
    axis = alt.Axis(labels=False, ticks=False, grid=False)
    marks = alt.Chart(alt.NamedData("points")).mark_point(filled=True, size=26, opacity=0.9, aria=False)
    marks = marks.encode(
        x=alt.X("a:Q", title=None, scale=scale, axis=axis),
        y=alt.Y("b:Q", title=None, scale=scale, axis=axis),
        color=_colour(dark),
        order="p:Q",
        tooltip=alt.Tooltip("p:Q", title=_("position")),
    )
    # A title of an axis is part of the structure; the shares are data.
    one, style = alt.Chart(data.columns(i=[0])), {"color": palette.page(dark)[1], "fontSize": 12, "fontWeight": "bold"}
    names = [one.transform_calculate(name=f"component_names[{i}]") for i in range(2)]
    below = names[0].mark_text(baseline="top", **style).encode(x=alt.value(side / 2), y=alt.value(side + 5), text="name:N")
    beside = names[1].mark_text(baseline="bottom", angle=270, **style).encode(x=alt.value(-5), y=alt.value(side / 2), text="name:N")
    title = titled(_("In the plane (PCA)"), _("The fainter, the earlier."), dark)
    return alt.layer(marks, below, beside).properties(width=side, height=side, title=title)


def _space(side: int, dark: bool) -> alt.Chart:
    turned = alt.Chart(alt.NamedData("points")).transform_calculate(
        x="datum.a * cos(turn * PI / 180) + datum.c * sin(turn * PI / 180)", z="-datum.a * sin(turn * PI / 180) + datum.c * cos(turn * PI / 180)"
    )
    turned = turned.transform_calculate(
        y="datum.b * cos(tilt * PI / 180) - datum.z * sin(tilt * PI / 180)",
        near="datum.b * sin(tilt * PI / 180) + datum.z * cos(tilt * PI / 180)",
    )
    # A cloud of radius 1.73 at most, seen from a distance of 5.
    turned = turned.transform_calculate(
        px="datum.x / (1 - datum.near / 5)", py="datum.y / (1 - datum.near / 5)", size="30 * pow(1 / (1 - datum.near / 5), 2)"
    )
    scale = alt.Scale(domain=[-1.5, 1.5], nice=False)
    marks = turned.mark_point(filled=True, opacity=0.9, aria=False).encode(
        x=alt.X("px:Q", scale=scale, axis=None),
        y=alt.Y("py:Q", scale=scale, axis=None),
        size=alt.Size("size:Q", scale=None),
        color=_colour(dark),
        tooltip=alt.Tooltip("p:Q", title=_("position")),
    )
    return marks.properties(width=side, height=side, title=titled(_("In space"), _("Drag turn and tilt."), dark))
