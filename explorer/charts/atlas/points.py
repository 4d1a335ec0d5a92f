"""A point a head; a click comes back as selection "head" with the fields layer and head. What was not looked for is faint."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")


def points(
    heads: Sequence[tuple[int, int]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    titles: tuple[str, str] | None,
    groups: Sequence[str] = (),
    found: np.ndarray | None = None,
    chosen: tuple[int, int] | None = None,
    width: int = 600,
    height: int = 430,
    dark: bool = False,
) -> Picture:
    """The points.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        x, y: (heads,).
        titles: of the axes; None where the places mean nothing by themselves.
        groups: of each head, what colours and shapes it; by layer where empty.
        found: which of them were looked for, bool (heads,); all where None.
        chosen: the head that carries a ring at first.
        width, height: in pixels.
    """
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    held = np.ones(len(heads), bool) if found is None else found
    table = pd.DataFrame(
        {
            "layer": [heads[i][0] for i in there],
            "head": [heads[i][1] for i in there],
            "x": np.asarray(x, float)[there],
            "y": np.asarray(y, float)[there],
            "group": [groups[i] for i in there] if groups else [""] * len(there),
            "found": held[there].astype(int),
        }
    )
    values = {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING}
    aloud = _("A point for each head, {n} in all.").format(n=len(table))
    return Picture(_description(tuple(sorted(set(groups))), titles, width, height, dark), {"points": table}, values, aloud)


@described
def _description(groups: tuple[str, ...], titles: tuple[str, str] | None, width: int, height: int, dark: bool) -> alt.LayerChart:
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    bare = titles is None
    axis = alt.Axis(labels=not bare, ticks=not bare, grid=not bare, domain=not bare)
    scale = alt.Scale(zero=False, nice=False, padding=14)
    look = {}
    if groups:
        colours, shapes = ((list(one) * len(groups))[: len(groups)] for one in (palette.lines(dark), _SHAPES))
        flat = alt.Legend(symbolStrokeWidth=0)
        look["color"] = alt.Color("group:N", title=None, legend=flat, scale=alt.Scale(domain=list(groups), range=colours))
        look["shape"] = alt.Shape("group:N", title=None, legend=flat, scale=alt.Scale(domain=list(groups), range=shapes))
    else:
        shades = alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb")
        look["color"] = alt.Color("layer:Q", title=_("layer"), scale=shades, legend=alt.Legend(tickCount=5, tickMinStep=1, format="d"))
    base = alt.Chart(alt.NamedData("points")).transform_calculate(name="datum.layer + '.' + datum.head")
    tips = [alt.Tooltip("name:N", title=_("head"))]
    tips += [] if bare else [alt.Tooltip(f"{side}:Q", title=title, format=".4f") for side, title in zip("xy", titles, strict=True)]
    place = {
        side: channel(f"{side}:Q", title=None if bare else title, scale=scale, axis=axis)
        for side, channel, title in zip("xy", (alt.X, alt.Y), titles or ("", ""), strict=True)
    }
    ink = palette.page(dark)[1]
    strength = {found: alt.condition("datum.found == 1", alt.value(found), alt.value(less)) for found, less in ((0.95, 0.22), (0.8, 0.25))}
    marks = base.mark_point(filled=True, size=140, stroke=ink, strokeOpacity=0.35, strokeWidth=1, cursor="pointer")
    marks = marks.encode(**place, **look, opacity=strength[0.95], tooltip=tips).add_params(pick)
    rings = base.mark_point(size=420, filled=False, stroke=palette.frame(dark), strokeWidth=3).encode(
        **place, opacity=alt.condition(pick, alt.value(1), alt.value(0))
    )
    names = base.mark_text(dy=-13, fontSize=10, color=ink).encode(**place, text="name:N", opacity=strength[0.8])
    chart = alt.layer(marks, rings, names).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.configure_view(stroke=None)
