"""The scores of a model's heads before and after scaling, and what a head passes on when its weights are uniform."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.i18n import _

_BINS = 60
MAPPED = 32
"""Tokens that `outputs` has room for."""


def spread(
    before: np.ndarray, after: np.ndarray, chosen: tuple[int, int], *, width: int = 262, height: int = 105, dark: bool = False
) -> alt.VConcatChart:
    """Where most scores of every head lie: two pictures, one bar per head.

    Args:
        before, after: 5 %, 25 %, 50 %, 75 % and 95 % quantiles of each head's scores, (layers, heads, 5); nan where there is no head.
        chosen: layer and head that are marked.
        width, height: of one picture, in pixels.
    """
    titles = [(_("q·k of every head"), _("Which heads stand out?")), (_("scale · q·k"), _("How far do the bars shrink?"))]
    panels = [
        _ranges(quantiles, chosen, last, dark).properties(width=width, height=height, title=titled(*caption, dark))
        for quantiles, caption, last in zip((before, after), titles, (False, True), strict=True)
    ]
    return finished(alt.vconcat(*panels, spacing=8), before.size)


def _ranges(quantiles: np.ndarray, chosen: tuple[int, int], last: bool, dark: bool) -> alt.LayerChart:
    layers, heads = quantiles.shape[:2]
    layer, head = (i.ravel() for i in np.indices((layers, heads)))
    there = ~np.isnan(quantiles[..., 0]).ravel()
    named = {f"q{i}": quantiles[..., i].ravel()[there] for i in range(5)}
    mine = (layer == chosen[0]) & (head == chosen[1])
    table = data.columns(n=np.arange(layers * heads)[there], layer=layer[there], head=head[there], mine=mine[there].astype(int), **named)
    starts = [heads * i for i in range(layers)]
    x = alt.X(
        "n:Q",
        title=_("layer, its heads in a row") if last else None,
        scale=alt.Scale(domain=[-0.5, layers * heads - 0.5], nice=False),
        axis=alt.Axis(values=starts, labelExpr=f"floor(datum.value / {heads})", labels=last, grid=True, labelAlign="left"),
    )
    # Heads lie orders of magnitude apart: logarithmic beyond 1, linear within.
    y_scale = alt.Scale(type="symlog", constant=1, nice=True)
    y_axis = alt.Axis(values=[-1000, -100, -10, 0, 10, 100, 1000], minExtent=34, maxExtent=34)
    tips = [alt.Tooltip("layer:Q", title=_("layer")), alt.Tooltip("head:Q", title=_("head"))]
    tips += [alt.Tooltip(f"q{i}:Q", title=f"{share:.0%}", format=".4~g") for i, share in enumerate((0.05, 0.25, 0.5, 0.75, 0.95))]
    colour = alt.condition("datum.mine === 1", alt.value(palette.frame(dark)), alt.value(palette.lines(dark)[0]))
    base = alt.Chart(table).encode(x=x, color=colour, tooltip=tips)
    thin = base.mark_rule(strokeWidth=1).encode(y=alt.Y("q0:Q", title=_("score"), scale=y_scale, axis=y_axis), y2="q4:Q")
    middle = base.mark_rule(strokeWidth=2.5).encode(y=alt.Y("q1:Q", scale=y_scale, title=_("score")), y2="q3:Q")
    return alt.layer(thin, middle)


def histograms(before: np.ndarray, after: np.ndarray, *, width: int = 225, height: int = 105, dark: bool = False) -> alt.VConcatChart:
    """The scores of one head, before and after scaling, on one axis."""
    end = float(np.abs(np.concatenate([before, after])).max()) or 1.0
    edges = np.linspace(-end, end, _BINS + 1)

    def panel(scores: np.ndarray, title: str, last: bool) -> alt.Chart:
        counts = np.histogram(scores, edges)[0]
        table = data.columns(left=edges[:-1], right=edges[1:], share=counts / max(1, len(scores)))
        x = alt.X(
            "left:Q", title=_("score") if last else None, scale=alt.Scale(domain=[-end, end], nice=False), axis=alt.Axis(tickCount=5, grid=False)
        )
        y = alt.Y("share:Q", title=_("share"), axis=alt.Axis(tickCount=2, format="%", minExtent=34, maxExtent=34), stack=None)
        tips = [
            alt.Tooltip("left:Q", title=_("from"), format=".3f"),
            alt.Tooltip("right:Q", title=_("to"), format=".3f"),
            alt.Tooltip("share:Q", title=_("share"), format=".1%"),
        ]
        bars = alt.Chart(table).mark_rect(color=palette.frame(dark), opacity=0.8)
        bars = bars.encode(x=x, x2="right:Q", y=y, y2=alt.datum(0), tooltip=tips)
        caption = titled(title, _("variance {value:.4g}").format(value=scores.var()), dark)
        return bars.properties(width=width, height=height, title=caption)

    panels = [panel(before, _("q·k of this head"), False), panel(after, _("scaled"), True)]
    return finished(alt.vconcat(*panels, spacing=8))


def outputs(
    values: np.ndarray,
    uniform: np.ndarray,
    learned: np.ndarray,
    keys: Sequence[str],
    queries: Sequence[str],
    *,
    width: int = 150,
    height: int = 240,
    dark: bool = False,
) -> alt.HConcatChart:
    """Three pictures, a row per token and a column per dimension: the values that come in, the uniform output, the learned one.

    Args:
        values: (key, value dim); uniform, learned: (query, value dim); of each the first `MAPPED` rows are drawn.
        keys, queries: labels of the rows; they may repeat.
        width, height: of one picture, in pixels.
    """
    top = float(max(np.abs(part[:MAPPED]).max() for part in (values, uniform, learned))) or 1.0
    colour = alt.Color(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[-top, 0, top], range=palette.diverging(dark), interpolate="rgb"),
        legend=alt.Legend(gradientLength=height - 20, gradientThickness=8, tickCount=4),
    )

    def panel(part: np.ndarray, title: str, look: str, labels: str | None) -> alt.Chart:
        part = part[:MAPPED]
        row, column = (i.ravel() for i in np.indices(part.shape))
        table = data.columns(row=row, column=column, value=part.ravel().round(5))
        rows = {"key_labels": list(keys[:MAPPED]), "query_labels": list(queries[:MAPPED])}
        name = labels or "query_labels"
        axis = alt.Axis(labelExpr=f"{name}[datum.value]", labelLimit=70, ticks=False, domain=False, labelOverlap=True) if labels else None
        return (
            alt.Chart(table)
            .transform_calculate(token=f"{name}[datum.row]")
            .mark_rect()
            .encode(
                x=alt.X("column:O", title=_("dimension"), axis=alt.Axis(labelOverlap=True, labelAngle=0, ticks=False, labelSeparation=12)),
                y=alt.Y("row:O", title=None, axis=axis, scale=alt.Scale(domain=list(range(len(rows[name]))))),
                color=colour,
                tooltip=[
                    alt.Tooltip("token:N", title=_("token")),
                    alt.Tooltip("column:Q", title=_("dimension")),
                    alt.Tooltip("value:Q", title=_("value"), format=".4f"),
                ],
            )
            .properties(width=width, height=height, title=titled(title, look, dark))
        )

    several = list(keys) != list(queries)
    panels = [
        panel(values, _("In: the values"), _("one row per token"), "key_labels"),
        panel(uniform, _("Out, uniform weights"), _("their mean, everywhere"), "query_labels" if several else None),
        panel(learned, _("Out, learned weights"), _("each its own mixture"), None),
    ]
    texts = data.texts(key_labels=list(keys[:MAPPED]), query_labels=list(queries[:MAPPED]))
    return finished(alt.hconcat(*panels, spacing=10).add_params(*texts.values()), 3 * values[:MAPPED].size)
