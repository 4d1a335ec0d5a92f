"""Points in space that a viewer turns, in the browser, about their upright axis."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette, sliders
from explorer.charts.common.picture import Description, Picture, described
from explorer.charts.lectures import frame

TILT = 20
"""Degrees by which one looks down."""
_BEHIND = 0.35
"""How large the farthest points are, against the nearest."""


def cloud(
    at: np.ndarray,
    names: Sequence[str],
    title: str,
    turned: str,
    axes: Sequence[str],
    *,
    marked: Sequence[int] = (),
    series: tuple[str, str],
    start: int = 30,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        at: (n, 3); the third is upright. Points are joined in their order, all three axes have one scale.
        names: written beside the points; "" for none.
        title: of the picture; turned: of its slider; axes: names of the three axes.
        marked: numbers of points that stand out, and that are written beside them.
        series: names of the points and of those that stand out.
        start: how far it is turned at first, degrees.
        size: of the drawing.
    """
    out, tilt = np.hypot(at[:, 0], at[:, 1]), np.radians(TILT)
    around, upright = out.max(), np.abs(at[:, 2]).max()
    # However it is turned, everything is inside, with room for the numbers.
    scale = min(0.47 * size[0] / around, 0.45 * size[1] / (np.abs(at[:, 2]) * np.cos(tilt) + out * np.sin(tilt)).max())
    kept = at * scale
    table = pd.DataFrame({"a": kept[:, 0], "b": kept[:, 1], "c": kept[:, 2], "name": list(names), "at": range(len(at)), "series": series[0]})
    stand = table.iloc[list(marked)].assign(series=series[1], name=[str(p) for p in marked], first=[p == marked[0] for p in marked])
    ends = np.diag([around * scale, around * scale, upright * scale])
    arms = pd.DataFrame({"a": ends[:, 0], "b": ends[:, 1], "c": ends[:, 2], "name": list(axes)})
    tables = {"points": table, "marked": stand, "axes": arms}
    return Picture(_description(title, turned, tuple(series), start, size, dark), tables, {"around": float(around * scale)})


@described
def _description(title: str, turned: str, series: tuple[str, str], start: int, size: tuple[int, int], dark: bool) -> Description:
    ink = palette.page(dark)[1]
    # As `tables.pca` gives them, components have no sides of their own: seen from the front, the first goes to the right.
    x = alt.X("px:Q", scale=alt.Scale(domain=[-size[0] / 2, size[0] / 2], nice=False), axis=None)
    y = alt.Y("py:Q", scale=alt.Scale(domain=[-size[1] / 2, size[1] / 2], nice=False), axis=None)
    points = _seen("points").encode(x=x, y=y)
    line = points.mark_line(strokeWidth=1.5).encode(order="at:Q", color=frame.colour(series, dark))
    near = f"{_BEHIND} + {1 - _BEHIND} * (1 - datum.deep / around) / 2"
    dots = points.transform_calculate(size=f"150 * pow({near}, 2)").mark_point(filled=True, opacity=1)
    dots = dots.encode(color=frame.colour(series, dark), size=alt.Size("size:Q", scale=None), tooltip=alt.Tooltip("at:Q", title=" "))
    arms = _seen("axes").encode(x=x, y=y)
    rules = arms.mark_rule(color=ink, opacity=0.5, strokeWidth=1.5).encode(x2=alt.datum(0), y2=alt.datum(0))
    letters = {"fontSize": frame.LETTERS, "color": ink}
    # A letter that stands on the line of points is still read.
    halo = {"stroke": palette.page(dark)[0], "strokeWidth": 4}
    ends = [arms.mark_text(**letters, dy=-6, **how).encode(text="name:N") for how in (halo, {})]
    stand = _seen("marked").encode(x=x, y=y)
    marked = stand.mark_point(filled=True, size=190, opacity=1, shape="square", stroke=palette.page(dark)[0], strokeWidth=1.5)
    marked = marked.encode(color=frame.colour(series, dark), tooltip=alt.Tooltip("name:N", title=" "))
    names = [points.mark_text(**letters, dy=-15, **how).encode(text="name:N") for how in (halo, {})]
    # Two that are close to each other have their names on either side.
    sides = {True: {"align": "right", "dx": -12}, False: {"align": "left", "dx": 12}}
    names += [
        stand.transform_filter(f"datum.first == {str(first).lower()}").mark_text(**letters, **side, **how).encode(text="name:N")
        for first, side in sides.items()
        for how in (halo, {})
    ]
    chart = frame.finished(alt.layer(rules, line, dots, *ends, marked, *names), *size, title)
    return sliders.with_inputs(chart, [sliders.linear("turn", turned, 0, 360, start, 5), alt.param(name="around", value=1.0)])


def _seen(table: str) -> alt.Chart:
    """Turned about the upright axis, then seen from above."""
    turn, tilt = "turn * PI / 180", f"{TILT} * PI / 180"
    chart = alt.Chart(alt.NamedData(table)).transform_calculate(
        px=f"datum.a * cos({turn}) - datum.b * sin({turn})", deep=f"datum.a * sin({turn}) + datum.b * cos({turn})"
    )
    return chart.transform_calculate(py=f"datum.c * cos({tilt}) + datum.deep * sin({tilt})")
