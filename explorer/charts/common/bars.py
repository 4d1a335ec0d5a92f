"""One row of a head as bars, and one score taken apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

_LEVEL = 6
"""Names that stand level below their bars; more of them are slanted."""
_APART = 15
"""Pixels from one slanted name to the next: at 55 degrees that is 12 between two lines of writing, the height of a letter."""


def row_bars(
    weights: np.ndarray,
    labels: Sequence[str],
    *,
    visible: np.ndarray | None = None,
    width: int = 520,
    height: int = 110,
    dark: bool = False,
) -> Picture:
    """The weights of one query token as bars, in the order of the text.

    Args:
        weights: (columns,); labels: the tokens attended to; visible: bool, masked tokens get no bar.
        width, height: room for the bars, in pixels.
    """
    shown = np.ones(len(weights), bool) if visible is None else visible
    table = pd.DataFrame({"c": np.flatnonzero(shown), "w": weights[shown]})
    aloud = _("The weights of one token.")
    if shown.any():
        top = int(np.where(shown, weights, -np.inf).argmax())
        aloud += " " + _("Largest weight: {weight}, to {key}.").format(weight=f"{weights[top]:.2f}", key=labels[top])
    return Picture(_row_description(len(weights), width, height, dark), {"bars": table}, {"column_tokens": list(labels)}, aloud)


@described
def _row_description(n: int, width: int, height: int, dark: bool) -> alt.Chart:
    return (
        alt.Chart(alt.NamedData("bars"))
        .transform_calculate(to="column_tokens[datum.c]")
        .mark_bar(color=palette.colours(dark)[4 if not dark else 3])
        .encode(
            x=alt.X(
                "c:O",
                scale=alt.Scale(domain=list(range(n))),
                title=None,
                axis=alt.Axis(
                    labelExpr="column_tokens[datum.value]",
                    # Vega takes slanted names for as wide as the boxes around them, and would leave out most that have room.
                    values=list(range(0, n, max(1, math.ceil(_APART * n / width)))) if n > _LEVEL else alt.Undefined,
                    labelAngle=-55 if n > _LEVEL else 0,
                    labelLimit=90,
                    labelOverlap=False,
                    ticks=False,
                ),
            ),
            y=alt.Y("w:Q", title=_("weight"), scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=3)),
            tooltip=[alt.Tooltip("to:N", title=_("to")), alt.Tooltip("w:Q", title=_("weight"), format=".4f")],
        )
        .add_params(*data.texts(column_tokens=[]).values())
        .properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(n))
    )


def neuron_bars(query: np.ndarray, key: np.ndarray, product: np.ndarray, *, width: int = 520, height: int = 80, dark: bool = False) -> Picture:
    """Query, key and their element-wise product, one bar per dimension; all (head dim,), the product sums to q k^T."""
    rows = zip(("q", "k", "product"), (query, key, product), strict=True)
    tables = {name: pd.DataFrame({"d": np.arange(len(values)), "v": values}) for name, values in rows}
    aloud = _("Query, key and their product, a bar for each dimension. The products add up to {sum}.").format(sum=f"{float(product.sum()):.2f}")
    return Picture(_neuron_description(len(query), width, height, dark), tables, aloud=aloud)


@described
def _neuron_description(n: int, width: int, height: int, dark: bool) -> alt.VConcatChart:
    up, down = palette.colours(dark)[4], palette.frame(dark)

    def panel(name: str, title: str, last: bool) -> alt.Chart:
        axis = alt.Axis(labelOverlap=True, labelAngle=0, ticks=False) if last else None
        return (
            alt.Chart(alt.NamedData(name))
            .mark_bar()
            .encode(
                x=alt.X("d:O", title=_("dimension") if last else None, axis=axis),
                y=alt.Y("v:Q", title=title, axis=alt.Axis(tickCount=3)),
                color=alt.condition("datum.v >= 0", alt.value(up), alt.value(down)),
                tooltip=[
                    alt.Tooltip("d:Q", title=_("dimension")),
                    alt.Tooltip("v:Q", title=title, format=".4f"),
                ],
            )
            .properties(width=width, height=height)
        )

    panels = [panel("q", "q", False), panel("k", "k", False), panel("product", "q · k", True)]
    return alt.vconcat(*panels, spacing=10).properties(usermeta=data.render(3 * n))
