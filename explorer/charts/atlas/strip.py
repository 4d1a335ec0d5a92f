"""The metrics of one head among those of all others: a line a metric, a tick a head."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def strip(
    heads: Sequence[tuple[int, int]],
    values: np.ndarray,
    titles: Sequence[str],
    chosen: int,
    *,
    width: int = 110,
    dark: bool = False,
) -> Picture:
    """The lines.

    Args:
        heads: (layer, head) of each.
        values: (heads, metrics); nan where there is none.
        titles: of the metrics.
        chosen: number of the head that is looked at.
        width: of the lines, in pixels.
    """
    low, high = np.nanmin(values, 0), np.nanmax(values, 0)
    place = (values - low) / np.where(high > low, high - low, 1)
    there = np.argwhere(np.isfinite(values))
    table = pd.DataFrame(
        {
            "metric": there[:, 1],
            "name": [f"{heads[h][0]}.{heads[h][1]}" for h, _m in there],
            "place": place[there[:, 0], there[:, 1]],
            "value": values[there[:, 0], there[:, 1]],
            "here": (there[:, 0] == chosen).astype(int),
        }
    )
    names = f"{heads[chosen][0]}.{heads[chosen][1]}"
    aloud = _("The metrics of head {head} among those of {n} heads, from the least to the most of any.").format(head=names, n=len(heads))
    return Picture(_description(len(titles), width, dark), {"ticks": table}, {"metric_titles": list(titles)}, aloud)


@described
def _description(n: int, width: int, dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    base = alt.Chart(alt.NamedData("ticks")).transform_calculate(title="metric_titles[datum.metric]")
    place = {
        "x": alt.X("place:Q", title=_("least to most of all heads"), scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(labels=False, ticks=False)),
        "y": alt.Y(
            "metric:O",
            title=None,
            scale=alt.Scale(domain=list(range(n))),
            axis=alt.Axis(labelExpr="metric_titles[datum.value]", labelLimit=190, labelFontSize=12, labelOverlap=False, ticks=False),
        ),
    }
    tips = [
        alt.Tooltip("title:N", title=_("metric")),
        alt.Tooltip("name:N", title=_("head")),
        alt.Tooltip("value:Q", title=_("value"), format=".4f"),
    ]
    others = base.transform_filter("datum.here == 0").mark_tick(color=ink, opacity=0.3, thickness=1, size=9, aria=False).encode(**place)
    here = base.transform_filter("datum.here == 1")
    ring = here.mark_point(filled=True, size=90, color=palette.frame(dark), opacity=1).encode(**place, tooltip=tips)
    # Beside the lines, where no tick lies below it.
    number = here.mark_text(align="left", color=ink, fontSize=12).encode(
        x=alt.value(width + 10), y=place["y"], text=alt.Text("value:Q", format=".2f")
    )
    chart = alt.layer(others, ring, number).add_params(*data.texts(metric_titles=[]).values())
    chart = chart.properties(width=width, height=alt.Step(12), autosize=data.PAD, usermeta=data.render(n))
    return chart.configure_view(stroke=None)
