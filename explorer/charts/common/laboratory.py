"""What the pictures of the laboratories have in common."""

from __future__ import annotations

import re

import altair as alt

from explorer.charts.common import data, palette

_LETTER = 6
"""Width of a letter of what stands under a title, about, in pixels; a Chinese one is twice as wide."""


def titled(text: str, look: str, dark: bool, width: int | None = None) -> alt.TitleParams:
    """A picture's title, and under it what to look at: in as many lines as it needs to be no wider than `width` pixels."""
    ink = palette.page(dark)[1]
    return alt.TitleParams(
        text,
        subtitle=look if width is None else broken(look, width),
        anchor="start",
        fontSize=13,
        subtitleFontSize=12,
        subtitleColor=ink,
        offset=6,
    )


def broken(text: str, width: int) -> list[str]:
    """The lines of a text that are no wider than so many pixels; Chinese is broken between any two characters, but before no mark."""
    lines, room = [""], width / _LETTER
    for part in re.findall(r"[^\s\u2e80-\uffef]+\s*|[\u2e80-\uffef][，。；：！？、）]*\s*|\s+", text):
        if lines[-1] and sum(map(_wide, lines[-1] + part.rstrip())) > room:
            lines.append("")
        lines[-1] += part
    return [line.strip() for line in lines]


def _wide(letter: str) -> int:
    return 2 if "\u2e80" <= letter <= "\uffef" else 1


def finished(chart: alt.TopLevelMixin, marks: int = 0) -> alt.TopLevelMixin:
    """With the settings of the pictures: few marks are drawn as SVG, whose texts can be read in the page."""
    chart = chart.properties(autosize=data.PAD, usermeta=data.render(marks))
    # Nothing that is computed here is missing, so that nothing need be looked through for it.
    return chart.configure_view(stroke=None).configure_axis(titlePadding=4, labelPadding=4).configure_mark(invalid="show")
