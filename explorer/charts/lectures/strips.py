"""Rows of tokens that light up: what may be seen, and how brightly; what is not is dark."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame
from explorer.charts.lectures.grid import shade


def strips(
    names: Sequence[str],
    tokens: Sequence[Sequence[str]],
    values: Sequence[np.ndarray],
    title: str,
    *,
    visible: Sequence[np.ndarray],
    marked: Sequence[int | None] = (),
    notes: Sequence[str] = (),
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        names: of the rows, from above.
        tokens: of each row; rows may be of different lengths.
        values: how bright each token is, 0 to 1.
        title: of the picture.
        visible: bool; False is drawn in the colour of what may not be seen.
        marked: number of the token of each row that carries a frame, or None.
        notes: what stands at the right of each row.
        size: of the drawing, the notes left out.
    """
    rows = []
    for r, (row, brightness, seen) in enumerate(zip(tokens, values, visible, strict=True)):
        for c, (token, value, ok) in enumerate(zip(row, brightness, seen, strict=True)):
            # A token that is seen with little weight is still seen: its colour begins away from that of the page.
            colour = shade(0.12 + 0.75 * float(value) if ok else np.nan, False, dark)
            rows.append(
                (r, c, token, colour, palette.ink_on(colour) if ok else palette.page(dark)[1], 1.0 if ok else 0.35, float(value) if ok else None)
            )
    cells = pd.DataFrame(rows, columns=["r", "c", "token", "colour", "ink", "opacity", "value"])
    frames = pd.DataFrame([(r, c) for r, c in enumerate(marked) if c is not None], columns=["r", "c"], dtype=int)
    texts = pd.DataFrame({"r": range(len(notes)), "note": list(notes)})
    longest = max(len(row) for row in tokens)
    description = _description(title, len(tokens), longest, bool(notes), size, dark)
    return Picture(description, {"cells": cells, "marked": frames, "notes": texts}, {"names": list(names)})


@described
def _description(title: str, rows: int, columns: int, noted: bool, size: tuple[int, int], dark: bool) -> alt.LayerChart:
    label = alt.Axis(labelExpr="names[datum.value]", ticks=False, domain=False, labelLimit=260)
    x = alt.X("c:O", title=None, axis=None, scale=alt.Scale(domain=list(range(columns)), paddingInner=0.06, paddingOuter=0))
    y = alt.Y("r:O", title=None, axis=label, scale=alt.Scale(domain=list(range(rows)), paddingInner=0.16, paddingOuter=0))
    base = alt.Chart(alt.NamedData("cells")).encode(x=x, y=y)
    tips = [alt.Tooltip("token:N", title=" "), alt.Tooltip("value:Q", title=title, format=".2f")]
    layers = [
        base.mark_rect(cornerRadius=4).encode(color=alt.Color("colour:N", scale=None), tooltip=tips),
        base.mark_text(fontSize=frame.LETTERS + 1, limit=0.94 * size[0] / columns).encode(
            text="token:N", color=alt.Color("ink:N", scale=None), opacity=alt.Opacity("opacity:Q", scale=None)
        ),
        alt.Chart(alt.NamedData("marked")).mark_rect(filled=False, stroke=palette.frame(dark), strokeWidth=4, cornerRadius=4).encode(x=x, y=y),
    ]
    if noted:
        note = alt.Chart(alt.NamedData("notes")).mark_text(fontSize=frame.LETTERS + 1, align="left", color=palette.page(dark)[1])
        layers.append(note.encode(x=alt.value(size[0] + 12), y=y, text="note:N"))
    return frame.finished(alt.layer(*layers).add_params(alt.param(name="names", value=[])), *size, title)
