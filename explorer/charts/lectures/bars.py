"""A bar for each of a few names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame

_WRITTEN = 16
"""Bars up to which numbers are written at them."""


def bars(
    names: Sequence[str],
    values: Sequence[float],
    title: str,
    axis: str,
    *,
    of: Sequence[str] = (),
    series: Sequence[str] = (),
    stacked: bool = False,
    marked: Sequence[int] = (),
    ends: tuple[float, float] | None = None,
    format: str = ".3~g",
    across: bool = False,
    written: bool | None = None,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        names: of each bar; bars of one name, of several series, stand together.
        values: of each bar; nan for one that is not there, whose name stays.
        title: of the picture; axis: of the values.
        of: series of each bar, one of `series`; of one series all where there are none.
        stacked: bars of one name on top of each other; else beside each other.
        marked: numbers of bars that carry a frame.
        ends: of the values; from 0 as the data are where None.
        format: of the numbers, which are written at the bars.
        across: whether bars lie, for long names.
        written: whether numbers are written at the bars; where None, if they are few and not on top of each other.
        size: of the drawing.
    """
    kinds = tuple(series) or ("",)
    order = list(dict.fromkeys(names))
    table = pd.DataFrame(
        {
            "name": [order.index(name) for name in names],
            "value": np.asarray(values, dtype=float),
            "series": list(of) or kinds[0],
            "marked": [i in set(marked) for i in range(len(names))],
        }
    )
    table["text"] = [_written(value, format) for value in table["value"]]
    table["value"] = table["value"].fillna(0)
    written = (not stacked and len(order) * len(kinds) <= _WRITTEN) if written is None else written
    description = _description(title, axis, len(order), kinds, stacked, ends, format, across, written, size, dark)
    return Picture(description, {"bars": table}, {"names": order if across else [_lines(name, size[0] / len(order)) for name in order]})


def _lines(name: str, width: float) -> str | list[str]:
    """A name that is wider than the place of its bar, in pixels, on two lines, broken between two words."""
    if _width(name) <= width:
        return name
    breaks = [found.start() for found in re.finditer(r"(?<=\w) (?=\w)", name)]
    if not breaks:
        return name
    at = min(breaks, key=lambda at: max(_width(name[:at]), _width(name[at + 1 :])))
    return [name[:at], name[at + 1 :]]


def _width(text: str) -> float:
    """About how many pixels a text takes in the letters of a figure: a Chinese character is as wide as it is high."""
    wide = frame.wide_letters(text)
    return frame.LETTERS * (wide + 0.55 * (len(text) - wide))


def _written(value: float, format: str) -> str:
    """A number as d3 would write it, a dash where there is none; of d3's formats, Python lacks the mark that takes zeros off, and SI."""
    if np.isnan(value):
        return "–"
    plain = format.replace("~", "").replace("s", "g")
    return f"{round(value):{plain}}" if plain.endswith("d") else f"{value:{plain}}"


@described
def _description(
    title: str,
    axis: str,
    n: int,
    series: tuple[str, ...],
    stacked: bool,
    ends: tuple[float, float] | None,
    format: str,
    across: bool,
    written: bool,
    size: tuple[int, int],
    dark: bool,
) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    longest = 150 if across else max(60, size[0] // max(1, n))
    label = alt.Axis(labelExpr="names[datum.value]", labelAngle=0, ticks=False, labelLimit=longest, labelOverlap=n > _WRITTEN)
    name = {"field": "name", "type": "ordinal", "title": None, "axis": label, "scale": alt.Scale(domain=list(range(n)), paddingInner=0.25)}
    scale = alt.Scale(zero=True) if ends is None else alt.Scale(domain=list(ends), clamp=True)
    value = {"field": "value", "type": "quantitative", "title": axis, "scale": scale, "stack": "zero" if stacked else None}
    value["axis"] = alt.Axis(tickCount=5, **frame.numbers(format))
    beside = len(series) > 1 and not stacked
    offset = {"field": "series", "type": "nominal", "sort": list(series)}
    place = {"x": alt.X(**value), "y": alt.Y(**name)} if across else {"x": alt.X(**name), "y": alt.Y(**value)}
    if beside:
        place |= {"yOffset": alt.YOffset(**offset)} if across else {"xOffset": alt.XOffset(**offset)}
    base = alt.Chart(alt.NamedData("bars")).encode(**place)
    tips = [alt.Tooltip("text:N", title=axis), *([alt.Tooltip("series:N", title=" ")] if len(series) > 1 else [])]
    # Numbers at the tops of standing bars need a line of their own below the legend.
    above = frame.LETTERS + 8 if written and not across else None
    marked = {"condition": {"test": "datum.marked", "value": palette.frame(dark)}, "value": None}
    drawn = base.mark_bar(strokeWidth=4).encode(color=frame.colour(series, dark, offset=above), stroke=alt.Stroke(**marked), tooltip=tips)
    if not written:
        return frame.finished(alt.layer(drawn).add_params(alt.param(name="names", value=[])), *size, title)
    at = {"align": "left", "dx": 4} if across else {"baseline": "bottom", "dy": -3}
    numbers = base.mark_text(fontSize=frame.LETTERS, color=ink, **at).encode(text="text:N")
    return frame.finished(alt.layer(drawn, numbers).add_params(alt.param(name="names", value=[])), *size, title)
