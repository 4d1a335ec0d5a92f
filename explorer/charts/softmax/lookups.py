"""Attention as a dictionary that can be learned: four ways to turn scores into weights, and what each passes back to the scores."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette, sliders
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Description, Picture, described
from explorer.i18n import _

SCORES = (2.0, 1.6, 1.2, 0.0, -1.0, -3.0)
"""Of the keys, at first."""
METHODS = ("hard", "softmax", "sparsemax", "gumbel")
WIDTH, ROOM, HALL = 164, (150, 140), (92, 78)
"""Pixels without axes: width; heights of the weights and, below them, of the gradients, at a desk and on the stage."""


def picture(noise: np.ndarray, *, dark: bool = False, hall: bool = False) -> Picture:
    """Weights above, gradient below, for each of `METHODS`; inputs: a score per key, the temperature, the key, the draw of the noise.

    Args:
        noise: Gumbel numbers, (draws, keys).
        hall: drawn for a stage.
    """
    keys = pd.DataFrame({"i": np.arange(noise.shape[1]), **{f"n{draw}": row for draw, row in enumerate(noise)}})
    return Picture(_description(len(noise), dark, HALL if hall else ROOM), {"keys": keys})


@described
def _description(draws: int, dark: bool, room: tuple[int, int]) -> Description:
    keys = {i: str(i + 1) for i in range(len(SCORES))}
    inputs = [
        *(sliders.linear(f"score_{i + 1}", _("score of key {i}").format(i=i + 1), -5, 10, score, 0.1) for i, score in enumerate(SCORES)),
        # Any lower, and numbers run out: a softmax would show zeros that it does not have.
        *sliders.log("temperature", _("temperature"), 10**-1.3, 10, 1),
        sliders.choice("chosen", _("gradient of the weight of key"), keys, 0),
        sliders.linear("draw", _("draw of the noise"), 0, draws - 1, 0, 1),
    ]
    weights = _weights()
    columns = [
        alt.vconcat(_bars(weights, method, dark, room[0]), _gradient(weights, method, dark, room[1]), _said(weights, method, dark), spacing=8)
        for method in METHODS
    ]
    return sliders.with_inputs(finished(alt.hconcat(*columns, spacing=10)), inputs)


def _weights() -> alt.Chart:
    """One row per key: p_* are the weights, gradient_* the derivatives of the chosen key's weight by this key's score."""
    scores = ", ".join(f"score_{i + 1}" for i in range(len(SCORES)))
    chart = alt.Chart(alt.NamedData("keys")).transform_calculate(
        key="datum.i + 1", s=f"[{scores}][datum.i]", z="datum.s / temperature", noisy="(datum.s + datum['n' + draw]) / temperature"
    )
    # Hard lookup: all to the largest; of several, to the first.
    chart = chart.transform_window(rank="row_number()", sort=[alt.SortField("s", order="descending"), alt.SortField("i")])
    chart = chart.transform_calculate(p_hard="datum.rank === 1 ? 1 : 0")
    for method, score in (("softmax", "z"), ("gumbel", "noisy")):
        chart = (
            chart.transform_joinaggregate(**{f"top_{score}": f"max({score})"})
            .transform_calculate(**{f"e_{score}": f"exp(datum.{score} - datum.top_{score})"})
            .transform_joinaggregate(**{f"total_{score}": f"sum(e_{score})"})
            .transform_calculate(**{f"p_{method}": f"datum.e_{score} / datum.total_{score}"})
        )
    # Sparsemax (Martins & Astudillo 2016, algorithm 1): the support is the longest run of largest scores with 1 + k z > their sum.
    chart = (
        chart.transform_calculate(below="datum.z - datum.top_z")
        .transform_window(so_far="sum(below)", sort=[alt.SortField("rank")], frame=[None, 0])
        .transform_calculate(supports="1 + datum.rank * datum.below > datum.so_far ? 1 : 0", part="datum.supports * datum.below")
        .transform_joinaggregate(size="sum(supports)", within="sum(part)")
        .transform_calculate(p_sparsemax="max(0, datum.below - (datum.within - 1) / datum.size)")
    )
    # Derivatives of the weight of the chosen key c: p_c (1[i = c] - p_i) / T, and within the support (1[i = c] - 1 / size) / T.
    chart = chart.transform_calculate(same="datum.i === chosen ? 1 : 0")
    for method in ("softmax", "sparsemax", "gumbel"):
        chart = chart.transform_calculate(**{f"if_chosen_{method}": f"datum.same * datum.p_{method}"})
    chart = chart.transform_joinaggregate(**{f"c_{method}": f"sum(if_chosen_{method})" for method in ("softmax", "sparsemax", "gumbel")})
    return chart.transform_calculate(
        gradient_hard="0",
        gradient_softmax="datum.c_softmax * (datum.same - datum.p_softmax) / temperature",
        gradient_gumbel="datum.c_gumbel * (datum.same - datum.p_gumbel) / temperature",
        gradient_sparsemax="datum.c_sparsemax > 0 && datum.p_sparsemax > 0 ? (datum.same - 1 / datum.size) / temperature : 0",
    )


def _bars(weights: alt.Chart, method: str, dark: bool, height: int) -> alt.Chart:
    names = {
        "hard": (_("Hard lookup"), _("all to the largest score")),
        "softmax": (_("Softmax"), _("a little to every key")),
        "sparsemax": (_("Sparsemax"), _("exactly 0 to most")),
        "gumbel": (_("Gumbel-softmax"), _("a draw, not the mean")),
    }
    y = alt.Y(f"p_{method}:Q", title=_("weight") if method == METHODS[0] else None, scale=alt.Scale(domain=[0, 1]), axis=_axis())
    bars = weights.mark_bar(color=palette.lines(dark)[METHODS.index(method)]).encode(x=_keys(False), y=y, tooltip=_tips(method))
    return bars.properties(width=WIDTH, height=height, title=titled(*names[method], dark))


def _gradient(weights: alt.Chart, method: str, dark: bool, height: int) -> alt.LayerChart:
    scale = alt.Scale(domain=alt.ExprRef("[-0.5 / temperature, 0.5 / temperature]"), nice=False)
    y = alt.Y(f"gradient_{method}:Q", title=_("its gradient") if method == METHODS[0] else None, scale=scale, axis=_axis())
    bars = weights.mark_bar(color=palette.lines(dark)[METHODS.index(method)]).encode(x=_keys(True), y=y, tooltip=_tips(method))
    if method == "hard":
        none = alt.Chart(alt.sequence(0, 1, 1, as_="i")).mark_text(
            text=_("none"), color=palette.page(dark)[1], fontSize=13, fontWeight="bold", dy=-12
        )
        bars = bars + none.encode(x=alt.value(WIDTH / 2))
    return bars.properties(width=WIDTH, height=height)


def _said(weights: alt.Chart, method: str, dark: bool) -> alt.LayerChart:
    p = f"datum.p_{method}"
    one = weights.transform_calculate(
        surprise=f"{p} > 0 ? -{p} * log({p}) : 0", zero=f"{p} === 0 ? 1 : 0", apart=f"abs({p} - datum.p_hard)"
    ).transform_aggregate(entropy="sum(surprise)", zeros="sum(zero)", largest=f"max(p_{method})", apart="max(apart)")
    lines = [
        (_("largest"), "datum.largest", ".4f"),
        (_("entropy"), "datum.entropy", ".4f"),
        (_("exact zeros"), "datum.zeros", "d"),
        (_("from hard"), "datum.apart", ".4f"),
    ]
    return sliders.readouts(one, lines, of=method, width=WIDTH, dark=dark)


def _keys(titled_: bool) -> alt.X:
    return alt.X("key:O", title=_("key") if titled_ else None, axis=alt.Axis(labelAngle=0, ticks=False))


def _axis() -> alt.Axis:
    # Of the same width above and below, so that the pictures of a column stand in line.
    return alt.Axis(tickCount=3, format=".3~g", minExtent=28, maxExtent=28)


def _tips(method: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("key:O", title=_("key")),
        alt.Tooltip("s:Q", title=_("score"), format=".2f"),
        alt.Tooltip(f"p_{method}:Q", title=_("weight"), format=".6f"),
        alt.Tooltip(f"gradient_{method}:Q", title=_("gradient"), format=".6f"),
    ]
