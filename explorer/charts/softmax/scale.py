"""Entropy, predictions and score over a factor on the model's own scale."""

from __future__ import annotations

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _


def curves(table: pd.DataFrame, *, width: int = 175, height: int = 210, dark: bool = False) -> Picture:
    """Three pictures on one axis.

    Args:
        table: a row per point, with the fields of `explorer.softmax.scale.Point`.
        width, height: of one picture, in pixels.
    """
    frame = table.sort_values("factor")
    ends = (min(0.1, frame["factor"].min()), max(10.0, frame["factor"].max())) if len(frame) else (0.1, 10.0)
    return Picture(_description(width, height, dark), {"points": frame}, {"least": ends[0], "most": ends[1]})


@described
def _description(width: int, height: int, dark: bool) -> alt.HConcatChart:
    x = alt.X(
        "factor:Q",
        title=_("factor on the scale"),
        scale=alt.Scale(type="log", domainMin=alt.ExprRef("least"), domainMax=alt.ExprRef("most"), nice=False),
        axis=alt.Axis(values=[0.1, 0.3, 1, 3, 10], grid=False, format="~g"),
    )
    colour, ink = palette.lines(dark)[0], palette.page(dark)[1]
    base = alt.Chart(alt.NamedData("points")).encode(x=x)
    own = alt.Chart(data.columns(factor=[1], inline=True)).mark_rule(strokeDash=[4, 4], color=ink, opacity=0.6).encode(x=x)
    tips = [
        alt.Tooltip("factor:Q", title=_("factor"), format=".4~g"),
        alt.Tooltip("entropy:Q", title=_("entropy, nats"), format=".4f"),
        alt.Tooltip("relative:Q", title=_("of its maximum"), format=".1%"),
        alt.Tooltip("saturated:Q", title=_("saturated rows"), format=".1%"),
        alt.Tooltip("agreement:Q", title=_("same predictions"), format=".1%"),
        alt.Tooltip("score:Q", title=_("accuracy"), format=".4f"),
        alt.Tooltip("loss:Q", title=_("loss"), format=".4f"),
    ]

    def line(field: str, shade: str, dash: bool = False) -> list[alt.Chart]:
        y = alt.Y(f"{field}:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
        points = base.mark_point(filled=True, size=34, color=shade, opacity=1).encode(y=y, tooltip=tips)
        return [base.mark_line(strokeWidth=2.5, color=shade, strokeDash=[5, 3] if dash else [1, 0]).encode(y=y), points]

    def panel(layers: list[alt.Chart], caption: alt.TitleParams) -> alt.LayerChart:
        return alt.layer(own, *layers).properties(width=width, height=height, title=caption)

    second = palette.lines(dark)[1]
    first = [*line("relative", colour), *line("saturated", second, dash=True)]
    band = base.mark_area(opacity=0.18, color=colour).encode(y=alt.Y("low:Q", title=None), y2="high:Q")
    panels = [
        panel(first, titled(_("Entropy of its maximum"), _("dashed: saturated rows"), dark)),
        panel(line("agreement", colour), titled(_("Same predictions"), _("as with factor 1"), dark)),
        panel([band, *line("score", colour)], titled(_("Score of the task"), _("band: 95 % interval"), dark)),
    ]
    ends = [alt.param(name="least", value=0.1), alt.param(name="most", value=10.0)]
    return finished(alt.hconcat(*panels, spacing=14).add_params(*ends))
