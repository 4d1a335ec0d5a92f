"""Heads as a board of cells: layers down, heads across, a colour each, a cross on those that are removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
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
    width: int = 480,
    height: int = 460,
    compact: bool = False,
    dark: bool = False,
) -> alt.LayerChart:
    """The board.

    Clicks come back as selection "cell" with fields row and head, `WHOLE` where a label at the margin was clicked; a drag as
    selection "box" with the rows and heads that it covers.

    Args:
        rows: names of the layers.
        heads: heads of each layer.
        removed: (row, head) of removed heads.
        values: (rows, heads), the colour of each cell and its number on hover; nan stays blank. None leaves all cells plain.
        title: what the values are.
        diverging: the scale is centred on 0.
        clickable: False for a picture only.
        width, height: room for the cells, in pixels.
        compact: the scale stands beside the cells, and nothing above them.
    """
    n_heads = max(heads)
    cells = [(r, h) for r, n in enumerate(heads) for h in range(n)]
    shown = [np.nan if values is None else float(values[r, h]) for r, h in cells]
    table = data.columns(
        row=[r for r, _h in cells],
        head=[h for _r, h in cells],
        value=np.array(shown, dtype=float),
        removed=[int(cell in removed) for cell in cells],
    )
    across = max(12, min(46, width // n_heads))
    down = max(12, min(46, height // len(rows)))
    x = alt.X("head:O", scale=alt.Scale(domain=list(range(n_heads)), paddingInner=0.06), axis=None)
    y = alt.Y("row:O", scale=alt.Scale(domain=list(range(len(rows))), paddingInner=0.06), axis=None)
    names = data.texts(row_names=list(rows))
    base = alt.Chart(table).transform_calculate(layer="row_names[datum.row]", state=f"datum.removed ? '{_('removed')}' : '{_('kept')}'")
    tips = [alt.Tooltip("layer:N", title=_("layer")), alt.Tooltip("head:O", title=_("head"))]
    tips += [alt.Tooltip("value:Q", title=title, format="+.4f" if diverging else ".4f")] if values is not None else []
    tips += [alt.Tooltip("state:N", title=_("state"))]
    # A thin line around each: 0 may have the colour of the page.
    edge = {"stroke": palette.page(dark)[1], "strokeOpacity": 0.18, "strokeWidth": 1}
    rects = base.mark_rect(cursor="pointer" if clickable else "default", cornerRadius=3, **edge).encode(
        x=x, y=y, color=_colour(values, title, diverging, dark, compact), tooltip=tips
    )
    gone = base.transform_filter("datum.removed === 1")
    veil = gone.mark_rect(color=palette.page(dark)[0], opacity=0.72, cornerRadius=3, cursor="pointer").encode(x=x, y=y, tooltip=tips)
    crosses = gone.mark_point(
        shape="M-1,-1L1,1M-1,1L1,-1", size=min(across, down) ** 2 / 9, stroke=palette.frame(dark), strokeWidth=2.5, cursor="pointer"
    ).encode(x=x, y=y, tooltip=tips)
    ink = palette.page(dark)[1]
    down_labels = data.columns(row=list(range(len(rows))), head=[WHOLE] * len(rows))
    left = alt.Chart(down_labels).transform_calculate(label="row_names[datum.row]", layer="row_names[datum.row]")
    left = left.mark_text(align="right", color=ink, cursor="pointer", fontSize=12).encode(
        x=alt.value(-8), y=y, text="label:N", tooltip=alt.Tooltip("layer:N", title=_("whole layer"))
    )
    across_labels = data.columns(head=list(range(n_heads)), row=[WHOLE] * n_heads)
    top = alt.Chart(across_labels).mark_text(baseline="bottom", color=ink, cursor="pointer", fontSize=12)
    top = top.encode(x=x, y=alt.value(-6), text="head:O", tooltip=alt.Tooltip("head:O", title=_("this head in every layer")))
    layers = [rects, veil, crosses, left, top]
    if clickable:
        cell = alt.selection_point(name="cell", fields=["row", "head"], toggle=False, clear=False, empty=False)
        box = alt.selection_interval(name="box", encodings=["x", "y"], empty=False, clear=False)
        layers[0] = rects.add_params(box)
        layers[-1] = top.add_params(cell)
    chart = alt.layer(*layers).add_params(*names.values())
    chart = chart.properties(width=across * n_heads, height=down * len(rows), autosize=data.PAD, usermeta=data.render(0))
    if not compact:
        caption = alt.TitleParams(_("layers down, heads across, both from 0"), anchor="start", fontSize=12, fontWeight="normal", offset=22)
        chart = chart.properties(title=caption)
    return chart.configure_view(stroke=None)


def _colour(values: np.ndarray | None, title: str, diverging: bool, dark: bool, compact: bool) -> alt.Color | alt.Value:
    blank = "#2d4a6b" if dark else "#a6cbe8"
    if values is None or np.isnan(values).all():
        return alt.value(blank)
    where = {"orient": "right", "gradientLength": 90} if compact else {"orient": "bottom", "direction": "horizontal", "gradientLength": 200}
    where |= {"title": None} if compact else {"titleOrient": "left"}
    legend = alt.Legend(gradientThickness=8, tickCount=4, **where)
    if diverging:
        top = max(float(np.nanmax(np.abs(values))), 1e-9)
        scale = alt.Scale(domain=[-top, 0, top], range=palette.diverging(dark), interpolate="rgb", clamp=True)
    else:
        scale = alt.Scale(domain=[0, max(float(np.nanmax(values)), 1e-9)], range=palette.colours(dark), interpolate="rgb", clamp=True)
    return alt.Color("value:Q", title=title, scale=scale, legend=legend)
