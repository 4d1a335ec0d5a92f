"""What adds up to a logit, from the embedding upwards: bars that go to the right for it and to the left against it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from explorer.charts.common import data, palette
from explorer.i18n import _


def waterfall(
    names: Sequence[str], values: Sequence[float], *, total: str, width: int = 420, height: int = 420, dark: bool = False
) -> alt.LayerChart:
    """Each part begins where the one above it ended; the last bar is the sum.

    Args:
        names: of the parts, in order.
        values: what each adds.
        total: name of the sum.
        width, height: in pixels.
    """
    starts, level = [], 0.0
    for value in values:
        starts.append(level)
        level += float(value)
    names = [*names, total]
    low, high = [*starts, 0.0], [*(s + float(v) for s, v in zip(starts, values, strict=True)), level]
    sums = [0] * len(values) + [1]
    table = data.columns(i=list(range(len(names))), low=low, high=high, value=[*map(float, values), level], sum=sums)
    base = alt.Chart(table).transform_calculate(
        name="part_names[datum.i]", caption="format(datum.value, '+.2f')", end="max(datum.low, datum.high)"
    )
    y = alt.Y("i:O", title=None, axis=alt.Axis(labelExpr="part_names[datum.value]", labelFontSize=12, labelLimit=170, ticks=False, domain=False))
    less, _none, more = palette.diverging(dark)
    colour = alt.ColorValue(less, condition=[{"test": "datum.sum", "value": palette.lines(dark)[0]}, {"test": "datum.value >= 0", "value": more}])
    tips = [alt.Tooltip("name:N", title=_("part")), alt.Tooltip("value:Q", title=_("adds"), format="+.4f")]
    x = alt.X("low:Q", title=_("logit"))
    bars = base.mark_bar(cornerRadius=1).encode(x=x, x2="high:Q", y=y, color=colour, tooltip=tips)
    text = base.mark_text(align="left", dx=5, color=palette.page(dark)[1], fontSize=11).encode(x="end:Q", y=y, text="caption:N")
    chart = alt.layer(bars, text).add_params(*data.texts(part_names=names).values())
    return chart.properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0)).configure_view(stroke=None)
