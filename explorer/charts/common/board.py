"""Heads as a board of cells: layers down, heads across, a colour each, a cross on those that are removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _

WHOLE = -1
"""Layer or head of a label at the margin, which stands for all of them."""


def board(
    rows: Sequence[str],
    heads: Sequence[int],
    removed: Collection[tuple[int, int]],
    *,
    values: np.ndarray | None = None,
    title: str = "",
    diverging: bool = True,
    clickable: bool = True,
    removable: bool = True,
    width: int = 480,
    height: int = 460,
    largest: int = 46,
    compact: bool = False,
    chosen: tuple[int, int] | None = None,
    dark: bool = False,
) -> Picture:
    """The board.

    Clicks come back as selection "cell" with fields row and head. Where heads are removed, a label at the margin can be clicked, too, and
    comes back as `WHOLE`; a drag comes back as selection "box" with the rows and heads that it covers.

    Args:
        rows: names of the layers.
        heads: heads of each layer.
        removed: (row, head) of removed heads.
        values: (rows, heads), the colour of each cell and its number on hover; nan stays blank. None leaves all cells plain.
        title: what the values are.
        diverging: the scale is centred on 0.
        clickable: False for a picture only.
        removable: a click removes a head, and so what is pointed at says whether it is removed; False where a click only looks at it, and
            the frame follows it.
        width, height: room for the cells, in pixels.
        largest: width and height of a cell, in pixels.
        compact: the scale stands beside the cells, and nothing above them.
        chosen: row and head that carry a frame, at first where it follows the clicks; none where None.
    """
    cells = [(r, h) for r, n in enumerate(heads) for h in range(n)]
    shown = np.array([np.nan if values is None else float(values[r, h]) for r, h in cells])
    known = values is not None and not np.isnan(shown).all()
    table = pd.DataFrame({"row": [r for r, _h in cells], "head": [h for _r, h in cells], "value": shown})
    table["removed"] = [int(cell in removed) for cell in cells]
    # The scale ends at the largest value, whatever it is; a scale that is centred on 0 goes as far on both sides.
    top = float(np.nanmax(np.abs(shown) if diverging else shown)) if known else 1.0
    scale = ("diverging" if diverging else "rising") if known else "none"
    room, framed = (width, height, largest, compact), chosen is not None
    made = _description(tuple(heads), title, scale, values is not None, clickable, removable, *room, framed, dark)
    given = {"row_names": list(rows), "top": max(top, 1e-9)}
    if clickable and not removable:
        given["cell"] = NOTHING if chosen is None else [{"row": int(chosen[0]), "head": int(chosen[1])}]
    elif chosen is not None:
        given |= {"chosen_row": int(chosen[0]), "chosen_head": int(chosen[1])}
    return Picture(made, {"cells": table}, given, _("Heads as cells: layers down, heads across."))


@described
def _description(
    heads: tuple[int, ...],
    title: str,
    scale: str,
    valued: bool,
    clickable: bool,
    removable: bool,
    width: int,
    height: int,
    largest: int,
    compact: bool,
    framed: bool,
    dark: bool,
) -> alt.LayerChart:
    n_rows, n_heads = len(heads), max(heads)
    across = max(12, min(largest, width // n_heads))
    down = max(12, min(largest, height // n_rows))
    x = alt.X("head:O", scale=alt.Scale(domain=list(range(n_heads)), paddingInner=0.06), axis=None)
    y = alt.Y("row:O", scale=alt.Scale(domain=list(range(n_rows)), paddingInner=0.06), axis=None)
    base = alt.Chart(alt.NamedData("cells"))
    state = f"datum.removed ? {_('removed')!r} : {_('kept')!r}"
    # By its name a cell stays the same mark when the table changes, so that a click is heard that begins before the change and ends after it.
    base = base.transform_calculate(layer="row_names[datum.row]", state=state, name="datum.row + '.' + datum.head").encode(key="name:N")
    tips = [alt.Tooltip("layer:N", title=_("layer")), alt.Tooltip("head:O", title=_("head"))]
    tips += [alt.Tooltip("value:Q", title=title, format="+.4f" if scale == "diverging" else ".4f")] if valued else []
    tips += [alt.Tooltip("state:N", title=_("state"))] if clickable and removable else []
    # A thin line around each: 0 may have the colour of the page.
    edge = {"stroke": palette.page(dark)[1], "strokeOpacity": 0.18, "strokeWidth": 1}
    rects = base.mark_rect(cursor="pointer" if clickable else "default", cornerRadius=3, **edge).encode(
        x=x, y=y, color=_colour(title, scale, dark, compact), tooltip=tips
    )
    gone = base.transform_filter("datum.removed === 1")
    # Where a click removes a head, what covers the cell lets clicks through to it: without a tooltip Vega-Lite makes it deaf.
    above = {"tooltip": tips} if not (clickable and removable) else {}
    veil = gone.mark_rect(color=palette.page(dark)[0], fillOpacity=0.72, cornerRadius=3, cursor="pointer").encode(x=x, y=y, **above)
    crosses = gone.mark_point(
        shape="M-1,-1L1,1M-1,1L1,-1", size=min(across, down) ** 2 / 9, stroke=palette.frame(dark), strokeWidth=2.5, cursor="pointer"
    ).encode(x=x, y=y, **above)
    ink = palette.page(dark)[1]
    left = alt.Chart(data.columns(row=list(range(n_rows)), head=[WHOLE] * n_rows))
    left = left.transform_calculate(label="row_names[datum.row]", layer="row_names[datum.row]")
    # A tooltip is also what lets Vega-Lite hear a click on a label.
    margins = {"layer": alt.Tooltip("layer:N", title=_("whole layer")), "head": alt.Tooltip("head:O", title=_("this head in every layer"))}
    margins = margins if removable else dict.fromkeys(margins, alt.Undefined)
    words = {"color": ink, "fontSize": 12, "cursor": "pointer" if removable else "default"}
    left = left.mark_text(align="right", **words).encode(x=alt.value(-8), y=y, text="label:N", tooltip=margins["layer"])
    top = alt.Chart(data.columns(head=list(range(n_heads)), row=[WHOLE] * n_heads))
    top = top.mark_text(baseline="bottom", **words).encode(x=x, y=alt.value(-6), text="head:O", tooltip=margins["head"])
    params = [*data.texts(row_names=[]).values(), alt.param(name="top", value=1.0)]
    # Where heads are switched off, quick clicks add up: the browser may tell of several at once.
    toggle = "true" if removable else False
    cell = alt.selection_point(name="cell", fields=["row", "head"], toggle=toggle, clear=False, empty=False)
    # A frame is no cell of its own for who hears the picture.
    edges = base.mark_rect(filled=False, stroke=palette.frame(dark), cornerRadius=3, aria=False)
    if clickable and not removable:
        frames = [edges.encode(x=x, y=y, strokeWidth=alt.condition(cell, alt.value(3), alt.value(0)))]
        rects = rects.add_params(cell)
    elif framed:
        params += [alt.param(name="chosen_row", value=0), alt.param(name="chosen_head", value=0)]
        chosen = edges.transform_filter("datum.row === chosen_row && datum.head === chosen_head")
        frames = [chosen.encode(x=x, y=y, strokeWidth=alt.value(3))]
    else:
        frames = []
    if clickable and removable:
        rects = rects.add_params(alt.selection_interval(name="box", encodings=["x", "y"], empty=False, clear=False))
        top = top.add_params(cell)
    layers = [rects, veil, crosses, *frames, left, top]
    chart = alt.layer(*layers).add_params(*params)
    chart = chart.properties(width=across * n_heads, height=down * n_rows, autosize=data.PAD, usermeta=data.render(0))
    if not compact:
        caption = alt.TitleParams(_("layers down, heads across, both from 0"), anchor="start", fontSize=12, fontWeight="normal", offset=22)
        chart = chart.properties(title=caption)
    return chart.configure_view(stroke=None)


def _colour(title: str, scale: str, dark: bool, compact: bool) -> alt.Color | alt.Value:
    if scale == "none":
        return alt.value("#2d4a6b" if dark else "#a6cbe8")
    where = {"orient": "right", "gradientLength": 90} if compact else {"orient": "bottom", "direction": "horizontal", "gradientLength": 200}
    where |= {"title": None} if compact else {"titleOrient": "left"}
    legend = alt.Legend(gradientThickness=8, tickCount=4, **where)
    if scale == "diverging":
        how = {"domainMin": alt.ExprRef("-top"), "domainMid": 0, "domainMax": alt.ExprRef("top"), "range": palette.diverging(dark)}
    else:
        how = {"domainMin": 0, "domainMax": alt.ExprRef("top"), "range": palette.colours(dark)}
    return alt.Color("value:Q", title=title, scale=alt.Scale(**how, interpolate="rgb", clamp=True), legend=legend)
