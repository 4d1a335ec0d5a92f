"""What the pictures of the laboratories have in common."""

from __future__ import annotations

import altair as alt

from explorer.charts.common import data, palette


def titled(text: str, look: str, dark: bool) -> alt.TitleParams:
    """A picture's title, and under it what to look at."""
    ink = palette.page(dark)[1]
    return alt.TitleParams(text, subtitle=look, anchor="start", fontSize=13, subtitleFontSize=12, subtitleColor=ink, offset=6)


def finished(chart: alt.TopLevelMixin, marks: int = 0) -> alt.TopLevelMixin:
    """With the settings of the pictures: few marks are drawn as SVG, whose texts can be read in the page."""
    chart = chart.properties(autosize=data.PAD, usermeta=data.render(marks))
    # Nothing that is computed here is missing, so that nothing need be looked through for it.
    return chart.configure_view(stroke=None).configure_axis(titlePadding=4, labelPadding=4).configure_mark(invalid="show")
