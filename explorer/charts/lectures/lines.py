"""Values over something, a line for each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame


def lines(
    table: pd.DataFrame,
    title: str,
    x: str,
    y: str,
    *,
    series: Sequence[str] = (),
    log_x: bool = False,
    log_y: bool = False,
    base: int = 10,
    ticks: Sequence[float] = (),
    rules: Sequence[float] = (),
    levels: Mapping[str, float] | None = None,
    points: bool = True,
    ends: tuple[float, float] | None = None,
    format: str = "~g",
    legend_columns: int | None = None,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        table: columns x, y, and series where there are several.
        title: of the picture; x, y: titles of the axes.
        series: names of all that there may be, in order, so that each keeps its colour and shape.
        log_x, log_y: whether an axis is logarithmic, with this `base` for x.
        ticks: of x; as Vega likes where there are none.
        rules: places on x that are marked.
        levels: a value of y that is marked in the colour of a series, by its name: what is to be beaten.
        points: whether the points are drawn, too.
        ends: of y; as the data are where None.
        format: of the numbers on y.
        legend_columns: of the legend, where one row of it is too long.
        size: of the drawing.
    """
    names = tuple(series) or ("",)
    frame_ = table.assign(series=table["series"] if "series" in table else names[0])[["x", "y", "series"]]
    digits_x = frame.first_digits(frame_["x"]) if log_x and base == 10 and not ticks else ()
    digits_y = frame.first_digits(frame_["y"] if ends is None else ends) if log_y else ()
    how = (log_x, log_y, digits_x, digits_y, base, tuple(ticks), points, ends, format, legend_columns, len(rules) > 0, bool(levels))
    description = _description(title, x, y, names, *how, size, dark)
    # Only tables that are drawn: a talk from a file puts each into its picture.
    tables = {"points": frame_}
    if len(rules):
        tables["rules"] = pd.DataFrame({"x": list(rules)}, dtype=float)
    if levels:
        tables["levels"] = pd.DataFrame({"series": list(levels), "y": list(levels.values())}).astype({"series": object, "y": float})
    return Picture(description, tables)


@described
def _description(
    title: str,
    x_title: str,
    y_title: str,
    series: tuple[str, ...],
    log_x: bool,
    log_y: bool,
    digits_x: tuple[int, ...],
    digits_y: tuple[int, ...],
    base: int,
    ticks: tuple[float, ...],
    points: bool,
    ends: tuple[float, float] | None,
    format: str,
    legend_columns: int | None,
    ruled: bool,
    levelled: bool,
    size: tuple[int, int],
    dark: bool,
) -> alt.LayerChart:
    x_scale = alt.Scale(type="log", base=base, nice=False) if log_x else alt.Scale(zero=False, nice=False)
    x_numbers = frame.logarithmic("~g", digits_x) if digits_x else frame.numbers("~g")
    x_axis = alt.Axis(grid=False, labelOverlap=True, **x_numbers, **({"values": list(ticks)} if ticks else {"tickCount": 6}))
    x = alt.X("x:Q", title=x_title, scale=x_scale, axis=x_axis)
    y_scale = alt.Scale(type="log") if log_y else alt.Scale(zero=False)
    if ends is not None:
        y_scale = alt.Scale(type="log" if log_y else "linear", domain=list(ends), nice=False, clamp=True)
    y_numbers = frame.logarithmic(format, digits_y) if digits_y else frame.numbers(format)
    y = alt.Y("y:Q", title=y_title, scale=y_scale, axis=alt.Axis(tickCount=5, labelOverlap=True, **y_numbers))
    ink = palette.page(dark)[1]
    colour = frame.colour(series, dark, columns=legend_columns, filled=points)
    dash = frame.as_colour(alt.StrokeDash, frame.DASHES, series, colour)
    drawn = alt.Chart(alt.NamedData("points")).encode(x=x, y=y, color=colour)
    tips = [
        *([alt.Tooltip("series:N", title=" ")] if len(series) > 1 else []),
        alt.Tooltip("x:Q", title=x_title),
        alt.Tooltip("y:Q", title=y_title),
    ]
    layers = []
    # An axis reads its reach from each of its tables, and a browser complains of an empty one.
    if ruled:
        layers.append(alt.Chart(alt.NamedData("rules")).mark_rule(strokeDash=[5, 4], strokeWidth=2, color=ink, opacity=0.7).encode(x=x))
    if levelled:
        layers.append(alt.Chart(alt.NamedData("levels")).mark_rule(strokeWidth=1.5).encode(y=y, color=colour))
    layers.append(drawn.mark_line(strokeWidth=3.5).encode(strokeDash=dash))
    if points:
        shape = frame.as_colour(alt.Shape, frame.SHAPES, series, colour)
        layers.append(drawn.mark_point(filled=True, size=90, opacity=1).encode(shape=shape, tooltip=tips))
    return frame.finished(alt.layer(*layers), *size, title)
