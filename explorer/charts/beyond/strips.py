"""One row per method, one cell per input token: which tokens count, by each method's own account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

_SLANTED = 14
"""Pixels from one slanted word to the next, of which neither covers the other."""


def strips(
    effects: np.ndarray,
    methods: Mapping[str, np.ndarray],
    labels: Sequence[str],
    correlations: Mapping[str, float],
    *,
    effect: str,
    rows: Sequence[int] = (),
    width: int = 900,
    down: int = 54,
    dark: bool = False,
) -> Picture:
    """The picture. Each row has its own scale, from its smallest to its largest among the tokens that were left out.

    Args:
        effects: (n,), what the target lost without each token, nan where it was not left out.
        methods: by name as it is to be read, (n,) each.
        labels: tokens; they may repeat.
        correlations: by name, rank correlation with the effects, written behind the row.
        effect: name of the row of effects.
        rows: numbers of the tokens at which the target is read; they carry a mark.
        width: room for the cells, in pixels.
        down: height of a row, in pixels.
    """
    n = len(effects)
    free = np.flatnonzero(~np.isnan(effects))
    read = set(rows) if 0 < len(rows) < len(free) else set()
    told = [correlations.get(name, np.nan) for name in methods]
    given = {
        "tokens": list(labels),
        "methods": [effect, *methods],
        # With the minus sign of the axes.
        "agreements": ["", *(f"ρ {value:+.2f}".replace("-", "−") if np.isfinite(value) else "" for value in told)],
    }
    slanted = width / n < 9 * max((len(label) for label in labels), default=1)
    heads = _named(n, int(np.ceil(_SLANTED * n / width)) if slanted else 1, read)
    tables = {
        "cells": _cells([effects, *methods.values()], free),
        "heads": pd.DataFrame({"c": heads, "read": [int(c in read) for c in heads]}),
    }
    return Picture(_description(n, len(methods) + 1, slanted, width, down, dark), tables, given, _aloud(effect, effects, labels))


def _named(n: int, every: int, read: set[int]) -> list[int]:
    """Which of n tokens have room for their word, one in so many; those at which the target is read come first."""
    placed: list[int] = []
    for c in [*sorted(read), *range(0, n, every)]:
        if all(abs(c - other) >= every for other in placed):
            placed.append(c)
    return sorted(placed)


def _aloud(effect: str, effects: np.ndarray, labels: Sequence[str]) -> str:
    what = _("Which tokens count: a row for each method, a cell for each token.")
    if np.isnan(effects).all():
        return what
    top = int(np.nanargmax(np.abs(effects)))
    largest = _("{effect}: largest at {token}, {value}.").format(effect=effect, token=labels[top], value=f"{effects[top]:+.2f}")
    return f"{what} {largest}"


def _cells(rows: Sequence[np.ndarray], free: np.ndarray) -> pd.DataFrame:
    """Row r, token c, its value, and as share of the row's scale: from -1 to 1 in row 0, from 0 to 1 in the others."""
    columns = []
    for r, values in enumerate(rows):
        within = values[free] if len(free) else values
        low, high = (0.0, float(np.abs(within).max())) if r == 0 else (float(within.min()), float(within.max()))
        there = np.flatnonzero(~np.isnan(values))
        shares = (values[there] - low) / (high - low) if high > low else np.zeros(len(there))
        columns.append(pd.DataFrame({"r": r, "c": there, "value": values[there].astype(float), "share": shares.astype(float)}))
    return pd.concat(columns, ignore_index=True)


@described
def _description(n: int, n_rows: int, slanted: bool, width: int, down: int, dark: bool) -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("cells")).transform_calculate(token="tokens[datum.c]", method="methods[datum.r]", end="datum.c + 0.94")
    # Positions as numbers: a token may occur twice.
    x = alt.X("c:Q", scale=alt.Scale(domain=[0, n], nice=False), axis=None)
    y = alt.Y("r:O", scale=alt.Scale(domain=list(range(n_rows)), paddingInner=0.22, paddingOuter=0), axis=None)
    tips = [
        alt.Tooltip("token:N", title=_("token")),
        alt.Tooltip("method:N", title=_("method")),
        alt.Tooltip("value:Q", title=_("value"), format="+.4f"),
    ]
    # A thin line around each: the smallest value has the colour of the page.
    cell = {"cornerRadius": 2, "stroke": palette.page(dark)[1], "strokeOpacity": 0.15, "strokeWidth": 1}
    how = {"interpolate": "rgb", "clamp": True}
    colour = alt.Color("share:Q", scale=alt.Scale(domain=[-1, 0, 1], range=palette.diverging(dark), **how), legend=None)
    moved, counted = base.transform_filter("datum.r === 0"), base.transform_filter("datum.r > 0")
    first = moved.mark_rect(**cell).encode(x=x, x2="end:Q", y=y, color=colour, tooltip=tips)
    shades = alt.Scale(domain=[0, 1], range=palette.colours(dark), **how)
    others = counted.mark_rect(**cell).encode(x=x, x2="end:Q", y=y, color=alt.Color("share:Q", scale=shades, legend=None), tooltip=tips)
    ink, frame = palette.page(dark)[1], palette.frame(dark)
    heads = alt.Chart(alt.NamedData("heads")).transform_calculate(token="tokens[datum.c]", middle="datum.c + 0.47")
    top = heads.mark_text(angle=305 if slanted else 0, align="left" if slanted else "center", baseline="bottom", fontSize=14, limit=110).encode(
        x=alt.X("middle:Q", scale=alt.Scale(domain=[0, n], nice=False), axis=None),
        y=alt.value(-8),
        text="token:N",
        color=alt.condition("datum.read", alt.value(frame), alt.value(ink)),
        tooltip=alt.Tooltip("token:N", title=_("token")),
    )
    ends = alt.Chart(data.columns(r=list(range(n_rows))))
    left = ends.transform_calculate(method="methods[datum.r]").mark_text(align="right", color=ink, fontSize=14)
    left = left.encode(x=alt.value(-10), y=y, text="method:N")
    caption = ends.transform_calculate(caption="agreements[datum.r]").mark_text(align="left", color=ink, fontSize=14, fontWeight="bold")
    right = caption.encode(x=alt.value(width + 10), y=y, text="caption:N")
    return (
        alt.layer(first, others, top, left, right)
        .resolve_scale(color="independent")
        .add_params(*data.texts(tokens=[], methods=[], agreements=[]).values())
        .properties(width=width, height=down * n_rows, autosize=data.PAD, usermeta=data.render(n * n_rows))
        .configure_view(stroke=None)
    )
