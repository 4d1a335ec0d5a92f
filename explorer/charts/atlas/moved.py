"""Heads that changed between two atlases: from where each was to where it is, in two metrics."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import palette, scatter
from explorer.charts.common.picture import Picture, described
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
    """The points and their ways. As in `scatter` no name lies on another one or on a point; those of heads that changed most are placed first.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        before, after: (heads, 2), x and y.
        change: how much each changed in all metrics, (heads,).
        titles: of the axes.
        chosen: the head that carries a ring at first.
        width, height: in pixels; letters, of the heads' names.
    """
    there = np.flatnonzero(np.isfinite(before).all(1) & np.isfinite(after).all(1))
    first, last, change = before[there].astype(float), after[there].astype(float), np.asarray(change, float)[there]
    most = np.argsort(-change, kind="stable").tolist()
    table, ends = scatter.placed([heads[i] for i in there], last, (width, height), letters, most, first)
    table["x2"], table["y2"] = first.T
    table["change"] = change
    aloud = _("A point for each head where the second atlas has it, and the way from where the first has it.")
    return Picture(_description(titles, width, height, letters, dark), {"points": table}, scatter.selected(chosen) | ends, aloud)


@described
def _description(titles: tuple[str, str], width: int, height: int, letters: int, dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    scale = alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb")
    look = {"color": alt.Color("change:Q", title=_("change"), scale=scale, legend=alt.Legend(tickCount=4))}
    tips = [alt.Tooltip("change:Q", title=_("change"), format=".2f")]
    for side, title in zip("xy", titles, strict=True):
        for name, when in ((f"{side}2", _("first")), (side, _("second"))):
            tips.append(alt.Tooltip(f"{name}:Q", title=f"{title} ({when})", format=".3f"))
    ways = scatter.base().mark_rule(color=ink, opacity=0.45).encode(**scatter.place(titles), x2="x2:Q", y2="y2:Q")
    froms = scatter.base().mark_point(size=40, color=ink, opacity=0.6).encode(**scatter.place(titles, ("x2", "y2")))
    return scatter.drawn(look, tips, titles, width, height, letters, dark, under=(ways, froms))
