"""The maps of several heads side by side, each with its name."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import palette, thumbnails
from explorer.charts.common.picture import Picture, described
from explorer.charts.lectures import frame

_GAP, _NAME = 8, 20
"""Between two maps, and room for the name above each, in pixels."""


def maps(
    patterns: np.ndarray,
    names: Sequence[str],
    title: str,
    *,
    visible: np.ndarray | None = None,
    marked: Sequence[int] = (),
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture.

    Args:
        patterns: (maps, query, key), 0 to 1.
        names: of each map; they stand above it.
        title: of the picture.
        visible: bool (query, key), of all; False is drawn in the colour of what may not be seen.
        marked: numbers of maps that carry a frame.
        size: of the drawing.
    """
    n = len(patterns)
    seen = np.ones(patterns.shape[1:], bool) if visible is None else visible
    across, side = _layout(n, size)
    step = size[0] / across
    table = pd.DataFrame(
        {
            "x": [(i % across) * step for i in range(n)],
            "y": [(i // across) * (side[1] + _NAME + _GAP) + _NAME for i in range(n)],
            "name": list(names),
            "marked": [i in set(marked) for i in range(n)],
            "png": [thumbnails.encode(one, seen, dark) for one in patterns],
        }
    )
    return Picture(_description(title, side, size, dark), {"maps": table})


def _layout(n: int, size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    """How many stand in a row, and width and height of each: those whose shorter side is longest."""

    def side(across: int) -> tuple[int, int]:
        down = math.ceil(n / across)
        return int(size[0] / across - _GAP), int(size[1] / down - _NAME - _GAP)

    best = max(range(1, n + 1), key=lambda across: min(side(across)))
    width, height = side(best)
    return best, (min(width, 2 * height), min(height, 2 * width))


@described
def _description(title: str, side: tuple[int, int], size: tuple[int, int], dark: bool) -> alt.LayerChart:
    across = {"scale": alt.Scale(domain=[0, size[0]], nice=False), "axis": None}
    down = {"scale": alt.Scale(domain=[size[1], 0], nice=False), "axis": None}
    x, y = alt.X("x:Q", **across), alt.Y("y:Q", **down)
    base = alt.Chart(alt.NamedData("maps")).transform_calculate(
        url="'data:image/png;base64,' + datum.png",
        x2=f"datum.x + {side[0]}",
        y2=f"datum.y + {side[1]}",
        cx=f"datum.x + {side[0] / 2}",
        cy=f"datum.y + {side[1] / 2}",
    )
    images = base.mark_image(width=side[0], height=side[1], smooth=False, aspect=False)
    images = images.encode(x=alt.X("cx:Q", **across), y=alt.Y("cy:Q", **down), url="url:N")
    edge = {"condition": {"test": "datum.marked", "value": palette.frame(dark)}, "value": "#5b6270" if dark else "#b9bec8"}
    frames = base.mark_rect(fillOpacity=0, strokeWidth=1.5).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", stroke=alt.Stroke(**edge))
    names = base.mark_text(align="left", baseline="bottom", dy=-3, fontSize=frame.LETTERS, color=palette.page(dark)[1])
    return frame.finished(alt.layer(images, frames, names.encode(x=x, y=y, text="name:N")), *size, title)
