"""All heads at once: layers down, heads across, one small picture each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

MEAN, MAXIMUM = "mean", "max"
_LABELLED = 26
"""Pixels of a column whose label always has its place, whatever the language; in narrower ones some are left out."""


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


STRETCH = 1.3
"""How much taller than wide a picture may be: a model has more heads across than layers down, a screen is wider than high."""


WIDEST = 1.8
"""How much wider than tall, where the room is that of a stage: wider than high, and all of it wanted."""


def cell_size(heads: int, layers: int, width: int, height: int, wide: bool = False) -> tuple[int, int]:
    """Width and height of one cell, gap included, in pixels, so that the whole grid fits; `wide` lets cells be wider than tall."""
    down = max(14, min(72, height // layers))
    across = max(14, min(72, width // heads, int(down * (WIDEST if wide else 1))))
    return across, max(14 if wide else across, min(int(across * STRETCH), height // layers))


def picture_size(cell: int) -> int:
    """Pixels that a cell leaves to its picture."""
    return cell - 4 if cell > 24 else cell - 2


def head_grid(
    cells: Sequence[Cell], selected: tuple[int, str], *, width: int = 560, height: int = 560, wide: bool = False, dark: bool = False
) -> Picture:
    """A clickable grid; the selection parameter is called "head" and has the fields layer and head.

    Args:
        cells: one per head and per extra column.
        selected: layer and head that carry the frame at first.
        width, height: room for the pictures, in pixels.
        wide: pictures may be wider than tall.
    """
    heads = list(dict.fromkeys(cell.head for cell in sorted(cells, key=lambda c: _order(c.head))))
    layers = sorted({cell.layer for cell in cells})
    table = {
        "layer": [cell.layer for cell in cells],
        "head": [cell.head for cell in cells],
        "largest": [round(cell.largest, 4) for cell in cells],
        "n": list(range(len(cells))),
        "png": [cell.png for cell in cells],
    }
    values = {
        "head": [{"layer": selected[0], "head": selected[1]}],
        "largest_from": [cell.largest_from for cell in cells],
        "largest_to": [cell.largest_to for cell in cells],
    }
    return Picture(
        _description(tuple(heads), len(layers), cell_size(len(heads), len(layers), width, height, wide), dark),
        {"cells": pd.DataFrame(table)},
        values,
        _aloud(cells),
    )


def _aloud(cells: Sequence[Cell]) -> str:
    what = _("All heads, a small map each: a row of the grid is a layer.")
    heads = [cell for cell in cells if cell.head not in (MEAN, MAXIMUM)]
    if not heads:
        return what
    top = max(heads, key=lambda cell: cell.largest)
    largest = _("Largest weight: {weight}, in layer {layer}, head {head}.").format(weight=f"{top.largest:.2f}", layer=top.layer, head=top.head)
    return f"{what} {largest}"


@described
def _description(heads: tuple[str, ...], n_layers: int, size: tuple[int, int], dark: bool) -> alt.LayerChart:
    across, down = size
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    summaries = f"datum.value === '{MEAN}' ? {_('mean')!r} : datum.value === '{MAXIMUM}' ? {_('max')!r} : datum.value"
    base = (
        alt.Chart(alt.NamedData("cells"))
        .transform_calculate(
            url="'data:image/png;base64,' + datum.png",
            name=f"datum.head === '{MEAN}' ? {data.sentence(_('layer {layer}, mean over heads'))}"
            f" : datum.head === '{MAXIMUM}' ? {data.sentence(_('layer {layer}, max over heads'))}"
            f" : {data.sentence(_('layer {layer}, head {head}'))}",
            peak="largest_from[datum.n] + ' → ' + largest_to[datum.n]",
        )
        .encode(
            x=alt.X(
                "head:N",
                sort=list(heads),
                title=_("head (from 0)"),
                axis=alt.Axis(
                    orient="top",
                    labelExpr=summaries,
                    labelAngle=0,
                    labelOverlap=across < _LABELLED,
                    ticks=False,
                    domain=False,
                    grid=False,
                    labelPadding=2,
                ),
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
    size = {"width": picture_size(across), "height": picture_size(down)}
    pictures = base.mark_image(**size, smooth=False, cursor="pointer", aspect=False).encode(url="url:N")
    chosen = alt.condition(pick, alt.value(3), alt.value(0))
    frames = base.mark_rect(fillOpacity=0, stroke=palette.frame(dark), cursor="pointer", width=across - 1, height=down - 1)
    frames = frames.encode(strokeWidth=chosen).add_params(pick)
    return (
        alt.layer(pictures, frames)
        .add_params(*data.texts(largest_from=[], largest_to=[]).values())
        .properties(width=across * len(heads), height=down * n_layers, autosize=data.PAD, usermeta=data.render(0))
        .configure_view(stroke=None)
        .configure_scale(bandPaddingInner=0, bandPaddingOuter=0)
    )


def _order(head: str) -> int:
    return {MEAN: 10_000, MAXIMUM: 10_001}.get(head, int(head) if head.isdigit() else 0)
