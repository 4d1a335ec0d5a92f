"""What all pictures of the course have in common."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width

import altair as alt

from explorer.charts.common import data, palette

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
    series: Sequence[str], dark: bool, legend: bool = True, columns: int | None = None, field: str = "series", filled: bool = False
) -> alt.Color:
    """The colour of a series, always the same for its place among all of them.

    Args:
        columns: of the legend, where one row is too long.
        filled: whether the symbols of the legend are filled shapes; they have no outline then, since that would be dashed as the lines are.
    """
    scale = alt.Scale(domain=list(series), range=colours(len(series), dark))
    how = {} if columns is None else {"columns": columns, "columnPadding": 14}
    if filled:
        how["symbolStrokeWidth"] = 0
    return alt.Color(f"{field}:N", scale=scale, legend=alt.Legend(**how) if legend and len(series) > 1 else None)


def numbers(format: str) -> dict[str, str]:
    """How an axis writes its numbers.

    Significant digits are meant for what is measured: ticks of 10, 20, .. would be 1e+1, 2e+1, and 1.5 with one digit 2. So ticks are
    written as they are; a tenth as one, and not as 100 thousandths.
    """
    if not format.endswith("g"):
        return {"format": format}
    return {"labelExpr": "format(datum.value, abs(datum.value) < 1 ? '~g' : abs(datum.value) < 1e4 ? ',.4~r' : '~s')"}
