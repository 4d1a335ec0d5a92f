"""How much faster a smaller model runs, by batch size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

COLUMNS = ("batch", "full", "sliced", "faster")
"""Of the table: batch size, seconds per pass of both models, the gain as a share."""


def faster(
    table: pd.DataFrame,
    published: Mapping[int, float],
    batches: Sequence[int],
    *,
    width: int = 330,
    height: int = 190,
    dark: bool = False,
) -> Picture:
    """Bars of what was measured, diamonds of what was published.

    Args:
        table: as `COLUMNS`, one row for each batch size that is measured already.
        published: gain by batch size.
        batches: all batch sizes that will be measured.
        width, height: in pixels.
    """
    measured = table.assign(full=1e3 * table["full"], sliced=1e3 * table["sliced"])
    marks = pd.DataFrame({"batch": list(published), "faster": list(published.values())})
    return Picture(_description(tuple(batches), width, height, dark), {"measured": measured, "published": marks})


@described
def _description(batches: tuple[int, ...], width: int, height: int, dark: bool) -> alt.LayerChart:
    x = alt.X("batch:O", title=_("batch size"), scale=alt.Scale(domain=list(batches)), axis=alt.Axis(labelAngle=0, ticks=False))
    y = alt.Y("faster:Q", title=_("more examples per second"), axis=alt.Axis(format="+.0%", tickCount=5))
    base = alt.Chart(alt.NamedData("measured")).encode(x=x, y=y)
    tips = [
        alt.Tooltip("batch:O", title=_("batch size")),
        alt.Tooltip("full:Q", title=_("full, ms a pass"), format=".1f"),
        alt.Tooltip("sliced:Q", title=_("sliced, ms a pass"), format=".1f"),
        alt.Tooltip("faster:Q", title=_("gain"), format="+.1%"),
    ]
    ink = palette.page(dark)[1]
    bars = base.mark_bar(size=34, color=palette.colours(dark)[3]).encode(tooltip=tips)
    numbers = base.transform_calculate(top="max(0, datum.faster)").mark_text(dy=-8, color=ink, fontSize=12)
    numbers = numbers.encode(y=alt.Y("top:Q"), text=alt.Text("faster:Q", format="+.0%"))
    tip = [alt.Tooltip("batch:O", title=_("batch size")), alt.Tooltip("faster:Q", title=_("published"), format="+.1%")]
    marks = alt.Chart(alt.NamedData("published")).mark_point(shape="diamond", filled=True, size=90, color=palette.frame(dark))
    layers = [bars, numbers, marks.encode(x=x, y=y, tooltip=tip)]
    return alt.layer(*layers).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(2 * len(batches)))
