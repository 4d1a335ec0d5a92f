"""How far one head looks: share of its weight by signed distance, beside that of all heads of its part."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def distances(
    names: Sequence[str], share: Sequence[float], others: Sequence[float], *, width: int = 280, height: int = 190, dark: bool = False
) -> Picture:
    """The bars.

    Args:
        names: of the bins of distances, in order.
        share: of this head's weight; `others`, the mean of all heads.
        width, height: in pixels.
    """
    table = pd.DataFrame({"bin": range(len(names)), "share": list(share), "others": list(others)})
    top = max(range(len(names)), key=lambda i: share[i], default=0)
    aloud = _("Share of the weight by distance; the largest, {share}, at {distance}.").format(share=f"{share[top]:.2f}", distance=names[top])
    return Picture(_description(len(names), width, height, dark), {"bars": table}, {"bin_labels": list(names)}, aloud)


@described
def _description(n: int, width: int, height: int, dark: bool) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("bars")).transform_calculate(name="bin_labels[datum.bin]")
    x = alt.X(
        "bin:O",
        scale=alt.Scale(domain=list(range(n))),
        title=_("distance in tokens; below 0: back"),
        axis=alt.Axis(labelExpr="bin_labels[datum.value]", labelAngle=-60, labelOverlap=True, ticks=False),
    )
    tips = [
        alt.Tooltip("name:N", title=_("distance")),
        alt.Tooltip("share:Q", title=_("share of the weight"), format=".4f"),
        alt.Tooltip("others:Q", title=_("mean of all heads"), format=".4f"),
    ]
    bars = base.mark_bar(color=palette.colours(dark)[3 if dark else 4]).encode(
        x=x, y=alt.Y("share:Q", title=_("share of the weight"), axis=alt.Axis(tickCount=4)), tooltip=tips
    )
    line = base.mark_tick(color=palette.frame(dark), thickness=2).encode(x=x, y="others:Q", tooltip=tips)
    chart = alt.layer(bars, line).add_params(*data.texts(bin_labels=[]).values())
    return chart.properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(n)).configure_view(stroke=None)
