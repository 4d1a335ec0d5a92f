"""A position table, learned or not: matrix, similarity, components in the plane and in space; and T5's biases by distance."""

from __future__ import annotations

import altair as alt
import numpy as np

from explorer.charts.common import data, palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.matrix import matrix
from explorer.i18n import _

SIDE = 182
MOST = 256
"""Points of a cloud: of a longer table every second, third .. position."""


def description(values: np.ndarray, cosine: np.ndarray, components: np.ndarray, shares: np.ndarray, *, dark: bool = False) -> dict[str, object]:
    """All pictures of one table, and the inputs that turn the cloud: turn and tilt.

    Args:
        values: (positions, width).
        cosine: (positions, positions), of each row with each other one.
        components: (positions, 3), leading principal components; shares: of the variance that each explains.
    """
    inputs = [
        sliders.linear("turn", _("turn, degrees"), 0, 360, 30, 1),
        sliders.linear("tilt", _("tilt, degrees"), -90, 90, 20, 1),
    ]
    top = float(np.quantile(np.abs(values), 0.99)) or 1.0
    rows = matrix(
        values,
        x=_("dimension"),
        y=_("position"),
        title=_("The table"),
        look=_("A row for each position."),
        top=top,
        width=330,
        height=SIDE,
        dark=dark,
    )
    alike = matrix(
        cosine,
        x=_("position"),
        y=_("position"),
        title=_("Cosine of rows"),
        look=_("Stripes: only the offset counts."),
        top=1.0,
        width=SIDE,
        height=SIDE,
        dark=dark,
    )
    first = alt.hconcat(rows, alike, spacing=24).resolve_scale(color="independent")
    points = _points(components)
    second = alt.hconcat(_offsets(cosine, dark), _plane(points, shares, dark), _space(points, dark), spacing=24)
    return sliders.with_inputs(finished(alt.vconcat(first, second, spacing=10).resolve_scale(color="independent")), inputs)


def mean_by_offset(cosine: np.ndarray) -> np.ndarray:
    """Mean, least and most of each diagonal, (offsets from 0, 3)."""
    diagonals = [np.diagonal(cosine, offset) for offset in range(len(cosine))]
    return np.array([[diagonal.mean(), diagonal.min(), diagonal.max()] for diagonal in diagonals])


def biases(values: np.ndarray, offsets: np.ndarray, *, width: int = 560, height: int = 330, dark: bool = False) -> alt.Chart:
    """T5's bias over the distance, one line per head.

    Args:
        values: (heads, distances).
        offsets: position of the key minus position of the query, (distances,).
    """
    heads, n = values.shape
    table = data.columns(head=np.repeat(np.arange(heads), n), offset=np.tile(offsets, heads), bias=values.ravel().astype(float))
    colour = alt.Color("head:Q", title=_("head"), scale=alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb"))
    tips = [
        alt.Tooltip("head:O", title=_("head")),
        alt.Tooltip("offset:Q", title=_("offset")),
        alt.Tooltip("bias:Q", title=_("bias"), format=".4f"),
    ]
    line = (
        alt.Chart(table)
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


def _points(components: np.ndarray) -> object:
    every = max(1, int(np.ceil(len(components) / MOST)))
    kept = components[::every] / (np.abs(components).max() or 1.0)
    return data.columns(p=np.arange(len(components))[::every], a=kept[:, 0], b=kept[:, 1], c=kept[:, 2])


def _offsets(cosine: np.ndarray, dark: bool) -> alt.LayerChart:
    found = mean_by_offset(cosine)
    table = data.columns(offset=np.arange(len(found)), mean=found[:, 0], low=found[:, 1], high=found[:, 2])
    base = alt.Chart(table)
    x = alt.X("offset:Q", title=_("offset"), axis=alt.Axis(tickCount=5, grid=False), scale=alt.Scale(domain=[0, len(found) - 1], nice=False))
    title = _("cosine")
    band = base.mark_area(color=palette.lines(dark)[0], opacity=0.2).encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q")
    line = base.mark_line(color=palette.lines(dark)[0], strokeWidth=2.5).encode(x=x, y=alt.Y("mean:Q", title=title))
    return alt.layer(band, line).properties(
        width=SIDE, height=SIDE, title=titled(_("Similarity over offset"), _("Mean; band: least to most."), dark)
    )


def _colour(dark: bool) -> alt.Color:
    shades = palette.colours(dark)[1:] if dark else palette.colours(dark)[2:]
    return alt.Color("p:Q", scale=alt.Scale(range=shades, interpolate="rgb"), legend=None)


def _plane(points: object, shares: np.ndarray, dark: bool) -> alt.Chart:
    scale = alt.Scale(domain=[-1.05, 1.05], nice=False)
    axis = alt.Axis(labels=False, ticks=False, grid=False)
    marks = alt.Chart(points).mark_point(filled=True, size=26, opacity=0.9, aria=False)
    chart = marks.encode(
        x=alt.X("a:Q", title=_("component 1 ({share:.0%})").format(share=shares[0]), scale=scale, axis=axis),
        y=alt.Y("b:Q", title=_("component 2 ({share:.0%})").format(share=shares[1]), scale=scale, axis=axis),
        color=_colour(dark),
        order="p:Q",
        tooltip=alt.Tooltip("p:Q", title=_("position")),
    )
    return chart.properties(width=SIDE, height=SIDE, title=titled(_("In the plane (PCA)"), _("Pale: first positions."), dark))


def _space(points: object, dark: bool) -> alt.LayerChart:
    turned = alt.Chart(points).transform_calculate(
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
    return marks.properties(width=SIDE, height=SIDE, title=titled(_("In space"), _("Drag turn and tilt."), dark))
