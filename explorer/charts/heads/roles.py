"""Which heads have which role: layers down, heads across, a cell per head in as many colours as it has roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _

_MARGIN = 0.06
"""Of a cell, on either side."""


def roles(
    sizes: Sequence[int],
    held: Sequence[tuple[int, int, str]],
    titles: Mapping[str, str],
    *,
    chosen: tuple[int, int] | None = None,
    width: int = 560,
    height: int = 380,
    dark: bool = False,
) -> Picture:
    """The picture; a click comes back as selection "head" with the fields layer and head.

    Args:
        sizes: heads of each layer.
        held: (layer, head, role), several lines for a head with several roles.
        titles: of all roles there are, by name, so that each keeps its colour.
        chosen: the head that carries the frame at first.
        width, height: room for the cells, in pixels.
    """
    names = list(titles)
    by_head: dict[tuple[int, int], list[str]] = {}
    for layer, head, role in held:
        by_head.setdefault((layer, head), []).append(role)
    strips = [(layer, head, i, len(of), role) for (layer, head), of in by_head.items() for i, role in enumerate(sorted(of, key=names.index))]
    inside = 1 - 2 * _MARGIN
    shares = pd.DataFrame(
        {
            "layer": [s[0] for s in strips],
            "head": [s[1] for s in strips],
            "low": [s[1] + _MARGIN + inside * s[2] / s[3] for s in strips],
            "high": [s[1] + _MARGIN + inside * (s[2] + 1) / s[3] for s in strips],
            "role": [titles[s[4]] for s in strips],
        }
    )
    values = {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING}
    counts = {titles[name]: sum(name in of for of in by_head.values()) for name in names}
    aloud = _("Heads by role: {counts}.").format(counts=", ".join(f"{title} {n}" for title, n in counts.items()))
    return Picture(_description(tuple(sizes), tuple(titles.values()), width, height, dark), {"shares": shares}, values, aloud)


@described
def _description(sizes: tuple[int, ...], titles: tuple[str, ...], width: int, height: int, dark: bool) -> alt.LayerChart:
    n_heads = max(sizes)
    across, down = max(14, min(64, width // n_heads)), max(14, min(58, height // len(sizes)))
    cells = [(layer, head) for layer, n in enumerate(sizes) for head in range(n)]
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    ink = palette.page(dark)[1]
    x_scale = alt.Scale(domain=[0, n_heads], nice=False)
    y_scale = alt.Scale(domain=list(range(len(sizes))), paddingInner=0.1)
    y = alt.Y("layer:O", scale=y_scale, title=_("layer (from 0)"), axis=alt.Axis(ticks=False, domain=False))
    base = alt.Chart(data.columns(layer=[layer for layer, _h in cells], head=[head for _l, head in cells]))
    base = base.transform_calculate(left=f"datum.head + {_MARGIN}", right=f"datum.head + {1 - _MARGIN}")
    x = alt.X("left:Q", scale=x_scale, title=_("head (from 0)"))
    x.axis = alt.Axis(
        orient="top", values=[h + 0.5 for h in range(n_heads)], labelExpr="floor(datum.value)", ticks=False, domain=False, grid=False
    )
    tip = [alt.Tooltip("layer:Q", title=_("layer")), alt.Tooltip("head:Q", title=_("head"))]
    blank = base.mark_rect(cornerRadius=3, fill=ink, fillOpacity=0.06, cursor="pointer")
    blank = blank.encode(x=x, x2="right:Q", y=y, tooltip=tip).add_params(pick)
    shades = [*palette.lines(dark), palette.frame(dark)][: len(titles)]
    # A number beside the colour: not everybody tells seven colours apart, and no projector does.
    numbered = "(indexof(role_titles, datum.label) + 1) + ' ' + datum.label"
    legend = alt.Legend(orient="bottom", direction="horizontal", columns=7, symbolType="square", labelLimit=140, labelExpr=numbered)
    colour = alt.Color("role:N", title=None, scale=alt.Scale(domain=list(titles), range=shades), legend=legend)
    marks = alt.Chart(alt.NamedData("shares")).mark_rect(cursor="pointer")
    marks = marks.encode(x=alt.X("low:Q", scale=x_scale), x2="high:Q", y=y, color=colour, tooltip=[*tip, alt.Tooltip("role:N", title=_("role"))])
    signs = alt.Chart(alt.NamedData("shares")).transform_calculate(
        middle="(datum.low + datum.high) / 2", sign="indexof(role_titles, datum.role) + 1"
    )
    signs = signs.mark_text(fontSize=13, fontWeight="bold", color=palette.page(dark)[0], cursor="pointer")
    signs = signs.encode(x=alt.X("middle:Q", scale=x_scale), y=y, text="sign:N")
    frames = base.mark_rect(filled=False, stroke=palette.frame(dark), cornerRadius=3)
    frames = frames.encode(x=x, x2="right:Q", y=y, strokeWidth=alt.condition(pick, alt.value(3), alt.value(0)))
    chart = alt.layer(blank, marks, signs, frames).properties(
        width=across * n_heads, height=down * len(sizes), autosize=data.PAD, usermeta=data.render(0)
    )
    return chart.add_params(*data.texts(role_titles=titles).values()).configure_view(stroke=None)
