"""Clock hands: one or more on each of a few dials. 0 is up, and a growing angle goes to the right, as on a clock."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, pi, sin

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame

_NAME = 26
"""Height that the name below a dial takes."""


def dials(
    angles: Sequence[Sequence[float]],
    names: Sequence[str],
    title: str,
    *,
    series: Sequence[str] = (),
    faint: Sequence[int] = (),
    columns: int = 4,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        angles: for each dial, in radians, that of each hand.
        names: written below the dials.
        title: of the picture.
        series: names of the hands, the same on every dial; hands of one name have one colour.
        faint: numbers of hands that are drawn dashed: where they were before.
        columns: dials in a row.
        size: of the drawing.
    """
    kinds = tuple(series) or ("",)
    wide, high = size[0] / columns, size[1] / ceil(len(names) / columns)
    radius = min(wide, high - _NAME) / 2 - 4
    places = [(wide * (i % columns + 0.5), high * (i // columns) + radius + 4) for i in range(len(names))]
    hands = [
        {
            "x": x,
            "y": y,
            "x2": x + 0.9 * radius * sin(angle),
            "y2": y - 0.9 * radius * cos(angle),
            "series": kinds[at],
            "faint": at in set(faint),
            "turn": angle % (2 * pi) * 180 / pi,
        }
        for (x, y), each in zip(places, angles, strict=True)
        for at, angle in enumerate(each)
    ]
    faces = pd.DataFrame({"x": [x for x, _y in places], "y": [y for _x, y in places], "dial": range(len(names))})
    description = _description(title, tuple(dict.fromkeys(kinds)), radius, size, dark)
    return Picture(description, {"hands": pd.DataFrame(hands), "faces": faces}, {"names": list(names)})


@described
def _description(title: str, series: tuple[str, ...], radius: float, size: tuple[int, int], dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    # Places are pixels, so that a circle is one whatever the shape of the picture.
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, size[0]], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, size[1]], nice=False, reverse=True), axis=None)
    faces = alt.Chart(alt.NamedData("faces")).encode(x=x, y=y)
    circles = faces.mark_point(size=pi * radius**2, filled=False, stroke=ink, strokeWidth=2, strokeOpacity=0.4)
    noon = faces.transform_calculate(y=f"datum.y - {0.88 * radius}").mark_point(size=40, filled=True, color=ink, opacity=0.5)
    names = faces.transform_calculate(name="names[datum.dial]", y=f"datum.y + {radius + 6}")
    names = names.mark_text(fontSize=frame.LETTERS, color=ink, baseline="top").encode(text="name:N")
    hands = alt.Chart(alt.NamedData("hands")).encode(x=x, y=y, x2="x2:Q", y2="y2:Q", color=frame.colour(series, dark))
    tips = [*([alt.Tooltip("series:N", title=" ")] if len(series) > 1 else []), alt.Tooltip("turn:Q", title="°", format=".1f")]
    before = hands.transform_filter("datum.faint").mark_rule(strokeWidth=3, strokeDash=[6, 5], opacity=0.7)
    now = hands.transform_filter("!datum.faint").mark_rule(strokeWidth=5, strokeCap="round").encode(tooltip=tips)
    layers = alt.layer(circles, noon, before, now, names).add_params(*data.texts(names=[]).values())
    return frame.finished(layers, *size, title)
