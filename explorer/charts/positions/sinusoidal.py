"""Sinusoidal positions (Vaswani et al. 2017, section 3.5), all computed in the browser.

Pair i of the encoding is a clock hand: sin and cos of pos w_i, with w_i = base^(-2i / d_model).
"""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt

from explorer.charts.common import palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

WIDTHS = (4, 8, 16, 32, 64, 128)
POSITIONS, DIMENSIONS, OFFSETS, CLOCKS, BLOCKS = 32, 48, 48, 8, 6
"""Rows and columns of the matrix, offsets of the curve on each side, clocks, and pairs of the rotation's map."""


@dataclass(frozen=True)
class Room:
    """Pixels of the pictures, at a desk or on a stage, whose window is wide and not high.

    Attributes:
        map_width, map_height: of the matrix.
        clocks: width and height of the clocks.
        side: of the rotation, a square.
        wide: of the two curves.
        high: of each of them.
        broken: whether what is said under a title is broken into lines, so that it is no wider than its picture.
    """

    map_width: int = 384
    map_height: int = 240
    clocks: tuple[int, int] = (290, 156)
    side: int = 156
    wide: int = 250
    high: tuple[int, int] = (86, 72)
    broken: bool = False

    def titled(self, text: str, look: str, dark: bool, width: int) -> alt.TitleParams:
        return titled(text, look, dark, width if self.broken else None)


DESK, HALL = Room(), Room(250, 158, (254, 152), 118, 180, (118, 128), True)
_PAIRS = WIDTHS[-1] // 2
_FREQUENCY = "pow(base, -2 * datum.i / d_model)"


def picture(*, dark: bool = False, hall: bool = False) -> Picture:
    """The pictures and their inputs: base, d_model, pos, k; `hall`: drawn for a stage."""
    return Picture(_description(dark, hall))


@described
def _description(dark: bool, hall: bool) -> Description:
    inputs = [
        *sliders.log("base", _("base"), 10, 100_000, 10_000),
        *sliders.steps("d_model", "d_model", WIDTHS, 64),
        sliders.linear("pos", _("position"), 0, POSITIONS - 1, 10, 1),
        sliders.linear("k", _("offset k"), 0, 24, 5, 1),
    ]
    room = HALL if hall else DESK
    curves = alt.vconcat(_similarity(dark, room), _wavelengths(dark, room), spacing=8)
    if hall:
        first = alt.vconcat(_matrix(dark, room), _said(dark), spacing=10)
        last = alt.vconcat(_clocks(dark, room), _rotation(dark, room), spacing=8).resolve_scale(color="independent")
        chart = alt.hconcat(first, curves, last, spacing=16)
    else:
        top = alt.hconcat(_matrix(dark, room), curves, spacing=18)
        bottom = alt.hconcat(_clocks(dark, room), _rotation(dark, room), _said(dark), spacing=22).resolve_scale(color="independent")
        chart = alt.vconcat(top, bottom, spacing=8)
    chart = chart.resolve_scale(color="independent")
    return sliders.with_inputs(finished(chart), inputs)


def _numbers(n: int, name: str = "n") -> alt.Chart:
    return alt.Chart(alt.sequence(0, n, 1, as_=name))


def _grid(rows: int, columns: int, row: str, column: str) -> alt.Chart:
    return _numbers(rows * columns).transform_calculate(**{row: f"floor(datum.n / {columns})", column: f"datum.n % {columns}"})


def _matrix(dark: bool, room: Room) -> alt.LayerChart:
    cells = (
        _grid(POSITIONS, DIMENSIONS, "p", "c")
        .transform_filter("datum.c < d_model")
        .transform_calculate(i="floor(datum.c / 2)")
        .transform_calculate(angle=f"datum.p * {_FREQUENCY}")
        .transform_calculate(value="datum.c % 2 === 0 ? sin(datum.angle) : cos(datum.angle)", right="datum.c + 1", below="datum.p + 1")
    )
    x = alt.X(
        "c:Q",
        title=_("dimension"),
        scale=alt.Scale(domain=alt.ExprRef(f"[0, min(d_model, {DIMENSIONS})]"), nice=False),
        axis=alt.Axis(tickCount=6, grid=False),
    )
    y = alt.Y(
        "p:Q", title=_("position"), scale=alt.Scale(domain=[0, POSITIONS], nice=False, reverse=True), axis=alt.Axis(tickCount=5, grid=False)
    )
    colour = alt.Color(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[-1, 0, 1], range=palette.diverging(dark), interpolate="rgb"),
        legend=alt.Legend(orient="right", gradientLength=150, gradientThickness=8, values=[-1, 0, 1]),
    )
    tips = [alt.Tooltip("p:Q", title=_("position")), alt.Tooltip("c:Q", title=_("dimension")), alt.Tooltip("value:Q", format=".6f")]
    rects = cells.mark_rect(aria=False).encode(x=x, x2="right:Q", y=y, y2="below:Q", color=colour, tooltip=tips)
    chosen = _numbers(2, "which").transform_calculate(p="pos + datum.which * k").transform_filter(f"datum.p < {POSITIONS}")
    chosen = chosen.transform_calculate(below="datum.p + 1", width="datum.which ? 1.5 : 3")
    # In the colour of letters: that of what is chosen elsewhere is one of those that it would lie on here.
    frames = chosen.mark_rect(filled=False, stroke=palette.page(dark)[1], aria=False).encode(
        x=alt.value(0), x2=alt.value(room.map_width), y=y, y2="below:Q", strokeWidth=alt.StrokeWidth("width:Q", scale=None)
    )
    look = _("Even columns sin, odd ones cos. Framed: position, and position + k.")
    caption = room.titled(_("PE: a row for each position"), look, dark, room.map_width)
    return alt.layer(rects, frames).properties(width=room.map_width, height=room.map_height, title=caption)


