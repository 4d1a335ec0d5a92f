"""Heads that changed between two atlases: from where each was to where it is, in two metrics."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _


def moved(
    heads: Sequence[tuple[int, int]],
    before: np.ndarray,
    after: np.ndarray,
    change: np.ndarray,
    *,
    titles: tuple[str, str],
    chosen: tuple[int, int] | None = None,
    width: int = 600,
    height: int = 430,
    letters: int = 10,
    dark: bool = False,
) -> Picture:
    """The points and their ways.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        before, after: (heads, 2), x and y.
        change: how much each changed in all metrics, (heads,).
        titles: of the axes.
        chosen: the head that carries a ring at first.
        width, height: in pixels; letters, of the heads' names.
    """
    there = np.flatnonzero(np.isfinite(before).all(1) & np.isfinite(after).all(1))
    table = pd.DataFrame(
        {
            "layer": [heads[i][0] for i in there],
            "head": [heads[i][1] for i in there],
            **{
                name: side[there, axis].astype(float)
                for side, names in ((before, "x y"), (after, "x2 y2"))
                for axis, name in enumerate(names.split())
            },
            "change": np.asarray(change, float)[there],
        }
    )
    values = {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING}
    aloud = _("A point for each head where the second atlas has it, and the way from where the first has it.")
    return Picture(_description(titles, width, height, letters, dark), {"points": table}, values, aloud)


@described
def _description(titles: tuple[str, str], width: int, height: int, letters: int, dark: bool) -> alt.LayerChart:
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    base = alt.Chart(alt.NamedData("points")).transform_calculate(name="datum.layer + '.' + datum.head")
    scale, ink = alt.Scale(zero=False, nice=False, padding=14), palette.page(dark)[1]
    first = {"x": alt.X("x:Q", title=titles[0], scale=scale), "y": alt.Y("y:Q", title=titles[1], scale=scale)}
    last = {"x": alt.X("x2:Q", title=titles[0]), "y": alt.Y("y2:Q", title=titles[1])}
    shade = alt.Color(
        "change:Q", title=_("change"), scale=alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb"), legend=alt.Legend(tickCount=4)
    )
    tips = [alt.Tooltip("name:N", title=_("head")), alt.Tooltip("change:Q", title=_("change"), format=".2f")]
    for name, title in zip(("x", "x2", "y", "y2"), (titles[0], titles[0], titles[1], titles[1]), strict=True):
        when = _("first") if len(name) == 1 else _("second")
        tips.append(alt.Tooltip(f"{name}:Q", title=f"{title} ({when})", format=".3f"))
    ways = base.mark_rule(color=ink, opacity=0.45).encode(**first, x2="x2:Q", y2="y2:Q")
    froms = base.mark_point(size=40, color=ink, opacity=0.6).encode(**first)
    marks = base.mark_point(filled=True, size=140, opacity=0.95, stroke=ink, strokeOpacity=0.35, strokeWidth=1, cursor="pointer")
    marks = marks.encode(**last, color=shade, tooltip=tips).add_params(pick)
    rings = base.mark_point(size=420, filled=False, stroke=palette.frame(dark), strokeWidth=3).encode(
        **last, opacity=alt.condition(pick, alt.value(1), alt.value(0))
    )
    names = base.mark_text(dy=-13, fontSize=letters, color=ink, opacity=0.8).encode(**last, text="name:N")
    chart = alt.layer(ways, froms, marks, rings, names).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.configure_view(stroke=None)
