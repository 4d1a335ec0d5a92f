"""Points in a plane, with names."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame


def points(
    table: pd.DataFrame,
    title: str,
    x: str,
    y: str,
    *,
    series: Sequence[str] = (),
    joined: bool = False,
    ends: tuple[tuple[float, float], tuple[float, float]] | None = None,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        table: columns x, y; name, which is written beside the point, and series where there are several.
        title: of the picture; x, y: titles of the axes.
        series: names of all that there may be.
        joined: whether points of one series are joined in the order of the table.
        ends: of x and of y; as the data are where None.
        size: of the drawing.
    """
    names = tuple(series) or ("",)
    made = pd.DataFrame(
        {
            "x": table["x"],
            "y": table["y"],
            "name": table.get("name", ""),
            "series": table["series"] if "series" in table else names[0],
            "at": range(len(table)),
        }
    )
    return Picture(_description(title, x, y, names, joined, ends, size, dark), {"points": made})


@described
def _description(
    title: str,
    x_title: str,
    y_title: str,
    series: tuple[str, ...],
    joined: bool,
    ends: tuple[tuple[float, float], tuple[float, float]] | None,
    size: tuple[int, int],
    dark: bool,
) -> alt.LayerChart:
    domains = [{} if ends is None else {"domain": list(end), "nice": False} for end in (ends or (None, None))]
    x = alt.X("x:Q", title=x_title, scale=alt.Scale(zero=False, **domains[0]), axis=alt.Axis(tickCount=5, format="~g"))
    y = alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=False, **domains[1]), axis=alt.Axis(tickCount=5, format="~g"))
    base = alt.Chart(alt.NamedData("points")).encode(x=x, y=y)
    colour = frame.colour(series, dark)
    shape = frame.as_colour(alt.Shape, frame.SHAPES, series, colour)
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("x:Q", title=x_title, format=".4~g"), alt.Tooltip("y:Q", title=y_title, format=".4~g")]
    layers = []
    if joined:
        layers.append(base.mark_line(strokeWidth=2).encode(color=colour, order="at:Q"))
    layers.append(base.mark_point(filled=True, size=110, opacity=1).encode(color=colour, shape=shape, tooltip=tips))
    layers.append(base.mark_text(fontSize=frame.LETTERS, dy=-13, color=palette.page(dark)[1]).encode(text="name:N"))
    return frame.finished(alt.layer(*layers), *size, title)
