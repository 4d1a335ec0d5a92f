"""One point per head; a click comes back as selection "head" with the fields layer and head."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _


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
    """The points.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        x, y: (heads,).
        x_title, y_title: of the axes; None where the places mean nothing by themselves.
        groups: of each head, what colours it; by layer where empty.
        chosen: the head that carries a ring at first.
        width, height: in pixels.
    """
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    table = pd.DataFrame(
        {
            "layer": [heads[i][0] for i in there],
            "head": [heads[i][1] for i in there],
            "x": np.asarray(x)[there].astype(float),
            "y": np.asarray(y)[there].astype(float),
            "group": [groups[i] for i in there] if groups else [0] * len(there),
        }
    )
    values = {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING}
    aloud = _("A point for each head, {n} in all.").format(n=len(table))
    return Picture(_description(tuple(sorted(set(groups))), x_title, y_title, width, height, dark), {"points": table}, values, aloud)


@described
def _description(groups: tuple[str, ...], x_title: str | None, y_title: str | None, width: int, height: int, dark: bool) -> alt.LayerChart:
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    bare = x_title is None
    axis = alt.Axis(labels=not bare, ticks=not bare, grid=not bare, domain=not bare)
    scale = alt.Scale(zero=False, padding=12)
    if groups:
        shades = alt.Scale(domain=list(groups), range=list(palette.lines(dark))[: len(groups)])
        colour = alt.Color("group:N", title=None, scale=shades)
    else:
        shades = alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb")
        colour = alt.Color("layer:Q", title=_("layer"), scale=shades, legend=alt.Legend(tickCount=5, format="d"))
    base = alt.Chart(alt.NamedData("points")).transform_calculate(name="datum.layer + '.' + datum.head")
    tips = [alt.Tooltip("name:N", title=_("head"))]
    tips += [] if bare else [alt.Tooltip("x:Q", title=x_title, format=".4f"), alt.Tooltip("y:Q", title=y_title, format=".4f")]
    place = {"x": alt.X("x:Q", title=x_title, scale=scale, axis=axis), "y": alt.Y("y:Q", title=y_title, scale=scale, axis=axis)}
    ink = palette.page(dark)[1]
    points = base.mark_point(filled=True, size=150, opacity=0.95, stroke=ink, strokeOpacity=0.35, strokeWidth=1, cursor="pointer")
    points = points.encode(**place, color=colour, tooltip=tips).add_params(pick)
    rings = base.mark_point(size=420, filled=False, stroke=palette.frame(dark), strokeWidth=3).encode(
        **place, opacity=alt.condition(pick, alt.value(1), alt.value(0))
    )
    names = base.mark_text(dy=-13, fontSize=10, color=ink, opacity=0.75).encode(**place, text="name:N")
    chart = alt.layer(points, rings, names).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.configure_view(stroke=None)
