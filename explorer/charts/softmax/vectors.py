"""Why scores are divided by the square root of d_k: scores, weights and Jacobian of random vectors, all computed in the browser."""

from __future__ import annotations

import math

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

MAPPED = 24
"""Keys that the Jacobian's map has room for: those with the largest weights."""
_BINS = 60
_SPAN = 30
"""The scores' axis ends there on both sides, unless it follows them."""
WIDTH, HEIGHT, SIDE = 320, 150, 200
"""Pixels of the pictures; the map is a square."""
_HALL = (258, 122, 246)
"""The same on a stage, where three columns fill a window that is wide and not high."""


def picture(widths: tuple[int, ...], pairs: np.ndarray, row: np.ndarray, *, dark: bool = False, hall: bool = False) -> Picture:
    """The pictures and their inputs: d_k, keys, divisor, free divisor, temperature, axis.

    Args:
        widths: values of d_k.
        pairs: scores in the histogram, (pairs, widths).
        row: scores of one query, (keys, widths): as many keys as it has at most.
        hall: drawn for a stage.
    """
    tables = {"pairs": _table(pairs), "row": _table(row)}
    return Picture(_description(widths, len(pairs), len(row), dark, hall), tables)


@described
def _description(widths: tuple[int, ...], pairs: int, keys: int, dark: bool, hall: bool) -> Description:
    divisors = {"none": _("none"), "root": "√d_k", "d_k": "d_k", "free": _("free")}
    divisor = "divisor_kind === 'none' ? 1 : divisor_kind === 'root' ? sqrt(d_k) : divisor_kind === 'd_k' ? d_k : free_divisor"
    inputs = [
        *sliders.steps("d_k", "d_k", widths, 64),
        sliders.linear("keys", _("keys"), 2, keys, min(64, keys), 1),
        sliders.choice("divisor_kind", _("scores are divided by"), divisors, "none", radio=True),
        *sliders.log("free_divisor", _("free divisor"), 0.1, 100, 1),
        *sliders.log("temperature", _("temperature"), 0.1, 10, 1),
        sliders.switch("follow", _("axis follows the scores")),
        # What the scores are divided by in all, the standard deviation that they then have in theory, and half of the axis.
        sliders.derived("divided", f"({divisor}) * temperature"),
        sliders.derived("sigma", "sqrt(d_k) / divided"),
        sliders.derived("span", f"follow ? 4 * sigma : {_SPAN}"),
    ]
    scores, weights = _scores("pairs"), _weights()
    width, height, side = _HALL if hall else (WIDTH, HEIGHT, SIDE)
    room = 232 if hall else WIDTH
    numbers = alt.vconcat(_said_of_scores(scores, dark, room), _said_of_weights(weights, dark, room), spacing=4)
    if hall:
        left = alt.vconcat(_histogram(scores, pairs, dark, width, height, True), _bars(weights, dark, width, height, True), spacing=6)
        chart = alt.hconcat(left, _jacobian(weights, dark, side, True), numbers, spacing=18).resolve_scale(color="independent")
        return sliders.with_inputs(finished(chart), inputs)
    top = alt.hconcat(_histogram(scores, pairs, dark, width, height), _bars(weights, dark, width, height), spacing=18)
    bottom = alt.hconcat(_jacobian(weights, dark, side), numbers, spacing=24).resolve_scale(color="independent")
    chart = alt.vconcat(top, bottom, spacing=10).resolve_scale(color="independent")
    return sliders.with_inputs(finished(chart), inputs)


def _table(scores: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"i": np.arange(len(scores)), **{f"s{step}": scores[:, step] for step in range(scores.shape[1])}})


def _scores(table: str) -> alt.Chart:
    """z, what the softmax gets: the score of the chosen width, divided."""
    return alt.Chart(alt.NamedData(table)).transform_calculate(z=f"datum['s' + d_k{sliders.STEP}] / divided")


