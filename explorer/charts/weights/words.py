"""What one token makes more and less likely, or would match most and least: bars to both sides of 0."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def words(names: Sequence[str], values: np.ndarray, *, title: str, what: str, width: int = 300, height: int = 330, dark: bool = False) -> Picture:
    """A bar for each word.

    Args:
        names: of the words, the largest value first.
        values: (words,).
        title: of the picture.
        what: the values are.
        width, height: in pixels.
    """
    table = pd.DataFrame({"i": np.arange(len(values), dtype=np.uint16), "value": np.asarray(values, dtype=float)})
    aloud = ""
    if len(names):
        aloud = _("Most: {most}; least: {least}.").format(most=names[0], least=names[-1])
    return Picture(_description(len(values), title, what, width, height, dark), {"bars": table}, {"word_names": list(names)}, aloud)


@described
def _description(n: int, title: str, what: str, width: int, height: int, dark: bool) -> alt.Chart:
    base = alt.Chart(alt.NamedData("bars")).transform_calculate(name="word_names[datum.i]")
    axis = alt.Axis(labelExpr="word_names[datum.value]", labelFontSize=12, labelLimit=130, ticks=False, domain=False, labelOverlap=False)
    less, _none, more = palette.diverging(dark)
    bars = base.mark_bar().encode(
        x=alt.X("value:Q", title=what, axis=alt.Axis(tickCount=4)),
        y=alt.Y("i:O", title=None, scale=alt.Scale(domain=list(range(n))), axis=axis),
        color=alt.condition("datum.value >= 0", alt.value(more), alt.value(less)),
        tooltip=[alt.Tooltip("name:N", title=_("token")), alt.Tooltip("value:Q", title=what, format="+.3f")],
    )
    head = alt.TitleParams(title, anchor="start", fontSize=13)
    bars = bars.add_params(*data.texts(word_names=[]).values())
    return bars.properties(width=width, height=height, title=head, autosize=data.PAD, usermeta=data.render(0)).configure_view(stroke=None)
