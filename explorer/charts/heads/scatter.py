"""One point per head; a click comes back as selection "head" with the fields layer and head."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, names, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _

_MARGIN = 20
"""Pixels between the outermost points and the frame, where their names have room."""
_LETTERS, _AREA, _RING_AREA = 10, 150, 260
"""Height of the letters of a name, in pixels, and the areas of a point and of the ring around the chosen one, in square pixels."""
_RADIUS, _RING = (_AREA / np.pi) ** 0.5 + 0.5, (_RING_AREA / np.pi) ** 0.5 + 1.5


def scatter(
    heads: Sequence[tuple[int, int]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    x_title: str | None,
    y_title: str | None,
    groups: Sequence[str] = (),
    chosen: tuple[int, int] | None = None,
    width: int = 560,
    height: int = 440,
    dark: bool = False,
) -> Picture:
    """The points. A name that would lie on another one, or on a point, is left out, and shown where its head is chosen.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        x, y: (heads,).
        x_title, y_title: of the axes; None where the places mean nothing by themselves.
        groups: of each head, what colours it; by layer where empty.
        chosen: the head that carries a ring at first.
        width, height: in pixels.
    """
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    at = np.stack([np.asarray(x, float)[there], np.asarray(y, float)[there]], axis=1)
    ends = [(float(column.min()), float(column.max())) if len(column) else (0.0, 1.0) for column in at.T]
    on_page = _pixels(at, ends, width, height)
    called = [f"{heads[i][0]}.{heads[i][1]}" for i in there]
    shifts = names.places(on_page, called, (width, height), _LETTERS, _RADIUS, _RING, names.outermost(on_page))
    table = pd.DataFrame(
        {
            "layer": [heads[i][0] for i in there],
            "head": [heads[i][1] for i in there],
            "x": at[:, 0],
            "y": at[:, 1],
            "group": [groups[i] for i in there] if groups else [0] * len(there),
            "named": ~np.isnan(shifts[:, 0]),
            "right": np.nan_to_num(shifts[:, 0]),
            "down": np.nan_to_num(shifts[:, 1], nan=-_RING - _LETTERS / 2),
        }
    )
    # A scale of one point alone has no length.
    low_high = {f"{name}_ends": list(pair if pair[0] < pair[1] else (pair[0] - 1, pair[0] + 1)) for name, pair in zip("xy", ends, strict=True)}
    values = {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING} | low_high
    aloud = _("A point for each head, {n} in all.").format(n=len(table))
    return Picture(_description(tuple(sorted(set(groups))), x_title, y_title, width, height, dark), {"points": table}, values, aloud)


def _pixels(at: np.ndarray, ends: Sequence[tuple[float, float]], width: int, height: int) -> np.ndarray:
    """Where the points lie from the upper left corner, in pixels (n, 2)."""
    low, length = np.array([low for low, _high in ends]), np.array([high - low for low, high in ends])
    share = np.where(length > 0, (at - low) / np.where(length > 0, length, 1), 0.5)
    share[:, 1] = 1 - share[:, 1]
    return _MARGIN + share * (np.array([width, height]) - 2 * _MARGIN)


@described
def _description(groups: tuple[str, ...], x_title: str | None, y_title: str | None, width: int, height: int, dark: bool) -> alt.LayerChart:
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    bare = x_title is None
    axis = alt.Axis(labels=not bare, ticks=not bare, grid=not bare, domain=not bare)
    scales = [alt.Scale(domain=alt.ExprRef(f"{name}_ends"), zero=False, nice=False, padding=_MARGIN) for name in "xy"]
    if groups:
        shades = alt.Scale(domain=list(groups), range=list(palette.lines(dark))[: len(groups)])
        colour = alt.Color("group:N", title=None, scale=shades)
    else:
        shades = alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb")
        colour = alt.Color("layer:Q", title=_("layer"), scale=shades, legend=alt.Legend(tickCount=5, format="d"))
    base = alt.Chart(alt.NamedData("points")).transform_calculate(name="datum.layer + '.' + datum.head")
    tips = [alt.Tooltip("name:N", title=_("head"))]
    tips += [] if bare else [alt.Tooltip("x:Q", title=x_title, format=".4f"), alt.Tooltip("y:Q", title=y_title, format=".4f")]
    place = {"x": alt.X("x:Q", title=x_title, scale=scales[0], axis=axis), "y": alt.Y("y:Q", title=y_title, scale=scales[1], axis=axis)}
    ink = palette.page(dark)[1]
    points = base.mark_point(filled=True, size=_AREA, opacity=0.95, stroke=ink, strokeOpacity=0.35, strokeWidth=1, cursor="pointer")
    points = points.encode(**place, color=colour, tooltip=tips).add_params(pick)
    rings = base.mark_point(size=_RING_AREA, filled=False, stroke=palette.frame(dark), strokeWidth=3).encode(
        **place, opacity=alt.condition(pick, alt.value(1), alt.value(0))
    )
    # At any moment the chosen head has its name, on a ground of the page's colour where there is no room for it.
    how = {"dx": alt.ExprRef("datum.right"), "dy": alt.ExprRef("datum.down"), "fontSize": _LETTERS, "align": "center", "baseline": "middle"}
    called = base.transform_filter("datum.named").mark_text(**how, color=ink, opacity=0.85).encode(**place, text="name:N")
    alone = base.transform_filter("!datum.named").transform_filter(pick)
    ground = palette.page(dark)[0]
    behind = alone.mark_text(**how, color=ground, stroke=ground, strokeWidth=4, strokeJoin="round", aria=False).encode(**place, text="name:N")
    chosen = alone.mark_text(**how, color=ink).encode(**place, text="name:N")
    chart = alt.layer(points, rings, called, behind, chosen).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    chart = chart.add_params(*(alt.param(name=f"{name}_ends", value=[0, 1]) for name in "xy"))
    return chart.configure_view(stroke=None)