def _weights() -> alt.Chart:
    """z, the weight p and the rank by weight (from 1) of each key that takes part."""
    return (
        _scores("row")
        .transform_filter("datum.i < keys")
        .transform_joinaggregate(top="max(z)")
        .transform_calculate(e="exp(datum.z - datum.top)")
        .transform_joinaggregate(total="sum(e)")
        .transform_calculate(p="datum.e / datum.total")
        .transform_window(rank="row_number()", sort=[alt.SortField("p", order="descending"), alt.SortField("i")])
    )


def _histogram(scores: alt.Chart, n: int, dark: bool, width: int, height: int, hall: bool = False) -> alt.LayerChart:
    x_scale = alt.Scale(domain=alt.ExprRef("[-span, span]"), nice=False)
    x_title, y_title = _("score that the softmax gets"), _("density")
    binned = (
        scores.transform_calculate(bin=f"floor((datum.z + span) / span * {_BINS / 2})")
        .transform_filter(f"datum.bin >= 0 && datum.bin < {_BINS}")
        .transform_aggregate(count="count()", groupby=["bin"])
        .transform_calculate(
            left=f"(datum.bin * {2 / _BINS} - 1) * span",
            right=f"((datum.bin + 1) * {2 / _BINS} - 1) * span",
            density=f"datum.count / {n} / (span * {2 / _BINS})",
        )
    )
    bars = binned.mark_rect(color=palette.lines(dark)[0], opacity=0.65, aria=False).encode(
        x=alt.X("left:Q", title=x_title, scale=x_scale, axis=alt.Axis(tickCount=6, grid=False)),
        x2="right:Q",
        y=alt.Y("density:Q", title=y_title, axis=alt.Axis(tickCount=3, format="~g"), stack=None),
        y2=alt.datum(0),
        tooltip=[alt.Tooltip("left:Q", title=_("from"), format=".3f"), alt.Tooltip("count:Q", title=_("scores"))],
    )
    normal = (
        alt.Chart(alt.sequence(-4, 4.01, 0.1, as_="t"))
        .transform_calculate(x="datum.t * sigma", density=f"exp(-datum.t * datum.t / 2) / sigma / {math.sqrt(2 * math.pi)}")
        .transform_filter("abs(datum.x) <= span")
        .mark_line(color=palette.lines(dark)[1], strokeWidth=2, aria=False)
        .encode(x=alt.X("x:Q", title=x_title, scale=x_scale), y=alt.Y("density:Q", title=y_title))
    )
    caption = titled(_("Scores q·k and their normal"), _("Drag d_k: undivided, they spread with √d_k."), dark, width if hall else None)
    return alt.layer(bars, normal).properties(width=width, height=height, title=caption)


def _bars(weights: alt.Chart, dark: bool, width: int, height: int, hall: bool = False) -> alt.LayerChart:
    scale = alt.Scale(domain=alt.ExprRef("[0, keys]"), nice=False)
    x = alt.X("left:Q", title=_("keys, the largest weight first"), scale=scale, axis=alt.Axis(tickCount=5, grid=False))
    y = alt.Y("p:Q", title=_("weight"), scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=3))
    tips = [
        alt.Tooltip("i:Q", title=_("key")),
        alt.Tooltip("z:Q", title=_("score"), format=".4f"),
        alt.Tooltip("p:Q", title=_("weight"), format=".6f"),
    ]
    bars = weights.transform_calculate(left="datum.rank - 1", right="datum.rank - 0.12").mark_rect(color=palette.lines(dark)[0], aria=False)
    even = alt.Chart(alt.sequence(0, 1, 1, as_="i")).transform_calculate(even="1 / keys")
    rule = even.mark_rule(color=palette.lines(dark)[1], strokeWidth=1.5, strokeDash=[4, 3]).encode(y="even:Q")
    look = _("The wider the scores, the more one key takes. Dashed: 1/n.")
    caption = titled(_("Weights of one query"), look, dark, width if hall else None)
    return alt.layer(bars.encode(x=x, x2="right:Q", y=y, y2=alt.datum(0), tooltip=tips), rule).properties(
        width=width, height=height, title=caption
    )


