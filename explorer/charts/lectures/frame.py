"""What all pictures of the course have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar
from unicodedata import east_asian_width

import altair as alt

from explorer.charts.common import data, palette

_Channel = TypeVar("_Channel", alt.Shape, alt.StrokeDash)
SIZES = {1: (900, 255), 2: (400, 250), 3: (235, 225)}
"""Width and height of the drawing, in pixels, by how many stand side by side; titles and axes come on top."""
LETTERS = 14
"""Font size: on the stage it becomes 24 pixels and more."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
"""A series is told by its colour and by the shape of its points."""
DASHES = ([1, 0], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 4])


def titled(title: str) -> alt.TitleParams:
    return alt.TitleParams(title, anchor="start", fontSize=LETTERS + 1, offset=8)


def finished(chart: alt.TopLevelMixin, width: int, height: int, title: str, marks: int = 0) -> alt.TopLevelMixin:
    """With size, title and letters."""
    chart = chart.properties(width=width, height=height, title=titled(title), autosize=data.PAD, usermeta=data.render(marks))
    letters = {"labelFontSize": LETTERS, "titleFontSize": LETTERS}
    return (
        chart.configure_view(stroke=None)
        .configure_axis(**letters, titlePadding=6, labelPadding=4, labelLimit=200)
        .configure_legend(**letters, orient="top", title=None, labelLimit=260, symbolSize=120, offset=4)
        .configure_mark(invalid="show")
    )


def wide_letters(text: str) -> int:
    """How many letters of a text are as wide as they are high, as those of Chinese are."""
    return sum(east_asian_width(letter) in "WF" for letter in text)


def colours(n: int, dark: bool) -> list[str]:
    """Of so many series, in their order."""
    return [palette.lines(dark)[i % 6] for i in range(n)]


def colour(
    series: Sequence[str],
    dark: bool,
    legend: bool = True,
    columns: int | None = None,
    field: str = "series",
    filled: bool = False,
    offset: int | None = None,
) -> alt.Color:
    """The colour of a series, always the same for its place among all of them.

    Args:
        offset: of the legend from the drawing, in pixels, where something is written between them.
        columns: of the legend, where one row is too long.
        filled: whether the symbols of the legend are filled shapes; they have no outline then, since that would be dashed as the lines are.
    """
    scale = alt.Scale(domain=list(series), range=colours(len(series), dark))
    how = {} if columns is None else {"columns": columns, "columnPadding": 14}
    if filled:
        how["symbolStrokeWidth"] = 0
    if offset is not None:
        how["offset"] = offset
    return alt.Color(f"{field}:N", scale=scale, legend=alt.Legend(**how) if legend and len(series) > 1 else None)


def as_colour(channel: type[_Channel], range_: Sequence[object], series: Sequence[str], colour: alt.Color) -> _Channel:
    """Another look of the series beside their colour, of those in `range_` in turn; both are explained by one legend."""
    scale = alt.Scale(domain=list(series), range=[range_[i % len(range_)] for i in range(len(series))])
    return channel("series:N", scale=scale, legend=colour.to_dict()["legend"])


def numbers(format: str) -> dict[str, str]:
    """How an axis writes its numbers.

    Significant digits are meant for what is measured: ticks of 10, 20, .. would be 1e+1, 2e+1, and 1.5 with one digit 2. So ticks are
    written as they are; a tenth as one, and not as 100 thousandths.
    """
    return {"labelExpr": _number(format)} if format.endswith("g") else {"format": format}


def _number(format: str) -> str:
    """An expression that writes a tick of a logarithmic axis, or one that is measured."""
    if format.endswith("e"):
        # A hall reads 10⁵ and not 1e+5; what is near 1 is written out.
        power = "floor(log(datum.value) / LN10 + 1e-9)"
        raised = f"format({power}, 'd')"
        for plain, high in zip("0123456789\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True):
            raised = f"replace({raised}, /{plain}/g, '{high}')"
        first = f"round(datum.value / pow(10, {power}))"
        return f"abs({power}) < 3 ? format(datum.value, '~g') : ({first} == 1 ? '' : {first} + '·') + '10' + {raised}"
    if not format.endswith("g"):
        return f"format(datum.value, '{format}')"
    return "format(datum.value, abs(datum.value) < 1 ? '~g' : abs(datum.value) < 1e4 ? ',.4~r' : '~s')"


def first_digits(values: Iterable[float]) -> tuple[int, ...]:
    """With which digits the numbers begin that are written on a logarithmic axis: of few powers of ten others are needed, too."""
    found = [value for value in values if 0 < value < math.inf]
    return (1,) if found and max(found) >= 100 * min(found) else (1, 2, 5)


def logarithmic(format: str, digits: Sequence[int]) -> dict[str, object]:
    """How a logarithmic axis writes its numbers: 1, 10, 100, with lines at these alone.

    Left to itself, Vega has ticks at 1, 2, 3 .. and writes whatever does not overlap: 0.9, 8, 70.
    """
    # What one begins with; a little more than a power of ten is not less than it by rounding.
    digit = "round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))"
    is_round = f"indexof({list(digits)}, {digit}) >= 0"
    return {
        "labelExpr": f"{is_round} ? ({_number(format)}) : ''",
        "gridOpacity": {"condition": {"test": is_round, "value": 1}, "value": 0},
        "tickOpacity": {"condition": {"test": is_round, "value": 1}, "value": 0},
    }
