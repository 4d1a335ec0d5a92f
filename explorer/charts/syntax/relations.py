"""Dependency relations: how often the best head is right, beside the best fixed offset."""

from __future__ import annotations

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.laboratory import finished
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _
from explorer.syntax.names import meaning, way

_SAID = 3
"""Relations that are said to those who hear of the picture."""

_ROW, _LEAST = 24, 15
"""Height of a bar with its distance to the next, in pixels, and the least of it in which its name can be read."""


def accuracies(table: pd.DataFrame, *, chosen: str | None = None, width: int = 430, height: int = 0, dark: bool = False) -> Picture:
    """A bar per relation with its interval, a tick at the baseline; a click comes back as selection "relation" with the field i.

    Args:
        table: relation, layer, head, direction, accuracy, low, high, n, offset, baseline (`explorer.syntax.relations.Syntax.table`).
        chosen: relation that carries the frame's colour at first.
        width: in pixels.
        height: of all bars, in pixels; 0 for what they like to have.
    """
    names = table["relation"].tolist()
    bars = table[["accuracy", "low", "high", "baseline", "layer", "head", "n", "offset"]].reset_index(drop=True)
    bars.insert(0, "i", range(len(bars)))
    values = {
        "relation": [{"i": names.index(chosen)}] if chosen in names else NOTHING,
        "relation_names": names,
        "directions": [way(direction) for direction in table["direction"]],
        "meanings": [meaning(name) for name in names],
    }
    found = ", ".join(f"{row.relation} {row.accuracy:.0%} ({row.layer}.{row.head})" for row in table.head(_SAID).itertuples())
    aloud = _("A bar for each relation. The first ones, with layer and head: {found}.").format(found=found)
    return Picture(_description(len(table), width, height, dark), {"relations": bars}, values, aloud)


@described
def _description(n: int, width: int, height: int, dark: bool) -> alt.LayerChart:
    pick = alt.selection_point(name="relation", fields=["i"], toggle=False, clear=False, empty=False)
    base = alt.Chart(alt.NamedData("relations"))
    base = base.transform_calculate(
        name="relation_names[datum.i]", where="datum.layer + '.' + datum.head", way="directions[datum.i]", meaning="meanings[datum.i]"
    )
    row = max(_LEAST, min(_ROW, height // max(1, n))) if height else _ROW
    axis = alt.Axis(labelExpr="relation_names[datum.value]", labelFontSize=13, labelOverlap=False, ticks=False, domain=False)
    y = alt.Y("i:O", scale=alt.Scale(domain=list(range(n))), title=None, axis=axis)
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("accuracy:Q", title=_("share of words whose governor is found"), scale=scale, axis=alt.Axis(format="%", orient="top"))
    tips = [
        alt.Tooltip("name:N", title=_("relation")),
        alt.Tooltip("meaning:N", title=_("meaning")),
        alt.Tooltip("where:N", title=_("layer.head")),
        alt.Tooltip("way:N", title=_("direction")),
        alt.Tooltip("accuracy:Q", title=_("accuracy"), format=".1%"),
        alt.Tooltip("baseline:Q", title=_("best offset's"), format=".1%"),
        alt.Tooltip("offset:Q", title=_("best offset"), format="+d"),
        alt.Tooltip("n:Q", title=_("words")),
    ]
    (ground, ink), frame = palette.page(dark), palette.frame(dark)
    colour = alt.condition(pick, alt.value(frame), alt.value(palette.lines(dark)[0]))
    bars = base.mark_bar(cursor="pointer", cornerRadiusEnd=2).encode(x=x, y=y, color=colour, tooltip=tips).add_params(pick)
    at = {"x": alt.X("baseline:Q", scale=scale), "y": y}
    # On the page's own colour, or they are lost where they lie on a bar that is as dark as they are.
    spans = [base.mark_rule(color=c, strokeWidth=w).encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y) for c, w in ((ground, 4), (ink, 1.5))]
    ticks = [base.mark_tick(color=c, thickness=w, size=h).encode(**at, tooltip=tips) for c, w, h in ((ground, 6, row - 4), (ink, 3, row - 6))]
    where = base.mark_text(align="left", color=ink, fontSize=12).encode(x=alt.value(width + 8), y=y, text="where:N")
    chart = alt.layer(bars, *spans, *ticks, where).add_params(*data.texts(relation_names=[], directions=[], meanings=[]).values())
    return finished(chart.properties(width=width, height=row * n))
