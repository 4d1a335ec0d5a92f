"""One row per method, one cell per input token: which tokens count, by each method's own account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
from explorer.i18n import _


def strips(
    effects: np.ndarray,
    methods: Mapping[str, np.ndarray],
    labels: Sequence[str],
    correlations: Mapping[str, float],
    *,
    effect: str,
    rows: Sequence[int] = (),
    width: int = 900,
    dark: bool = False,
) -> alt.LayerChart:
    """The picture. Each row has its own scale, from its smallest to its largest among the tokens that were left out.

    Args:
        effects: (n,), what the target lost without each token, nan where it was not left out.
        methods: by name as it is to be read, (n,) each.
        labels: tokens; they may repeat.
        correlations: by name, rank correlation with the effects, written behind the row.
        effect: name of the row of effects.
        rows: numbers of the tokens at which the target is read; they carry a mark.
        width: room for the cells, in pixels.
    """
    n, down = len(effects), 54
    free = np.flatnonzero(~np.isnan(effects))
    names = [effect, *methods]
    cells: dict[str, list] = {"r": [], "c": [], "value": [], "share": []}
    for r, values in enumerate([effects, *methods.values()]):
        within = values[free] if len(free) else values
        low, high = (0.0, float(np.abs(within).max())) if r == 0 else (float(within.min()), float(within.max()))
        for c in range(n):
            if not np.isnan(values[c]):
                cells["r"].append(r)
                cells["c"].append(c)
                cells["value"].append(float(values[c]))
                cells["share"].append((float(values[c]) - low) / (high - low) if high > low else 0.0)
    base = alt.Chart(data.columns(**cells)).transform_calculate(token="tokens[datum.c]", method="methods[datum.r]")
    # Positions as numbers: a token may occur twice.
    across = width / n
    x = alt.X("c:Q", scale=alt.Scale(domain=[0, n], nice=False), axis=None)
    y = alt.Y("r:O", scale=alt.Scale(domain=list(range(len(names))), paddingInner=0.22, paddingOuter=0), axis=None)
    tips = [
        alt.Tooltip("token:N", title=_("token")),
        alt.Tooltip("method:N", title=_("method")),
        alt.Tooltip("value:Q", title=_("value"), format="+.4f"),
    ]
    # A thin line around each: the smallest value has the colour of the page.
    cell = {"cornerRadius": 2, "stroke": palette.page(dark)[1], "strokeOpacity": 0.15, "strokeWidth": 1}
    how = {"interpolate": "rgb", "clamp": True}
    moved = base.transform_filter("datum.r === 0").transform_calculate(end="datum.c + 0.94")
    counted = base.transform_filter("datum.r > 0").transform_calculate(end="datum.c + 0.94")
    colour = alt.Color("share:Q", scale=alt.Scale(domain=[-1, 0, 1], range=palette.diverging(dark), **how), legend=None)
    first = moved.mark_rect(**cell).encode(x=x, x2="end:Q", y=y, color=colour, tooltip=tips)
    shades = alt.Scale(domain=[0, 1], range=palette.colours(dark), **how)
    others = counted.mark_rect(**cell).encode(x=x, x2="end:Q", y=y, color=alt.Color("share:Q", scale=shades, legend=None), tooltip=tips)
    ink, frame = palette.page(dark)[1], palette.frame(dark)
    read = set(rows) if 0 < len(rows) < len(free) else set()
    heads = alt.Chart(data.columns(c=list(range(n)), read=[int(c in read) for c in range(n)]))
    heads = heads.transform_calculate(token="tokens[datum.c]", middle="datum.c + 0.47")
    slanted = across < 9 * max((len(label) for label in labels), default=1)
    every = max(1, int(np.ceil(11 * n / width)))
    top = (
        heads.transform_filter(f"datum.c % {every} === 0")
        .mark_text(angle=305 if slanted else 0, align="left" if slanted else "center", baseline="bottom", fontSize=13, limit=110)
        .encode(
            x=alt.X("middle:Q", scale=alt.Scale(domain=[0, n], nice=False), axis=None),
            y=alt.value(-8),
            text="token:N",
            color=alt.condition("datum.read", alt.value(frame), alt.value(ink)),
            tooltip=alt.Tooltip("token:N", title=_("token")),
        )
    )
    ends = alt.Chart(data.columns(r=list(range(len(names)))))
    left = ends.transform_calculate(method="methods[datum.r]").mark_text(align="right", color=ink, fontSize=13)
    left = left.encode(x=alt.value(-10), y=y, text="method:N")
    caption = ends.transform_calculate(caption="agreements[datum.r]").mark_text(align="left", color=ink, fontSize=13, fontWeight="bold")
    right = caption.encode(x=alt.value(width + 10), y=y, text="caption:N")
    agreements = ["", *(f"ρ {correlations[name]:+.2f}" if np.isfinite(correlations.get(name, np.nan)) else "" for name in methods)]
    texts = data.texts(tokens=list(labels), methods=names, agreements=agreements)
    return (
        alt.layer(first, others, top, left, right)
        .resolve_scale(color="independent")
        .add_params(*texts.values())
        .properties(width=width, height=down * len(names), autosize=data.PAD, usermeta=data.render(n * len(names)))
        .configure_view(stroke=None)
    )
