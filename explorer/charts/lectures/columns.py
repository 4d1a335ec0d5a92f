"""A histogram of one or more draws."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame


def columns(
    edges: np.ndarray,
    shares: Sequence[np.ndarray],
    title: str,
    x: str,
    y: str,
    *,
    series: Sequence[str] = (),
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        edges: (bins + 1,) of the bins.
        shares: (bins,) of each series.
        title: of the picture; x, y: titles of the axes.
        series: names.
        size: of the drawing.
    """
    names = tuple(series) or ("",)
    tables = [
        pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": share, "series": name}) for name, share in zip(names, shares, strict=True)
    ]
    return Picture(_description(title, x, y, names, size, dark), {"bins": pd.concat(tables, ignore_index=True)})


@described
def _description(title: str, x: str, y: str, series: tuple[str, ...], size: tuple[int, int], dark: bool) -> alt.LayerChart:
    chart = (
        alt.Chart(alt.NamedData("bins"))
        .mark_rect(fillOpacity=0.7 if len(series) > 1 else 1, strokeWidth=0)
        .encode(
            x=alt.X("low:Q", title=x, scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(grid=False, tickCount=5, format="~s")),
            x2="high:Q",
            y=alt.Y("share:Q", title=y, axis=alt.Axis(tickCount=4, format="~p")),
            y2=alt.datum(0),
            color=frame.colour(series, dark),
        )
    )
    return frame.finished(alt.layer(chart), *size, title)
