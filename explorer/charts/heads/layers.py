"""A score by layer: a point per head, and the mean of a layer as a line."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.i18n import _


def by_layer(scores: Mapping[str, np.ndarray], *, width: int = 300, height: int = 200, dark: bool = False) -> alt.HConcatChart:
    """Pictures side by side.

    Args:
        scores: by title, (layers, heads); nan where there is no head.
        width, height: of one picture, in pixels.
    """
    return finished(alt.hconcat(*(_picture(title, values, width, height, dark) for title, values in scores.items()), spacing=20))


def _picture(title: str, values: np.ndarray, width: int, height: int, dark: bool) -> alt.LayerChart:
    layer, head = np.nonzero(~np.isnan(values))
    table = data.columns(layer=layer, head=head, value=values[layer, head].astype(float))
    there = [i for i, row in enumerate(values) if not np.isnan(row).all()]
    means = data.columns(layer=there, value=[float(np.nanmean(values[i])) for i in there])
    x = alt.X("layer:Q", title=_("layer"), scale=alt.Scale(domain=[-0.4, len(values) - 0.6], nice=False))
    x.axis = alt.Axis(values=list(range(0, len(values), max(1, len(values) // 12))), format="d", grid=False)
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    tips = [alt.Tooltip("layer:Q", title=_("layer")), alt.Tooltip("head:Q", title=_("head")), alt.Tooltip("value:Q", title=title, format=".4f")]
    dots = alt.Chart(table).mark_point(filled=True, size=45, opacity=0.45, color=palette.lines(dark)[0]).encode(x=x, y=y, tooltip=tips)
    line = alt.Chart(means).mark_line(color=palette.frame(dark), strokeWidth=3, point={"color": palette.frame(dark), "size": 60}).encode(x=x, y=y)
    return alt.layer(dots, line).properties(width=width, height=height, title=titled(title, _("a point per head, their mean"), dark))
