"""The logit lens: layers down, tokens across, in each cell what that layer would predict there."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import N_, _

TITLES = {
    "chances": N_("probability of the likeliest"),
    "chance": N_("probability of the last layer's choice"),
    "entropy": N_("entropy, nats"),
    "divergence": N_("divergence from the last layer, nats"),
}
"""What the colours mean, to be translated where it is shown."""
_WRITTEN = 20
"""Tokens across from which no words are written into the cells: nobody could read them."""
_TOP = alt.ExprRef("top")


def grid(
    words: Sequence[Sequence[str]],
    values: np.ndarray,
    labels: Sequence[str],
    rows: Sequence[str],
    *,
    title: str,
    share: bool = True,
    pinned: tuple[int, int] | None = None,
    width: int = 860,
    height: int = 400,
    dark: bool = False,
) -> Picture:
    """The grid; a click comes back as selection "cell" with the fields r and c.

    Args:
        words: (rows, tokens), the likeliest word of each cell.
        values: (rows, tokens), its colour.
        labels: tokens of the text.
        rows: names of the rows.
        title: what the colour means.
        share: the values lie between 0 and 1; else the scale ends at the largest.
        pinned: row and token that carry the frame at first.
        width, height: room for the cells, in pixels.
    """
    n_rows, n = values.shape
    r, c = (i.ravel().astype(np.uint16) for i in np.indices(values.shape))
    slanted = width / n < 9 * max((len(label) for label in labels), default=1)
    given = {
        "cell": NOTHING if pinned is None else [{"r": pinned[0], "c": pinned[1]}],
        "top": 1.0 if share else max(float(values.max()), 1e-6),
        "tokens": list(labels),
        "words": [word for row in words for word in row],
        "row_names": list(rows),
    }
    table = pd.DataFrame({"r": r, "c": c, "value": values.ravel().astype(np.float32)})
    aloud = _("The likeliest word after each layer (down) and each token (across). Last row: {words}.").format(words=" ".join(words[-1]))
    return Picture(_description(n_rows, n, title, slanted, width, height, dark), {"cells": table}, given, aloud)


@described
def _description(n_rows: int, n: int, title: str, slanted: bool, width: int, height: int, dark: bool) -> alt.LayerChart:
    pick = alt.selection_point(name="cell", fields=["r", "c"], toggle=False, clear=False, empty=False)
    # Pale cells take dark letters and the other way round: the letters turn in the middle of the scale.
    base = alt.Chart(alt.NamedData("cells")).transform_calculate(
        word=f"words[datum.r * {n} + datum.c]", token="tokens[datum.c]", layer="row_names[datum.r]", light="datum.value > 0.5 * top"
    )
    x = alt.X("c:O", scale=alt.Scale(domain=list(range(n)), paddingInner=0.04, paddingOuter=0), axis=None)
    y = alt.Y("r:O", scale=alt.Scale(domain=list(range(n_rows)), paddingInner=0.06, paddingOuter=0), axis=None)
    colour = alt.Color(
        "value:Q",
        title=title,
        scale=alt.Scale(domainMin=0, domainMax=_TOP, range=palette.colours(dark), interpolate="rgb", clamp=True),
        legend=alt.Legend(orient="bottom", direction="horizontal", gradientLength=220, gradientThickness=8, tickCount=5, titleOrient="left"),
    )
    tips = [
        alt.Tooltip("layer:N", title=_("layer")),
        alt.Tooltip("token:N", title=_("at")),
        alt.Tooltip("word:N", title=_("would predict")),
        alt.Tooltip("value:Q", title=title, format=".4f"),
    ]
    rects = base.mark_rect(cursor="pointer", cornerRadius=2, aria=False).encode(x=x, y=y, color=colour, tooltip=tips).add_params(pick)
    frames = base.mark_rect(filled=False, stroke=palette.frame(dark), aria=False).encode(
        x=x, y=y, strokeWidth=alt.condition(pick, alt.value(3), alt.value(0))
    )
    ink = palette.page(dark)[1]
    layers = [rects, frames]
    if n <= _WRITTEN:
        # The dark palette begins dark.
        over = alt.condition("datum.light", alt.value("#10131a" if dark else "#ffffff"), alt.value("#e6e8ee" if dark else "#31333f"))
        size = float(np.clip(width / n / 4.2, 9, 14))
        written = base.mark_text(fontSize=size, limit=max(18, width // n - 6), cursor="pointer").encode(x=x, y=y, text="word:N", color=over)
        layers.append(written.encode(tooltip=tips))
    every = max(1, int(np.ceil(11 * n / width)))
    heads = alt.Chart(data.columns(c=list(range(0, n, every)))).transform_calculate(token="tokens[datum.c]")
    heads = heads.mark_text(
        angle=305 if slanted else 0,
        align="left" if slanted else "center",
        baseline="bottom",
        color=ink,
        fontSize=13,
        fontWeight="bold",
        limit=110,
    ).encode(x=x, y=alt.value(-7), text="token:N", tooltip=alt.Tooltip("token:N", title=_("at")))
    sides = alt.Chart(data.columns(r=list(range(n_rows)))).transform_calculate(layer="row_names[datum.r]")
    sides = sides.mark_text(align="right", color=ink, fontSize=13).encode(x=alt.value(-8), y=y, text="layer:N")
    params = [*data.texts(tokens=[], words=[], row_names=[]).values(), alt.param(name="top", value=1.0)]
    return (
        alt.layer(*layers, heads, sides)
        .add_params(*params)
        .properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
        .configure_view(stroke=None)
    )


def candidates(words: Sequence[str], chances: Sequence[float], *, width: int = 140, down: int = 22, dark: bool = False) -> Picture:
    """The likeliest words of one cell as bars, likeliest first; `width` of all, and `down` of one, in pixels."""
    table = pd.DataFrame({"i": np.arange(len(words), dtype=np.uint16), "chance": np.asarray(chances, dtype=float)})
    given = {"words": list(words), "top": max(0.05, float(max(chances)))}
    return Picture(_candidates_description(len(words), width, down, dark), {"candidates": table}, given, _aloud_candidates(words, chances))


def _aloud_candidates(words: Sequence[str], chances: Sequence[float]) -> str:
    return _("The likeliest words: {words}.").format(
        words=", ".join(f"{word} {chance:.2f}" for word, chance in zip(words[:5], chances, strict=False))
    )


@described
def _candidates_description(n: int, width: int, down: int, dark: bool) -> alt.Chart:
    base = alt.Chart(alt.NamedData("candidates")).transform_calculate(word="words[datum.i]")
    axis = alt.Axis(labelExpr="words[datum.value]", labelFontSize=13, labelLimit=110, labelOverlap=False, ticks=False, domain=False)
    y = alt.Y("i:O", title=None, scale=alt.Scale(domain=list(range(n))), axis=axis)
    x = alt.X("chance:Q", title=_("probability"), scale=alt.Scale(domainMin=0, domainMax=_TOP), axis=alt.Axis(format=".2~f", tickCount=4))
    bars = base.mark_bar(color=palette.colours(dark)[3 if dark else 4]).encode(
        x=x, y=y, tooltip=[alt.Tooltip("word:N", title=_("word")), alt.Tooltip("chance:Q", title=_("probability"), format=".4f")]
    )
    chart = bars.add_params(*data.texts(words=[]).values(), alt.param(name="top", value=1.0))
    return chart.properties(width=width, height=down * n, autosize=data.PAD, usermeta=data.render(0))


def course(chance: np.ndarray, rank: np.ndarray, rows: Sequence[str], *, width: int = 190, height: int = 120, dark: bool = False) -> Picture:
    """Probability of one word after each layer; its rank on hover."""
    table = pd.DataFrame({"r": np.arange(len(rows), dtype=np.uint16), "chance": chance.astype(float), "rank": rank.astype(int) + 1})
    aloud = _("One word after each layer: {first} after the first, {last} after the last.")
    aloud = aloud.format(first=f"{chance[0]:.2f}", last=f"{chance[-1]:.2f}")
    return Picture(_course_description(len(rows), width, height, dark), {"course": table}, {"row_names": list(rows)}, aloud)


@described
def _course_description(n: int, width: int, height: int, dark: bool) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("course")).transform_calculate(layer="row_names[datum.r]")
    axis = alt.Axis(labelExpr="row_names[datum.value]", labelAngle=0, labelOverlap=True, ticks=False)
    encoded = base.encode(
        x=alt.X("r:O", title=_("layer"), scale=alt.Scale(domain=list(range(n))), axis=axis),
        y=alt.Y("chance:Q", title=_("probability"), scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=4)),
        tooltip=[
            alt.Tooltip("layer:N", title=_("layer")),
            alt.Tooltip("chance:Q", title=_("probability"), format=".4f"),
            alt.Tooltip("rank:Q", title=_("rank")),
        ],
    )
    colour = palette.lines(dark)[0]
    chart = alt.layer(encoded.mark_line(color=colour, strokeWidth=2.5), encoded.mark_point(filled=True, size=55, color=colour))
    chart = chart.add_params(*data.texts(row_names=[]).values())
    return chart.properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
