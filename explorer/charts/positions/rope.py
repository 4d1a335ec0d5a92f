"""RoPE (Su et al. 2021): queries and keys are turned by their positions, so that a score depends on m - n only; in the browser."""

from __future__ import annotations

import altair as alt

from explorer.charts.common import palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

WIDTHS = (8, 16, 32, 64, 128)
PLACES, DISTANCES = 24, 256
"""Positions of the map, and distances of the decay."""
WIDE, ROOM, HALL = 330, (236, 112), (178, 78)
"""Pixels: width of a curve; side of the dial and of the map, and height of a curve, at a desk and on the stage."""
_PAIRS = WIDTHS[-1] // 2
_FREQUENCY = "pow(base, -2 * datum.i / d)"


def picture(*, dark: bool = False, hall: bool = False) -> Picture:
    """The pictures and their inputs: angles of q and k, positions m and n, pair, d, base, interpolation; `hall`: drawn for a stage."""
    return Picture(_description(dark, HALL if hall else ROOM))


@described
def _description(dark: bool, room: tuple[int, int]) -> Description:
    side, high = room
    inputs = [
        sliders.linear("q_angle", _("angle of q, degrees"), -180, 180, 20, 1),
        sliders.linear("k_angle", _("angle of k, degrees"), -180, 180, 60, 1),
        sliders.linear("m", _("position m of the query"), 0, PLACES - 1, 9, 1),
        sliders.linear("n", _("position n of the key"), 0, PLACES - 1, 3, 1),
        sliders.linear("asked", _("pair i (0 turns fastest)"), 0, _PAIRS - 1, 4, 1),
        *sliders.steps("d", "d_k", WIDTHS, 64),
        *sliders.log("base", _("base"), 10, 1_000_000, 10_000),
        sliders.linear("s", _("interpolation: positions / s"), 1, 8, 1, 0.25),
        sliders.derived("pair", "min(asked, d / 2 - 1)"),
        sliders.derived("w", "pow(base, -2 * pair / d) / s"),
        sliders.derived("q0", "q_angle * PI / 180"),
        sliders.derived("k0", "k_angle * PI / 180"),
    ]
    top = alt.hconcat(_dial(dark, side), _map(dark, side), _said(dark), spacing=22).resolve_scale(color="independent")
    bottom = alt.hconcat(_curve(dark, high), _decay(dark, high), spacing=24)
    return sliders.with_inputs(finished(alt.vconcat(top, bottom, spacing=8).resolve_scale(color="independent")), inputs)


def _numbers(n: int, name: str = "n") -> alt.Chart:
    return alt.Chart(alt.sequence(0, n, 1, as_=name))


def _dial(dark: bool, side: int) -> alt.LayerChart:
    ink, (query, key) = palette.page(dark)[1], palette.lines(dark)[:2]
    scale = alt.Scale(domain=[-1.15, 1.15], nice=False)
    circle = _numbers(73, "t").transform_calculate(x="cos(datum.t * PI / 36)", y="sin(datum.t * PI / 36)")
    layers = [
        circle.mark_line(color=ink, opacity=0.35, strokeWidth=1, aria=False).encode(
            x=alt.X("x:Q", scale=scale, axis=None), y=alt.Y("y:Q", scale=scale, axis=None), order="t:Q"
        )
    ]
    for start, turn, colour, name in (("q0", "m", query, "q"), ("k0", "n", key, "k")):
        for angle, faint in ((start, True), (f"{start} + {turn} * w", False)):
            hand = _numbers(1).transform_calculate(x="0", y="0", x2=f"cos({angle})", y2=f"sin({angle})")
            x, y = alt.X("x:Q", scale=scale, axis=None), alt.Y("y:Q", scale=scale, axis=None)
            how = {"stroke": colour, "strokeWidth": 2 if faint else 4, "strokeCap": "round", "opacity": 0.4 if faint else 1, "aria": False}
            how |= {"strokeDash": [5, 4]} if faint else {}
            layers.append(hand.mark_rule(**how).encode(x=x, y=y, x2="x2:Q", y2="y2:Q"))
            if not faint:
                label = hand.transform_calculate(x="1.08 * datum.x2", y="1.08 * datum.y2")
                label = label.mark_text(color=colour, fontWeight="bold", fontSize=14, aria=False)
                layers.append(label.encode(x=x, y=y, text=alt.value(name)))
    caption = titled(_("Query and key, turned"), _("Dashed: before. q turns by m w_i, k by n w_i."), dark)
    return alt.layer(*layers).properties(width=side, height=side, title=caption)


def _score(m: str, n: str) -> str:
    return f"cos(q0 + {m} * w - k0 - {n} * w)"