def _similarity(dark: bool, room: Room) -> alt.LayerChart:
    sums = (
        _grid(2 * OFFSETS + 1, _PAIRS, "o", "i")
        .transform_filter("datum.i < d_model / 2")
        .transform_calculate(j=f"datum.o - {OFFSETS}")
        .transform_calculate(term=f"cos(datum.j * {_FREQUENCY})")
        .transform_aggregate(dot="sum(term)", groupby=["j"])
        .transform_calculate(value="datum.dot / (d_model / 2)")
    )
    x = alt.X("j:Q", title=_("offset"), scale=alt.Scale(domain=[-OFFSETS, OFFSETS], nice=False), axis=alt.Axis(tickCount=7, grid=False))
    y = alt.Y("value:Q", title=_("cosine"), axis=alt.Axis(tickCount=3), scale=alt.Scale(domain=[-0.6, 1], nice=False, clamp=True))
    line = sums.mark_line(color=palette.lines(dark)[0], strokeWidth=2, aria=False).encode(x=x, y=y, order="j:Q")
    at = _numbers(1).transform_calculate(j="k").mark_rule(color=palette.frame(dark), strokeWidth=2, aria=False).encode(x=x)
    caption = room.titled(_("PE(pos) · PE(pos + j) over j"), _("The same for every position; 1 is the length of a row."), dark, room.wide)
    return alt.layer(line, at).properties(width=room.wide, height=room.high[0], title=caption)


def _wavelengths(dark: bool, room: Room) -> alt.Chart:
    points = _numbers(_PAIRS, "i").transform_filter("datum.i < d_model / 2").transform_calculate(length=f"2 * PI / {_FREQUENCY}")
    x = alt.X(
        "i:Q", title=_("pair i"), axis=alt.Axis(tickCount=6, grid=False, format="d"), scale=alt.Scale(domain=alt.ExprRef("[0, d_model / 2 - 1]"))
    )
    scale = alt.Scale(type="log", domain=[6, 700_000], nice=False)
    y = alt.Y("length:Q", title=_("in positions"), scale=scale, axis=alt.Axis(values=[10, 1_000, 100_000], format="~s"))
    tips = [alt.Tooltip("i:Q", title=_("pair")), alt.Tooltip("length:Q", title=_("wavelength"), format=",.2f")]
    caption = room.titled(_("Wavelengths"), _("From 2π to almost 2π × base, equal steps on a log axis."), dark, room.wide)
    marks = points.mark_point(filled=True, size=34, color=palette.lines(dark)[0], opacity=0.9, aria=False).encode(x=x, y=y, tooltip=tips)
    return marks.properties(width=room.wide, height=room.high[1], title=caption)


def _clocks(dark: bool, room: Room) -> alt.LayerChart:
    """The first pair, the last one, and some between, four in a row."""
    ink, colour = palette.page(dark)[1], palette.lines(dark)[0]
    dials = (
        _numbers(CLOCKS, "clock")
        .transform_calculate(i=f"round(datum.clock * (d_model / 2 - 1) / {CLOCKS - 1})", column="datum.clock % 4", line="floor(datum.clock / 4)")
        .transform_window(same="rank()", sort=[alt.SortField("i")], groupby=["i"])
        .transform_calculate(cx="datum.column + 0.5", cy="datum.line + 0.5", angle=f"pos * {_FREQUENCY}", later=f"(pos + k) * {_FREQUENCY}")
    )
    x_scale, y_scale = alt.Scale(domain=[0, 4], nice=False), alt.Scale(domain=[0, 2], nice=False, reverse=True)
    x, y = (alt.X("cx:Q", scale=x_scale, axis=None), alt.Y("cy:Q", scale=y_scale, axis=None))
    circles = dials.mark_point(size=2_800, filled=False, stroke=ink, strokeOpacity=0.35, aria=False).encode(x=x, y=y)
    layers = [circles]
    for angle, stroke, wide in (("later", palette.frame(dark), 2), ("angle", colour, 4.5)):
        # As on a clock: 0 is up, and time goes to the right.
        ends = dials.transform_calculate(ex=f"datum.cx + 0.33 * sin(datum.{angle})", ey=f"datum.cy - 0.37 * cos(datum.{angle})")
        layers.append(
            ends.mark_rule(stroke=stroke, strokeWidth=wide, strokeCap="round", aria=False).encode(x=x, y=y, x2=alt.X2("ex:Q"), y2=alt.Y2("ey:Q"))
        )
    names = dials.transform_calculate(name="'i = ' + datum.i").mark_text(fontSize=12, color=ink, baseline="top", dy=31, aria=False)
    layers.append(names.encode(x=x, y=y, text="name:N"))
    look = _("Thick: position. Thin: position + k, always the same turn further.")
    caption = room.titled(_("Each pair is a clock hand"), look, dark, room.clocks[0])
    return alt.layer(*layers).properties(width=room.clocks[0], height=room.clocks[1], title=caption)


