"""One point per head; a click comes back as selection "head" with the fields layer and head."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
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
) -> alt.LayerChart:
    """The points.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        x, y: (heads,).
        x_title, y_title: of the axes; None where the places mean nothing by themselves.
        groups: of each head, what colours it; by layer where empty.
        chosen: the head that carries a ring at first.
        width, height: in pixels.
    """
    there = np.isfinite(x) & np.isfinite(y)
    table = data.columns(
        layer=[layer for (layer, _h), ok in zip(heads, there, strict=True) if ok],
        head=[head for (_l, head), ok in zip(heads, there, strict=True) if ok],
        x=x[there].astype(float),
        y=y[there].astype(float),
        group=[groups[i] for i in np.flatnonzero(there)] if groups else [0] * int(there.sum()),
    )
    pick = alt.selection_point(
        name="head",
        fields=["layer", "head"],
        value=[{"layer": chosen[0], "head": chosen[1]}] if chosen else alt.Undefined,
        toggle=False,
        clear=False,
        empty=False,
    )
    bare = x_title is None
    axis = alt.Axis(labels=not bare, ticks=not bare, grid=not bare, domain=not bare)
    scale = alt.Scale(zero=False, padding=12)
    if groups:
        names = sorted(set(groups))
        colour = alt.Color("group:N", title=None, scale=alt.Scale(domain=names, range=list(palette.lines(dark))[: len(names)]))
    else:
        shades = palette.colours(dark)[2:]
        colour = alt.Color(
            "layer:Q", title=_("layer"), scale=alt.Scale(range=shades, interpolate="rgb"), legend=alt.Legend(tickCount=5, format="d")
        )
    base = alt.Chart(table).transform_calculate(name="datum.layer + '.' + datum.head")
    tips = [alt.Tooltip("name:N", title=_("head"))]
    tips += [] if bare else [alt.Tooltip("x:Q", title=x_title, format=".4f"), alt.Tooltip("y:Q", title=y_title, format=".4f")]
    place = {"x": alt.X("x:Q", title=x_title, scale=scale, axis=axis), "y": alt.Y("y:Q", title=y_title, scale=scale, axis=axis)}
    ink = palette.page(dark)[1]
    points = base.mark_point(filled=True, size=150, opacity=0.95, stroke=ink, strokeOpacity=0.35, strokeWidth=1, cursor="pointer")
    points = points.encode(**place, color=colour, tooltip=tips).add_params(pick)
    rings = base.mark_point(size=420, filled=False, stroke=palette.frame(dark), strokeWidth=3).encode(
        **place, opacity=alt.condition(pick, alt.value(1), alt.value(0))
    )
    names_ = base.mark_text(dy=-13, fontSize=10, color=ink, opacity=0.75).encode(**place, text="name:N")
    chart = alt.layer(points, rings, names_).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.configure_view(stroke=None)