def _jacobian(weights: alt.Chart, dark: bool, size: int, hall: bool = False) -> alt.Chart:
    # Every key beside every other: all rows are gathered in each of them, and unfolded again.
    cells = (
        weights.transform_filter(f"datum.rank <= {MAPPED}")
        .transform_joinaggregate(others="values(*)")
        .transform_flatten(["others"], as_=["other"])
        .transform_calculate(column="datum.other.rank", slope="(datum.rank === datum.column ? datum.p : 0) - datum.p * datum.other.p")
    )
    ends = alt.ExprRef(f"[0.5, min(keys, {MAPPED}) + 0.5]")
    side, axis = alt.ExprRef(f"{size} / min(keys, {MAPPED})"), alt.Axis(tickCount=4, grid=False)
    colour = alt.Color(
        "slope:Q",
        title=None,
        scale=alt.Scale(type="sqrt", domain=[-0.25, 0, 0.25], range=palette.diverging(dark), interpolate="rgb", clamp=True),
        legend=alt.Legend(gradientLength=180, gradientThickness=9, values=[-0.25, -0.1, -0.02, 0, 0.02, 0.1, 0.25], format=".2f", orient="right"),
    )
    look = _("All to one key: no gradient. The {n} largest weights.").format(n=MAPPED)
    caption = titled(_("Jacobian diag(p) − p pᵀ"), look, dark, size if hall else None)
    return (
        # A description of each cell, as other marks have it, would take most of the time.
        cells.mark_rect(width=side, height=side, aria=False)
        .encode(
            x=alt.X("column:Q", title=_("score of"), scale=alt.Scale(domain=ends, nice=False), axis=axis),
            y=alt.Y("rank:Q", title=_("weight of"), scale=alt.Scale(domain=ends, nice=False, reverse=True), axis=axis),
            color=colour,
            tooltip=alt.Tooltip("slope:Q", title=_("derivative"), format=".6f"),
        )
        .properties(width=size, height=size, title=caption)
    )


def _said_of_scores(scores: alt.Chart, dark: bool, width: int) -> alt.LayerChart:
    one = scores.transform_calculate(out="abs(datum.z) > span ? 1 : 0").transform_aggregate(variance="variance(z)", outside="mean(out)")
    lines = [
        ("d_k", "d_k", "d"),
        (_("divisor"), "divided", ".4~f"),
        (_("variance of the scores"), "datum.variance", ".4~g"),
        (_("in theory, d_k / divisor²"), "sigma * sigma", ".4~g"),
        (_("scores outside of the picture"), "datum.outside", ".1%"),
    ]
    return sliders.readouts(one, lines, width=width, dark=dark)


def _said_of_weights(weights: alt.Chart, dark: bool, width: int) -> alt.LayerChart:
    one = weights.transform_calculate(
        surprise="datum.p > 0 ? -datum.p * log(datum.p) : 0", square="datum.p * datum.p", cube="datum.p * datum.p * datum.p"
    ).transform_aggregate(largest="max(p)", entropy="sum(surprise)", squares="sum(square)", cubes="sum(cube)")
    # Both of the whole Jacobian, all keys: its entries need not be made for that.
    lines = [
        (_("largest weight"), "datum.largest", ".4f"),
        (_("entropy, nats"), "datum.entropy", ".4f"),
        (_("log n, its maximum"), "log(keys)", ".4f"),
        (_("trace of the Jacobian"), "1 - datum.squares", ".4f"),
        (_("norm of the Jacobian"), "sqrt(max(0, datum.squares - 2 * datum.cubes + datum.squares * datum.squares))", ".4f"),
    ]
    return sliders.readouts(one, lines, width=width, dark=dark)