def _rotation(dark: bool, room: Room) -> alt.Chart:
    n = 2 * BLOCKS
    cells = (
        _grid(n, n, "r", "c")
        .transform_filter("datum.r < d_model && datum.c < d_model")
        .transform_calculate(i="floor(datum.r / 2)", j="floor(datum.c / 2)")
        .transform_calculate(turn=f"k * {_FREQUENCY}", sign="datum.r % 2 === 0 ? 1 : -1")
        .transform_calculate(
            value="datum.i !== datum.j ? 0 : datum.r === datum.c ? cos(datum.turn) : datum.sign * sin(datum.turn)",
            right="datum.c + 1",
            below="datum.r + 1",
        )
    )
    scale = alt.Scale(domain=alt.ExprRef(f"[0, min({n}, d_model)]"), nice=False)
    across = alt.Scale(domain=alt.ExprRef(f"[0, min({n}, d_model)]"), nice=False, reverse=True)
    axis = alt.Axis(tickCount=4, grid=False)
    colour = alt.Color("value:Q", scale=alt.Scale(domain=[-1, 0, 1], range=palette.diverging(dark), interpolate="rgb"), legend=None)
    rects = cells.mark_rect(aria=False, stroke=palette.page(dark)[1], strokeOpacity=0.12).encode(
        x=alt.X("c:Q", title=_("column"), scale=scale, axis=axis),
        x2="right:Q",
        y=alt.Y("r:Q", title=_("row"), scale=across, axis=axis),
        y2="below:Q",
        color=colour,
        tooltip=alt.Tooltip("value:Q", format=".6f"),
    )
    return rects.properties(width=room.side, height=room.side, title=titled("R(k)", _("Turns each pair by k w_i."), dark))


def _said(dark: bool) -> alt.VConcatChart:
    # Over all positions of the matrix and all pairs: R(k) PE(pos) against PE(pos + k).
    turned = (
        _grid(POSITIONS, _PAIRS, "p", "i")
        .transform_filter("datum.i < d_model / 2")
        .transform_calculate(w=_FREQUENCY)
        .transform_calculate(
            of_sin="abs(cos(k * datum.w) * sin(datum.p * datum.w) + sin(k * datum.w) * cos(datum.p * datum.w) - sin((datum.p + k) * datum.w))",
            of_cos="abs(cos(k * datum.w) * cos(datum.p * datum.w) - sin(k * datum.w) * sin(datum.p * datum.w) - cos((datum.p + k) * datum.w))",
        )
        .transform_calculate(apart="max(datum.of_sin, datum.of_cos)")
        .transform_aggregate(apart="max(apart)")
    )
    pairs = (
        _numbers(_PAIRS, "i")
        .transform_filter("datum.i < d_model / 2")
        .transform_calculate(w=_FREQUENCY)
        .transform_calculate(
            dot="sin(pos * datum.w) * sin((pos + k) * datum.w) + cos(pos * datum.w) * cos((pos + k) * datum.w)", closed="cos(k * datum.w)"
        )
        .transform_aggregate(dot="sum(dot)", closed="sum(closed)", least="min(w)")
    )
    first = sliders.readouts(turned, [(_("largest |R(k) PE(pos) − PE(pos + k)|"), "datum.apart", ".1e")], width=285, dark=dark)
    lines = [
        (_("PE(pos) · PE(pos + k)"), "datum.dot", ".4f"),
        (_("Σ cos(k w_i), without pos"), "datum.closed", ".4f"),
        (_("longest wavelength"), "2 * PI / datum.least", ",.1f"),
        (_("base"), "base", ",.0f"),
        ("d_model", "d_model", "d"),
        (_("learned, 512 positions: parameters"), "512 * d_model", ",d"),
        (_("sinusoids: parameters"), "0 * d_model", "d"),
    ]
    return alt.vconcat(first, sliders.readouts(pairs, lines, width=285, dark=dark), spacing=2)
