"""One row of a head as bars, and one score taken apart."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
from explorer.i18n import _


def row_bars(
    weights: np.ndarray,
    labels: Sequence[str],
    *,
    visible: np.ndarray | None = None,
    width: int = 520,
    height: int = 110,
    dark: bool = False,
) -> alt.Chart:
    """The weights of one query token as bars, in the order of the text.

    Args:
        weights: (columns,); labels: the tokens attended to; visible: bool, masked tokens get no bar.
        width, height: room for the bars, in pixels.
    """
    shown = np.ones(len(weights), bool) if visible is None else visible
    n = len(weights)
    table = data.columns(c=np.flatnonzero(shown), w=weights[shown])
    return (
        alt.Chart(table)
        .transform_calculate(to="column_tokens[datum.c]")
        .mark_bar(color=palette.colours(dark)[4 if not dark else 3])
        .encode(
            x=alt.X(
                "c:O",
                scale=alt.Scale(domain=list(range(n))),
                title=None,
                axis=alt.Axis(
                    labelExpr="column_tokens[datum.value]",
                    labelAngle=-55 if n > 6 else 0,
                    labelLimit=90,
                    labelOverlap=n > width // 9,
                    ticks=False,
                ),
            ),
            y=alt.Y("w:Q", title=_("weight"), scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=3)),
            tooltip=[alt.Tooltip("to:N", title=_("to")), alt.Tooltip("w:Q", title=_("weight"), format=".4f")],
        )
        .add_params(*data.texts(column_tokens=list(labels)).values())
        .properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(n))
    )


def neuron_bars(
    query: np.ndarray, key: np.ndarray, product: np.ndarray, *, width: int = 520, height: int = 80, dark: bool = False
) -> alt.VConcatChart:
    """Query, key and their element-wise product, one bar per dimension; all (head dim,), the product sums to q k^T."""
    n = len(query)
    up, down = palette.colours(dark)[4], palette.frame(dark)

    def panel(values: np.ndarray, title: str, last: bool) -> alt.Chart:
        table = data.columns(d=list(range(n)), v=values)
        axis = alt.Axis(labelOverlap=True, labelAngle=0, ticks=False) if last else None
        return (
            alt.Chart(table)
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

    panels = [panel(query, "q", False), panel(key, "k", False), panel(product, "q · k", True)]
    return alt.vconcat(*panels, spacing=6).properties(usermeta=data.render(3 * n))
