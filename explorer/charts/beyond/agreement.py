"""How well methods agree with leaving tokens out: a dot per text, and the mean."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
from explorer.i18n import _


def agreement(correlations: Mapping[str, np.ndarray], *, width: int = 520, dark: bool = False) -> alt.LayerChart:
    """Rank correlations of each method, one dot per text, nan left out; a line at the mean.

    Args:
        correlations: by the method's name as it is to be read, (texts,).
        width: in pixels.
    """
    names = list(correlations)
    kept = {name: values[~np.isnan(values)] for name, values in correlations.items()}
    table = data.columns(
        r=[r for r, name in enumerate(names) for _value in kept[name]], value=[float(value) for name in names for value in kept[name]]
    )
    means = data.columns(r=[r for r, name in enumerate(names) if len(kept[name])], value=[float(kept[n].mean()) for n in names if len(kept[n])])
    y = alt.Y("method:N", title=None, sort=names, axis=alt.Axis(labelFontSize=13, labelLimit=260, ticks=False, domain=False))
    x = alt.X("value:Q", title=_("rank correlation with leaving tokens out"), scale=alt.Scale(domain=[-1, 1]))
    dots = alt.Chart(table).transform_calculate(method="methods[datum.r]")
    dots = dots.mark_tick(thickness=2, size=16, opacity=0.35, color=palette.lines(dark)[0]).encode(x=x, y=y)
    lines = alt.Chart(means).transform_calculate(method="methods[datum.r]").mark_tick(thickness=4, size=24, color=palette.frame(dark))
    lines = lines.encode(x=x, y=y, tooltip=[alt.Tooltip("method:N", title=_("method")), alt.Tooltip("value:Q", title=_("mean"), format="+.3f")])
    zero = alt.Chart(data.columns(value=[0])).mark_rule(color=palette.page(dark)[1], opacity=0.4).encode(x="value:Q")
    chart = alt.layer(zero, dots, lines).add_params(*data.texts(methods=names).values())
    return chart.properties(width=width, height=34 * len(names), autosize=data.PAD, usermeta=data.render(0))
