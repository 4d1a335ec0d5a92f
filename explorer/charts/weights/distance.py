"""A head's score by distance alone, beside those of all heads of its layer."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def by_distance(offsets: np.ndarray, curves: np.ndarray, head: int, *, width: int = 330, height: int = 170, dark: bool = False) -> Picture:
    """Scores over the distance of the key.

    Args:
        offsets: position of the key minus that of the query, (n,).
        curves: of the layer's heads, (heads, n); nan where there is no head, less the mean of each: what is equal for all keys changes no weight.
        head: the one that stands out.
        width, height: in pixels.
    """
    there = [h for h in range(len(curves)) if not np.isnan(curves[h]).all()]
    rows = [(int(h), int(o), float(v)) for h in there for o, v in zip(offsets, curves[h], strict=True)]
    table = pd.DataFrame(rows, columns=["head", "offset", "score"])
    table["own"] = (table["head"] == head).astype(int)
    best = int(offsets[int(np.nanargmax(curves[head]))])
    aloud = _("Largest at distance {offset}.").format(offset=best)
    return Picture(_description(width, height, dark), {"curves": table}, aloud=aloud)


@described
def _description(width: int, height: int, dark: bool) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("curves")).encode(
        x=alt.X(
            "offset:Q", title=_("key minus query, in tokens"), scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=6, format="d", grid=False)
        ),
        y=alt.Y("score:Q", title=_("score"), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4)),
        detail="head:N",
    )
    others = base.transform_filter("datum.own === 0").mark_line(strokeWidth=1, opacity=0.3, color=palette.page(dark)[1], aria=False)
    tips = [alt.Tooltip("offset:Q", title=_("distance")), alt.Tooltip("score:Q", title=_("score"), format="+.3f")]
    own = base.transform_filter("datum.own === 1")
    line = own.mark_line(strokeWidth=2.5, color=palette.lines(dark)[0]).encode(tooltip=tips)
    dots = own.mark_point(filled=True, size=22, color=palette.lines(dark)[0], opacity=1, aria=False).encode(tooltip=tips)
    chart = alt.layer(others, line, dots).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.configure_view(stroke=None)
