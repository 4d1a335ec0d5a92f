"""ALiBi (Press et al. 2021): each head takes slope x distance from its scores, with a slope of its own; in the browser."""

from __future__ import annotations

import altair as alt

from explorer.charts.common import palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

PLACES, HEADS, NEAR = 24, 32, 64
"""Positions of the map, most heads, and distances of the curve."""
FAINT = 100
"""A key is in the effective window while its weight, at equal scores, is at least this part of the largest."""
WIDE, ROOM, HALL = 330, (130, 250, 110), (92, 162, 70)
"""Pixels: width of a picture; heights of the bars, of the map and of the curve, at a desk and on the stage."""


def picture(*, dark: bool = False, hall: bool = False) -> Picture:
    """The pictures and their inputs: heads, head, causal; `hall`: drawn for a stage."""
    return Picture(_description(dark, HALL if hall else ROOM))


@described
def _description(dark: bool, room: tuple[int, int, int]) -> Description:
    bars, side, curve = room
    inputs = [
        sliders.linear("heads", _("heads"), 1, HEADS, 8, 1),
        sliders.linear("asked", _("head, from 1"), 1, HEADS, 3, 1),
        sliders.switch("causal", _("causal"), True),
        sliders.derived("head", "min(asked, heads)"),
        sliders.derived("slope", "pow(2, -8 * head / heads)"),
    ]
    top = alt.hconcat(_slopes(dark, bars), _windows(dark, bars), spacing=26)
    bottom = alt.hconcat(_map(dark, side), alt.vconcat(_weights(dark, curve), _said(dark), spacing=8), spacing=26).resolve_scale(
        color="independent"
    )
    return sliders.with_inputs(finished(alt.vconcat(top, bottom, spacing=10).resolve_scale(color="independent")), inputs)


def _numbers(n: int, name: str = "n", start: int = 0) -> alt.Chart:
    return alt.Chart(alt.sequence(start, start + n, 1, as_=name))


def _per_head(
    field: str, title: str, domain: list[float], values: list[float], form: str, caption: alt.TitleParams, dark: bool, height: int
) -> alt.Chart:
    made = (
        _numbers(HEADS, "i", 1)
        .transform_filter("datum.i <= heads")
        .transform_calculate(slope="pow(2, -8 * datum.i / heads)")
        .transform_calculate(window=f"log({FAINT}) / datum.slope", left="datum.i - 0.5", right="datum.i + 0.38")
    )
    x = alt.X("left:Q", title=_("head, from 1"), scale=alt.Scale(domain=alt.ExprRef("[0.5, heads + 0.5]"), nice=False))
    x.axis = alt.Axis(tickCount=8, grid=False, format="d", tickMinStep=1)
    scale = alt.Scale(type="log", domain=domain, nice=False)
    y = alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(values=values, format=form))
    colour = alt.condition("datum.i === head", alt.value(palette.frame(dark)), alt.value(palette.lines(dark)[0]))
    tips = [
        alt.Tooltip("i:Q", title=_("head")),
        alt.Tooltip("slope:Q", title=_("slope"), format=".6f"),
        alt.Tooltip("window:Q", title=_("effective window"), format=",.1f"),
    ]
    bars = made.mark_rect(aria=False).encode(x=x, x2="right:Q", y=y, y2=alt.datum(domain[0]), color=colour, tooltip=tips)
    return bars.properties(width=WIDE, height=height, title=caption)


def _slopes(dark: bool, height: int) -> alt.Chart:
    caption = titled(_("Slopes 2^(−8i / h)"), _("A geometric sequence, whatever the number of heads."), dark)
    return _per_head("slope", _("slope"), [0.003, 1], [0.004, 0.016, 0.0625, 0.25, 1], "~g", caption, dark, height)


def _windows(dark: bool, height: int) -> alt.Chart:
    caption = titled(_("Effective window of each head"), _("Distance at which a key of equal score has 1 % of the nearest one's weight."), dark)
    return _per_head("window", _("tokens"), [4, 1_500], [10, 100, 1_000], "~s", caption, dark, height)


def _map(dark: bool, side: int) -> alt.Chart:
    cells = (
        _numbers(PLACES * PLACES)
        .transform_calculate(row=f"floor(datum.n / {PLACES})", column=f"datum.n % {PLACES}")
        .transform_filter("!causal || datum.column <= datum.row")
        .transform_calculate(bias="-slope * abs(datum.row - datum.column)", right="datum.column + 1", below="datum.row + 1")
    )
    axis = alt.Axis(tickCount=5, grid=False)
    shades = palette.colours(dark)[::-1]
    colour = alt.Color(
        "bias:Q",
        title=None,
        scale=alt.Scale(domain=[-6, 0], range=shades, interpolate="rgb", clamp=True),
        legend=alt.Legend(orient="right", gradientLength=150, gradientThickness=8, values=[-6, -4, -2, 0]),
    )
    tips = [alt.Tooltip("row:Q", title=_("query")), alt.Tooltip("column:Q", title=_("key")), alt.Tooltip("bias:Q", title=_("bias"), format=".6f")]
    rects = cells.mark_rect(aria=False).encode(
        x=alt.X("column:Q", title=_("key"), scale=alt.Scale(domain=[0, PLACES], nice=False), axis=axis),
        x2="right:Q",
        y=alt.Y("row:Q", title=_("query"), scale=alt.Scale(domain=[0, PLACES], nice=False, reverse=True), axis=axis),
        y2="below:Q",
        color=colour,
        tooltip=tips,
    )
    caption = titled(_("Bias of the chosen head"), _("Added to its scores; −6 and less have one colour."), dark)
    return rects.properties(width=side, height=side, title=caption)


def _weights(dark: bool, height: int) -> alt.LayerChart:
    curve = (
        _numbers(NEAR, "distance")
        .transform_calculate(e="exp(-slope * datum.distance)")
        .transform_joinaggregate(total="sum(e)")
        .transform_calculate(weight="datum.e / datum.total")
    )
    x = alt.X("distance:Q", title=_("distance"), scale=alt.Scale(domain=[0, NEAR - 1], nice=False), axis=alt.Axis(tickCount=7, grid=False))
    y = alt.Y("weight:Q", title=_("weight"), scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=3))
    line = curve.mark_area(color=palette.lines(dark)[0], opacity=0.5, line={"strokeWidth": 2}, aria=False).encode(x=x, y=y)
    edge = _numbers(1).transform_calculate(distance=f"min(log({FAINT}) / slope, {NEAR - 1})")
    rule = edge.mark_rule(color=palette.frame(dark), strokeDash=[4, 3], strokeWidth=2, aria=False).encode(x=x)
    caption = titled(_("Weights of a causal row, all scores equal"), _("{n} keys. Dashed: where the window ends.").format(n=NEAR), dark)
    return alt.layer(line, rule).properties(width=WIDE, height=height, title=caption)


def _said(dark: bool) -> alt.LayerChart:
    lines = [
        (_("head"), "head", "d"),
        (_("slope"), "slope", ".6f"),
        (_("effective window, tokens"), f"log({FAINT}) / slope", ",.1f"),
        (_("slope of the first head"), "pow(2, -8 / heads)", ".6f"),
        (_("slope of the last head"), "pow(2, -8)", ".6f"),
    ]
    return sliders.readouts(_numbers(1), lines, width=WIDE, dark=dark)
