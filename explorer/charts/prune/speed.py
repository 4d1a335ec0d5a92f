"""How much faster a smaller model runs, by batch size."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.i18n import _


def faster(
    table: pd.DataFrame, published: Mapping[int, float] | None = None, *, width: int = 330, height: int = 190, dark: bool = False
) -> alt.LayerChart:
    """Bars of what was measured, diamonds of what was published.

    Args:
        table: batch; full and sliced, seconds per pass; faster, the gain as a share.
        published: gain by batch size.
        width, height: in pixels.
    """
    rows = data.columns(
        **{name: table[name].tolist() for name in ("batch", "faster")},
        full=(1e3 * table["full"]).tolist(),
        sliced=(1e3 * table["sliced"]).tolist(),
    )
    x = alt.X("batch:O", title=_("batch size"), axis=alt.Axis(labelAngle=0, ticks=False))
    y = alt.Y("faster:Q", title=_("more examples per second"), axis=alt.Axis(format="+.0%", tickCount=5))
    base = alt.Chart(rows).encode(x=x, y=y)
    tips = [
        alt.Tooltip("batch:O", title=_("batch size")),
        alt.Tooltip("full:Q", title=_("full, ms a pass"), format=".1f"),
        alt.Tooltip("sliced:Q", title=_("sliced, ms a pass"), format=".1f"),
        alt.Tooltip("faster:Q", title=_("gain"), format="+.1%"),
    ]
    ink = palette.page(dark)[1]
    layers = [
        base.mark_bar(size=34, color=palette.colours(dark)[3]).encode(tooltip=tips),
        base.transform_calculate(top="max(0, datum.faster)")
        .mark_text(dy=-8, color=ink, fontSize=12)
        .encode(y=alt.Y("top:Q"), text=alt.Text("faster:Q", format="+.0%")),
    ]
    if published:
        marks = alt.Chart(data.columns(batch=list(published), faster=list(published.values())))
        tip = [alt.Tooltip("batch:O", title=_("batch size")), alt.Tooltip("faster:Q", title=_("published"), format="+.1%")]
        layers.append(marks.mark_point(shape="diamond", filled=True, size=90, color=palette.frame(dark)).encode(x=x, y=y, tooltip=tip))
    return alt.layer(*layers).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(len(table)))
