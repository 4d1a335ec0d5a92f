"""All heads at once: layers down, heads across, one small picture each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from explorer.charts import data, palette
from explorer.i18n import _

MEAN, MAXIMUM = "mean", "max"


@dataclass(frozen=True)
class Cell:
    """One picture: a head, or the mean or maximum over the heads of its layer.

    Attributes:
        layer: from 0.
        head: the head as text, from "0"; or MEAN or MAXIMUM.
        png: base64 picture.
        largest: the largest weight, and where: labels of query and key.
    """

    layer: int
    head: str
    png: str
    largest: float
    largest_from: str = ""
    largest_to: str = ""


def head_grid(cells: Sequence[Cell], selected: tuple[int, str], *, width: int = 560, height: int = 560, dark: bool = False) -> alt.LayerChart:
    """A clickable grid; the selection parameter is called "head" and has the fields layer and head.

    Args:
        cells: one per head and per extra column.
        selected: layer and head that carry the frame at first.
        width, height: room for the pictures, in pixels; they stay square.
    """
    heads = list(dict.fromkeys(cell.head for cell in sorted(cells, key=lambda c: _order(c.head))))
    layers = sorted({cell.layer for cell in cells})
    step = max(14, min(72, width // len(heads), height // len(layers)))
    inner = step - 4 if step > 24 else step - 2
    pick = alt.selection_point(
        name="head",
        fields=["layer", "head"],
        value=[{"layer": selected[0], "head": selected[1]}],
        toggle=False,
        clear=False,
        empty=False,
    )
    tokens = data.texts(largest_from=[cell.largest_from for cell in cells], largest_to=[cell.largest_to for cell in cells])
    table = data.columns(
        layer=[cell.layer for cell in cells],
        head=[cell.head for cell in cells],
        largest=[round(cell.largest, 4) for cell in cells],
        n=list(range(len(cells))),
        png=[cell.png for cell in cells],
    )
    base = (
        alt.Chart(table)
        .transform_calculate(
            url="'data:image/png;base64,' + datum.png",
            name=f"datum.head === '{MEAN}' || datum.head === '{MAXIMUM}'"
            " ? 'layer ' + datum.layer + ', ' + datum.head + ' over heads' : 'layer ' + datum.layer + ', head ' + datum.head",
            peak="largest_from[datum.n] + ' → ' + largest_to[datum.n]",
        )
        .encode(
            x=alt.X(
                "head:N",
                sort=heads,
                title=_("head (from 0)"),
                axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False, grid=False, labelPadding=2),
            ),
            y=alt.Y(
                "layer:O",
                title=_("layer (from 0)"),
                axis=alt.Axis(ticks=False, domain=False, grid=False, labelPadding=2),
            ),
            tooltip=[
                alt.Tooltip("name:N", title=_("where")),
                alt.Tooltip("largest:Q", title=_("largest weight"), format=".3f"),
                alt.Tooltip("peak:N", title=_("from → to")),
            ],
        )
    )
    pictures = base.mark_image(width=inner, height=inner, smooth=False, cursor="pointer", aspect=False).encode(url="url:N")
    chosen = alt.condition(pick, alt.value(3), alt.value(0))
    frames = base.mark_rect(fillOpacity=0, stroke=palette.frame(dark), cursor="pointer", width=step - 1, height=step - 1)
    frames = frames.encode(strokeWidth=chosen).add_params(pick)
    return (
        alt.layer(pictures, frames)
        .add_params(*tokens.values())
        .properties(width=step * len(heads), height=step * len(layers), autosize=data.PAD, usermeta=data.render(0))
        .configure_view(stroke=None)
        .configure_scale(bandPaddingInner=0, bandPaddingOuter=0)
    )


def _order(head: str) -> int:
    return {MEAN: 10_000, MAXIMUM: 10_001}.get(head, int(head) if head.isdigit() else 0)
