"""One bar that is cut into its parts, and below it which parts go together."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame

_BAR, _BRACE, _GROUP = (0.08, 0.6), 0.7, 0.78
"""Heights of the bar's two edges, of the lines below it and of what stands under these; 0 is the top of the drawing."""
_LETTER = 8
"""Width of a letter, in pixels: a share is written into a part that has room for it."""


def whole(
    names: Sequence[str],
    values: Sequence[float],
    groups: Sequence[str],
    title: str,
    axis: str,
    *,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture: the bar is always as long, and its parts are shares of it.

    Args:
        names: of the parts, from the left.
        values: of the parts, 0 or more.
        groups: what each part belongs to; parts of one group are neighbours.
        title: of the picture; axis: what the whole is.
        size: of the drawing.
    """
    shares = np.asarray(values, dtype=float) / (float(np.sum(values)) or 1.0)
    edges = np.concatenate([[0.0], shares.cumsum()])
    parts = pd.DataFrame({"name": list(names), "share": shares, "from": edges[:-1], "to": edges[1:], "at": (edges[:-1] + edges[1:]) / 2})
    parts["text"] = [_written(share) if share * size[0] > _LETTER * (len(_written(share)) + 1) else "" for share in shares]
    parts["told"], parts["colour"] = [_written(share) for share in shares], frame.colours(len(names), dark)
    parts["ink"] = [palette.ink_on(colour) for colour in parts["colour"]]
    kinds = list(dict.fromkeys(groups))
    sums = [sum(share for share, group in zip(shares, groups, strict=True) if group == kind) for kind in kinds]
    ends = np.concatenate([[0.0], np.cumsum(sums)])
    # What stands under the first group begins at its left, under the last it ends at its right: there it has room, however short they are.
    below = pd.DataFrame({"from": ends[:-1], "to": ends[1:], "share": sums, "at": ends[:-1], "last": False})
    below["text"] = [f"{kind}: {_written(share)}" for kind, share in zip(kinds, sums, strict=True)]
    below.loc[below.index[1:], "last"] = True
    below.loc[below.index[1:], "at"] = ends[2:]
    return Picture(_description(title, axis, tuple(names), size, dark), {"parts": parts, "groups": below})


def _written(share: float) -> str:
    return f"{share:.0%}" if 0.1 <= share <= 0.9 or share in (0, 1) else f"{share:.1%}"


@described
def _description(title: str, axis: str, names: tuple[str, ...], size: tuple[int, int], dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    x = {"scale": alt.Scale(domain=[0, 1], nice=False), "axis": alt.Axis(format=".0%", tickCount=5, grid=False), "title": axis}
    parts, groups = (alt.Chart(alt.NamedData(name)) for name in ("parts", "groups"))
    colour = frame.colour(names, dark, columns=3, field="name")
    tips = [alt.Tooltip("name:N", title=" "), alt.Tooltip("told:N", title=axis)]
    bar = parts.mark_rect(stroke=palette.page(dark)[0], strokeWidth=2).encode(
        x=alt.X("from:Q", **x), x2="to:Q", y=alt.value(_BAR[0] * size[1]), y2=alt.value(_BAR[1] * size[1]), color=colour, tooltip=tips
    )
    texts = parts.mark_text(fontSize=frame.LETTERS).encode(
        x=alt.X("at:Q", **x), y=alt.value(sum(_BAR) / 2 * size[1]), text="text:N", color=alt.Color("ink:N", scale=None)
    )
    brace = groups.mark_rect(stroke=palette.page(dark)[0], strokeWidth=3, color=ink).encode(
        x=alt.X("from:Q", **x),
        x2="to:Q",
        y=alt.value(_BRACE * size[1]),
        y2=alt.value(_BRACE * size[1] + 9),
        opacity=alt.condition("datum.last", alt.value(1), alt.value(0.4)),
    )
    how = {"fontSize": frame.LETTERS + 1, "baseline": "top", "color": ink}
    under = [
        groups.mark_text(align=align, **how).encode(x=alt.X("at:Q", **x), y=alt.value(height * size[1]), text="text:N").transform_filter(test)
        for align, height, test in (("left", _GROUP, "!datum.last"), ("right", _GROUP + 0.1, "datum.last"))
    ]
    return frame.finished(alt.layer(bar, texts, brace, *under), *size, title)
