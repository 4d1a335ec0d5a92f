"""A map of the earth with meridians and parallels, many small places and a few large ones."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame


def globe(
    places: np.ndarray,
    marked: pd.DataFrame,
    title: str,
    note: str,
    *,
    series: Sequence[str],
    first: int = 0,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        places: (n, 2), longitude and latitude in degrees, drawn as small points.
        marked: columns longitude, latitude, name (written beside it) and series: the large ones.
        title: of the picture; note: below the map, how longitude and latitude are found.
        series: names of all that there may be.
        first: number of the first of the places.
        size: of the drawing.
    """
    small = pd.DataFrame({"longitude": places[:, 0], "latitude": places[:, 1], "at": range(first, first + len(places))})
    description = _description(title, tuple(series), len(places), size, dark)
    return Picture(description, {"places": small, "marked": marked}, {"note": [note]})


@described
def _description(title: str, series: tuple[str, ...], n: int, size: tuple[int, int], dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    where = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    outline = alt.Chart(alt.sphere()).mark_geoshape(fill=None, stroke=ink, strokeWidth=2, strokeOpacity=0.6)
    net = alt.Chart(alt.graticule(step=[30, 30])).mark_geoshape(filled=False, stroke=ink, strokeWidth=1, strokeOpacity=0.3)
    degrees = data.columns(longitude=[-90, 90, 0, 0], latitude=[0, 0, 60, -60], text=["−90°", "90°", "60°", "−60°"])
    letters = {"fontSize": frame.LETTERS, "color": ink}
    # A letter that stands on the line of places is still read.
    halo, beside = {"stroke": palette.page(dark)[0], "strokeWidth": 4}, {"dx": 3, "dy": -3, "align": "left", "baseline": "bottom"}
    net_names = [alt.Chart(degrees).mark_text(**letters, **beside, **how).encode(**where, text="text:N") for how in (halo, {})]
    small = (
        alt.Chart(alt.NamedData("places")).mark_circle(size=12, color=ink, opacity=0.8).encode(**where, tooltip=alt.Tooltip("at:Q", title=" "))
    )
    large = alt.Chart(alt.NamedData("marked")).encode(**where)
    colour = frame.colour(series, dark)
    shape = frame.as_colour(alt.Shape, frame.SHAPES, series, colour)
    tips = [alt.Tooltip("name:N", title=" "), *(alt.Tooltip(f"{name}:Q", title="°", format=".1f") for name in where)]
    points = large.mark_point(filled=True, size=170, opacity=1, stroke=palette.page(dark)[0], strokeWidth=1.5)
    points = points.encode(color=colour, shape=shape, tooltip=tips)
    names = [large.mark_text(**letters, fontWeight="bold", dx=8, dy=16, align="left", **how).encode(text="name:N") for how in (halo, {})]
    below = alt.Chart(data.columns(i=[0])).transform_calculate(text="note[0]").mark_text(**letters, baseline="top")
    below = below.encode(x=alt.value(size[0] / 2), y=alt.value(size[1] + 6), text="text:N")
    layers = alt.layer(outline, net, small, *net_names, points, *names, below).project("equalEarth").add_params(*data.texts(note=[""]).values())
    return frame.finished(layers, *size, title, n)