def _map(dark: bool, side: int) -> alt.LayerChart:
    cells = (
        _numbers(PLACES * PLACES)
        .transform_calculate(row=f"floor(datum.n / {PLACES})", column=f"datum.n % {PLACES}")
        # Turned first and multiplied then, as a model does it, and not by the difference of the angles.
        .transform_calculate(
            score="cos(q0 + datum.row * w) * cos(k0 + datum.column * w) + sin(q0 + datum.row * w) * sin(k0 + datum.column * w)",
            right="datum.column + 1",
            below="datum.row + 1",
        )
    )
    axis = alt.Axis(tickCount=5, grid=False)
    x = alt.X("column:Q", title=_("key, n"), scale=alt.Scale(domain=[0, PLACES], nice=False), axis=axis)
    y = alt.Y("row:Q", title=_("query, m"), scale=alt.Scale(domain=[0, PLACES], nice=False, reverse=True), axis=axis)
    colour = alt.Color(
        "score:Q",
        title=None,
        scale=alt.Scale(domain=[-1, 0, 1], range=palette.diverging(dark), interpolate="rgb"),
        legend=alt.Legend(orient="right", gradientLength=150, gradientThickness=8, values=[-1, 0, 1]),
    )
    tips = [alt.Tooltip("row:Q", title="m"), alt.Tooltip("column:Q", title="n"), alt.Tooltip("score:Q", title=_("score"), format=".6f")]
    rects = cells.mark_rect(aria=False).encode(x=x, x2="right:Q", y=y, y2="below:Q", color=colour, tooltip=tips)
    here = _numbers(1).transform_calculate(row="m", column="n", right="n + 1", below="m + 1")
    frame = here.mark_rect(filled=False, stroke=palette.frame(dark), strokeWidth=2.5, aria=False)
    frame = frame.encode(x=x, x2="right:Q", y=y, y2="below:Q")
    caption = titled(_("Score of this pair over (m, n)"), _("Constant along each diagonal: only m − n counts."), dark)
    return alt.layer(rects, frame).properties(width=side, height=side, title=caption)


def _curve(dark: bool, height: int) -> alt.LayerChart:
    far = PLACES - 1
    line = (
        _numbers(4 * 2 * far + 1, "t")
        .transform_calculate(offset=f"datum.t / 4 - {far}")
        .transform_calculate(score="cos(q0 - k0 + datum.offset * w)")
    )
    x = alt.X("offset:Q", title="m − n", scale=alt.Scale(domain=[-far, far], nice=False), axis=alt.Axis(tickCount=9, grid=False))
    y = alt.Y("score:Q", title=_("score"), scale=alt.Scale(domain=[-1, 1]), axis=alt.Axis(tickCount=3))
    drawn = line.mark_line(color=palette.lines(dark)[0], strokeWidth=2.5, aria=False).encode(x=x, y=y, order="t:Q")
    here = _numbers(1).transform_calculate(offset="m - n", score=_score("m", "n"))
    point = here.mark_point(filled=True, size=90, color=palette.frame(dark), opacity=1, aria=False).encode(x=x, y=y)
    caption = titled(_("The same over m − n"), _("A slow pair (large i) hardly changes; a fast one comes round again."), dark)
    return alt.layer(drawn, point).properties(width=WIDE, height=height, title=caption)


def _decay(dark: bool, height: int) -> alt.LayerChart:
    far = 2
    sums = (
        _numbers(DISTANCES // far * _PAIRS + _PAIRS)
        .transform_calculate(distance=f"floor(datum.n / {_PAIRS}) * {far}", i=f"datum.n % {_PAIRS}")
        .transform_filter("datum.i < d / 2")
        .transform_calculate(plain=f"cos(datum.distance * {_FREQUENCY})", closer=f"cos(datum.distance / s * {_FREQUENCY})")
        .transform_aggregate(plain="mean(plain)", closer="mean(closer)", groupby=["distance"])
    )
    x = alt.X("distance:Q", title="|m − n|", scale=alt.Scale(domain=[0, DISTANCES], nice=False), axis=alt.Axis(tickCount=8, grid=False))
    scale = alt.Scale(domain=[-0.3, 1], nice=False, clamp=True)
    y = {name: alt.Y(f"{name}:Q", title=_("mean over pairs"), scale=scale, axis=alt.Axis(tickCount=3)) for name in ("plain", "closer")}
    first = sums.mark_line(color=palette.lines(dark)[0], strokeWidth=2.5, aria=False).encode(x=x, y=y["plain"], order="distance:Q")
    second = sums.mark_line(color=palette.lines(dark)[1], strokeWidth=2, strokeDash=[5, 3], aria=False)
    second = second.encode(x=x, y=y["closer"], order="distance:Q")
    caption = titled(_("Decay with distance, q = k in all pairs"), _("Mean of cos((m − n) w_i). Dashed: with interpolation s."), dark)
    return alt.layer(first, second).properties(width=WIDE, height=height, title=caption)


def _said(dark: bool) -> alt.VConcatChart:
    here = _numbers(1)
    lines = [
        (_("score q·k at (m, n)"), _score("m", "n"), ".4f"),
        ("m − n", "m - n", "d"),
        (_("pair i"), "pair", "d"),
        (_("w_i / s, radians a position"), "w", ".3~g"),
        (_("wavelength, positions"), "2 * PI / w", ",.1f"),
        ("d_k", "d", "d"),
        (_("base"), "base", ",.0f"),
    ]
    cells = (
        _numbers(PLACES * PLACES)
        .transform_calculate(row=f"floor(datum.n / {PLACES})", column=f"datum.n % {PLACES}")
        .transform_calculate(
            score="cos(q0 + datum.row * w) * cos(k0 + datum.column * w) + sin(q0 + datum.row * w) * sin(k0 + datum.column * w)",
            offset="datum.row - datum.column",
        )
        .transform_aggregate(high="max(score)", low="min(score)", groupby=["offset"])
        .transform_calculate(apart="datum.high - datum.low")
        .transform_aggregate(apart="max(apart)")
    )
    apart = sliders.readouts(cells, [(_("deviation at equal m − n"), "datum.apart", ".1e")], width=230, dark=dark)
    return alt.vconcat(sliders.readouts(here, lines, width=230, dark=dark), apart, spacing=2)
