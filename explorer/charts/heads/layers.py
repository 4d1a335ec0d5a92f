"""A score by layer: a point per head, and the mean of a layer as a line."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _


def by_layer(
    scores: Mapping[str, np.ndarray], *, chosen: tuple[int, int] | None = None, width: int = 300, height: int = 200, dark: bool = False
) -> Picture:
    """Pictures side by side; a click on a point comes back as selection "head" with the fields layer and head.

    Args:
        scores: by title, (layers, heads); nan where there is no head.
        chosen: the head whose points carry a ring at first.
        width, height: of one picture, in pixels.
    """
    tables = {}
    for i, values in enumerate(scores.values()):
        layer, head = np.nonzero(~np.isnan(values))
        there = [at for at, row in enumerate(values) if not np.isnan(row).all()]
        tables[f"heads_{i}"] = pd.DataFrame({"layer": layer, "head": head, "value": values[layer, head].astype(float)})
        tables[f"means_{i}"] = pd.DataFrame({"layer": there, "value": [float(np.nanmean(values[at])) for at in there]})
    n_layers = tuple(len(values) for values in scores.values())
    values = {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING}
    return Picture(_description(tuple(scores), n_layers, width, height, dark), tables, values)


@described
def _description(titles: tuple[str, ...], n_layers: tuple[int, ...], width: int, height: int, dark: bool) -> alt.HConcatChart:
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)

    def panel(i: int, title: str, n: int) -> alt.LayerChart:
        x = alt.X("layer:Q", title=_("layer"), scale=alt.Scale(domain=[-0.4, n - 0.6], nice=False))
        x.axis = alt.Axis(values=list(range(0, n, max(1, n // 12))), format="d", grid=False)
        y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
        tips = [alt.Tooltip("layer:Q", title=_("layer")), alt.Tooltip("head:Q", title=_("head"))]
        tips += [alt.Tooltip("value:Q", title=title, format=".4f")]
        base, line = alt.Chart(alt.NamedData(f"heads_{i}")), alt.Chart(alt.NamedData(f"means_{i}"))
        dots = base.mark_point(filled=True, size=60, opacity=0.45, color=palette.lines(dark)[0], cursor="pointer")
        dots = dots.encode(x=x, y=y, tooltip=tips).properties(name=f"points_{i}")
        dots = dots if i else dots.add_params(pick)
        means = line.mark_line(color=palette.frame(dark), strokeWidth=3, point={"color": palette.frame(dark), "size": 60}).encode(x=x, y=y)
        rings = base.mark_point(size=220, filled=False, stroke=palette.frame(dark), strokeWidth=3)
        rings = rings.encode(x=x, y=y, opacity=alt.condition(pick, alt.value(1), alt.value(0)))
        look = titled(title, _("a point per head, their mean"), dark)
        return alt.layer(dots, means, rings).properties(width=width, height=height, title=look)

    chart = alt.hconcat(*(panel(i, title, n) for i, (title, n) in enumerate(zip(titles, n_layers, strict=True))), spacing=20)
    # One choice for all panels. Altair would take it for one of its own in each, and warn.
    chart.params[0].views = [f"points_{i}" for i in range(len(titles))]
    return finished(chart)
