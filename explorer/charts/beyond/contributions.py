"""What adds up to a logit, from the embedding upwards: bars that go to the right for it and to the left against it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def waterfall(names: Sequence[str], values: Sequence[float], *, total: str, width: int = 420, height: int = 420, dark: bool = False) -> Picture:
    """Each part begins where the one above it ended; the last bar is the sum.

    Args:
        names: of the parts, in order.
        values: what each adds.
        total: name of the sum.
        width, height: in pixels.
    """
    added = np.asarray(values, dtype=float)
    ends = np.cumsum(added)
    level = float(ends[-1]) if len(ends) else 0.0
    n = len(added) + 1
    table = pd.DataFrame(
        {
            "i": np.arange(n, dtype=np.uint16),
            "low": [*(ends - added), 0.0],
            "high": [*ends, level],
            "value": [*added, level],
            "sum": [*[0] * len(added), 1],
        }
    )
    return Picture(_description(n, width, height, dark), {"parts": table}, {"part_names": [*names, total]}, _aloud(names, added, total, level))


def _aloud(names: Sequence[str], added: np.ndarray, total: str, level: float) -> str:
    what = _("Parts that add up to {total}, {value}.").format(total=total, value=f"{level:.2f}")
    if not len(added):
        return what
    top = int(np.abs(added).argmax())
    return what + " " + _("The largest: {name}, {value}.").format(name=names[top], value=f"{added[top]:+.2f}")


@described
def _description(n: int, width: int, height: int, dark: bool) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("parts")).transform_calculate(
        name="part_names[datum.i]", caption="format(datum.value, '+.2f')", end="max(datum.low, datum.high)"
    )
    axis = alt.Axis(labelExpr="part_names[datum.value]", labelFontSize=12, labelLimit=170, labelOverlap=False, ticks=False, domain=False)
    y = alt.Y("i:O", title=None, scale=alt.Scale(domain=list(range(n))), axis=axis)
    less, _none, more = palette.diverging(dark)
    colour = alt.ColorValue(less, condition=[{"test": "datum.sum", "value": palette.lines(dark)[0]}, {"test": "datum.value >= 0", "value": more}])
    tips = [alt.Tooltip("name:N", title=_("part")), alt.Tooltip("value:Q", title=_("adds"), format="+.4f")]
    # The last number stands below its line, as the others do, and not pulled inwards against the one before it.
    x = alt.X("low:Q", title=_("logit"), axis=alt.Axis(labelFlush=False))
    bars = base.mark_bar(cornerRadius=1).encode(x=x, x2="high:Q", y=y, color=colour, tooltip=tips)
    text = base.mark_text(align="left", dx=5, color=palette.page(dark)[1], fontSize=12).encode(x="end:Q", y=y, text="caption:N")
    chart = alt.layer(bars, text).add_params(*data.texts(part_names=[]).values())
    return chart.properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0)).configure_view(stroke=None)
