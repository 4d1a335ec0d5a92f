"""How well methods agree with leaving tokens out: a dot per text, and the mean."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def agreement(correlations: Mapping[str, np.ndarray], *, width: int = 520, dark: bool = False) -> Picture:
    """Rank correlations of each method, one dot per text, nan left out; a line at the mean.

    Args:
        correlations: by the method's name as it is to be read, (texts,).
        width: in pixels.
    """
    kept = [np.asarray(values)[~np.isnan(values)] for values in correlations.values()]
    rows = np.repeat(np.arange(len(kept)), [len(values) for values in kept])
    found = [r for r, values in enumerate(kept) if len(values)]
    tables = {
        "dots": pd.DataFrame({"r": rows, "value": np.concatenate([*kept, np.zeros(0)])}),
        "means": pd.DataFrame({"r": np.array(found, dtype=int), "value": np.array([kept[r].mean() for r in found], dtype=float)}),
    }
    means = ", ".join(f"{name} {values.mean():+.2f}" for name, values in zip(correlations, kept, strict=True) if len(values))
    aloud = _("Mean of each method over the texts: {means}.").format(means=means)
    return Picture(_description(len(kept), width, dark), tables, {"methods": list(correlations)}, aloud)


@described
def _description(n: int, width: int, dark: bool) -> alt.LayerChart:
    axis = alt.Axis(labelExpr="methods[datum.value]", labelFontSize=13, labelLimit=260, ticks=False, domain=False)
    y = alt.Y("r:O", title=None, scale=alt.Scale(domain=list(range(n))), axis=axis)
    x = alt.X("value:Q", title=_("rank correlation with leaving tokens out"), scale=alt.Scale(domain=[-1, 1]))
    dots = alt.Chart(alt.NamedData("dots")).mark_tick(thickness=2, size=16, opacity=0.35, color=palette.lines(dark)[0]).encode(x=x, y=y)
    lines = alt.Chart(alt.NamedData("means")).transform_calculate(method="methods[datum.r]")
    lines = lines.mark_tick(thickness=4, size=24, color=palette.frame(dark))
    lines = lines.encode(x=x, y=y, tooltip=[alt.Tooltip("method:N", title=_("method")), alt.Tooltip("value:Q", title=_("mean"), format="+.3f")])
    zero = alt.Chart(data.columns(value=[0])).mark_rule(color=palette.page(dark)[1], opacity=0.4).encode(x="value:Q")
    chart = alt.layer(zero, dots, lines).add_params(*data.texts(methods=[]).values())
    return chart.properties(width=width, height=34 * n, autosize=data.PAD, usermeta=data.render(0))
