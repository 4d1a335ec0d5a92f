"""The scores of a model's heads before and after scaling, and what a head passes on when its weights are uniform."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, matrix, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

_BINS = 60
MAPPED = 32
"""Tokens that `outputs` has room for."""


def spread(before: np.ndarray, after: np.ndarray, chosen: tuple[int, int], *, width: int = 262, height: int = 105, dark: bool = False) -> Picture:
    """Where most scores of every head lie: two pictures, one bar per head. A click comes back as selection "head" with layer and head.

    Args:
        before, after: 5 %, 25 %, 50 %, 75 % and 95 % quantiles of each head's scores, (layers, heads, 5); nan where there is no head.
        chosen: layer and head that are marked at first.
        width, height: of one picture, in pixels.
    """
    tables = {"before": _bars(before), "after": _bars(after)}
    value = [{"layer": int(chosen[0]), "head": int(chosen[1])}]
    return Picture(_spread_description(*before.shape[:2], width, height, dark), tables, {"head": value})


def _bars(quantiles: np.ndarray) -> pd.DataFrame:
    layers, heads = quantiles.shape[:2]
    layer, head = (i.ravel() for i in np.indices((layers, heads)))
    there = ~np.isnan(quantiles[..., 0]).ravel()
    named = {f"q{i}": quantiles[..., i].ravel()[there] for i in range(5)}
    return pd.DataFrame({"n": np.arange(layers * heads)[there], "layer": layer[there], "head": head[there], **named})


@described
def _spread_description(layers: int, heads: int, width: int, height: int, dark: bool) -> Description:
    titles = [(_("q·k of every head"), _("Which heads stand out?")), (_("scale · q·k"), _("How far do the bars shrink?"))]
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    panels = [
        _ranges(table, layers, heads, pick, last, dark).properties(width=width, height=height, title=titled(*caption, dark))
        for table, caption, last in zip(("before", "after"), titles, (False, True), strict=True)
    ]
    made = finished(alt.vconcat(*panels, spacing=8), layers * heads).to_dict()
    # One selection for both pictures: a click in one marks the bar in the other, too. Altair counts names up.
    named = [layer["name"] for panel in made["vconcat"] for layer in panel["layer"] if "name" in layer]
    return {**made, "params": [{**pick.param.to_dict(), "views": named}]}


def _ranges(table: str, layers: int, heads: int, pick: alt.Parameter, last: bool, dark: bool) -> alt.LayerChart:
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
    colour = alt.condition(pick, alt.value(palette.frame(dark)), alt.value(palette.lines(dark)[0]))
    base = alt.Chart(alt.NamedData(table)).encode(x=x, color=colour, tooltip=tips)
    thin = (
        base.properties(name=table)
        .mark_rule(strokeWidth=1, cursor="pointer")
        .encode(y=alt.Y("q0:Q", title=_("score"), scale=y_scale, axis=y_axis), y2="q4:Q")
    )
    middle = base.mark_rule(strokeWidth=2.5, cursor="pointer").encode(y=alt.Y("q1:Q", scale=y_scale, title=_("score")), y2="q3:Q")
    return alt.layer(thin, middle)


def histograms(before: np.ndarray, after: np.ndarray, *, width: int = 225, height: int = 105, dark: bool = False) -> Picture:
    """The scores of one head, before and after scaling, on one axis."""
    end = float(np.abs(np.concatenate([before, after])).max()) or 1.0
    edges = np.linspace(-end, end, _BINS + 1)
    tables = {
        name: pd.DataFrame({"left": edges[:-1], "right": edges[1:], "share": np.histogram(scores, edges)[0] / max(1, len(scores))})
        for name, scores in (("before", before), ("after", after))
    }
    spreads = [_("variance {value:.4g}").format(value=scores.var()) for scores in (before, after)]
    return Picture(_histograms_description(width, height, dark), tables, {"end": end, "variances": spreads})


@described
def _histograms_description(width: int, height: int, dark: bool) -> alt.VConcatChart:
    def panel(i: int, title: str, last: bool) -> alt.LayerChart:
        scale = alt.Scale(domainMin=alt.ExprRef("-end"), domainMax=alt.ExprRef("end"), nice=False)
        x = alt.X("left:Q", title=_("score") if last else None, scale=scale, axis=alt.Axis(tickCount=5, grid=False))
        y = alt.Y("share:Q", title=_("share"), axis=alt.Axis(tickCount=2, format="%", minExtent=34, maxExtent=34), stack=None)
        tips = [
            alt.Tooltip("left:Q", title=_("from"), format=".3f"),
            alt.Tooltip("right:Q", title=_("to"), format=".3f"),
            alt.Tooltip("share:Q", title=_("share"), format=".1%"),
        ]
        bars = alt.Chart(alt.NamedData(("before", "after")[i])).mark_rect(color=palette.frame(dark), opacity=0.8)
        bars = bars.encode(x=x, x2="right:Q", y=y, y2=alt.datum(0), tooltip=tips)
        # Above the plot, where a subtitle stands; that would be a part of the structure.
        spread = alt.Chart(data.columns(i=[i], inline=True)).transform_calculate(variance="variances[datum.i]")
        spread = spread.mark_text(align="right", baseline="bottom", color=palette.page(dark)[1], fontSize=12)
        spread = spread.encode(x=alt.value(width), y=alt.value(-6), text="variance:N")
        return alt.layer(bars, spread).properties(width=width, height=height, title=titled(title, "", dark))

    panels = [panel(0, _("q·k of this head"), False), panel(1, _("scaled"), True)]
    params = [alt.param(name="end", value=1.0), *data.texts(variances=["", ""]).values()]
    return finished(alt.vconcat(*panels, spacing=8).add_params(*params))


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
) -> Picture:
    """Three pictures, a row per token and a column per dimension: the values that come in, the uniform output, the learned one.

    Args:
        values: (key, value dim); uniform, learned: (query, value dim); of each the first `MAPPED` rows are drawn.
        keys, queries: labels of the rows; they may repeat.
        width, height: of one picture, in pixels.
    """
    shown = {"values": values[:MAPPED], "uniform": uniform[:MAPPED], "learned": learned[:MAPPED]}
    tables = {}
    for name, part in shown.items():
        row, column = (i.ravel() for i in np.indices(part.shape))
        tables[name] = pd.DataFrame({"row": row, "column": column, "value": part.ravel().round(5)})
    top = max(matrix.largest(part) for part in shown.values()) or 1.0
    given = {"top": top, "key_labels": list(keys[:MAPPED]), "query_labels": list(queries[:MAPPED])}
    made = _outputs_description(len(shown["values"]), len(shown["learned"]), values.shape[1], list(keys) != list(queries), width, height, dark)
    return Picture(made, tables, given)


@described
def _outputs_description(n_keys: int, n_queries: int, dimensions: int, several: bool, width: int, height: int, dark: bool) -> alt.HConcatChart:
    top = alt.ExprRef("top")
    colour = alt.Color(
        "value:Q",
        title=None,
        scale=alt.Scale(domainMin=alt.ExprRef("-top"), domainMid=0, domainMax=top, range=palette.diverging(dark), interpolate="rgb"),
        legend=alt.Legend(gradientLength=height - 20, gradientThickness=8, tickCount=4),
    )

    def panel(table: str, title: str, look: str, names: str, labelled: bool) -> alt.Chart:
        axis = alt.Axis(labelExpr=f"{names}[datum.value]", labelLimit=70, ticks=False, domain=False, labelOverlap=True) if labelled else None
        rows = list(range(n_keys if names == "key_labels" else n_queries))
        return (
            alt.Chart(alt.NamedData(table))
            .transform_calculate(token=f"{names}[datum.row]")
            .mark_rect()
            .encode(
                x=alt.X("column:O", title=_("dimension"), axis=alt.Axis(labelOverlap=True, labelAngle=0, ticks=False, labelSeparation=12)),
                y=alt.Y("row:O", title=None, axis=axis, scale=alt.Scale(domain=rows)),
                color=colour,
                tooltip=[
                    alt.Tooltip("token:N", title=_("token")),
                    alt.Tooltip("column:Q", title=_("dimension")),
                    alt.Tooltip("value:Q", title=_("value"), format=".4f"),
                ],
            )
            .properties(width=width, height=height, title=titled(title, look, dark))
        )

    panels = [
        panel("values", _("In: the values"), _("one row per token"), "key_labels", True),
        panel("uniform", _("Out, uniform weights"), _("their mean, everywhere"), "query_labels", several),
        panel("learned", _("Out, learned weights"), _("each its own mixture"), "query_labels", False),
    ]
    params = [alt.param(name="top", value=1.0), *data.texts(key_labels=[], query_labels=[]).values()]
    return finished(alt.hconcat(*panels, spacing=10).add_params(*params), (n_keys + 2 * n_queries) * dimensions)
