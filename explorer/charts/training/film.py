"""All heads of a small model on one example, large enough for its tokens on both axes: one frame of a film."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette, thumbnails
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

_LEAST, _MOST = 12, 14
"""Font sizes of tokens on an axis; where a token has less room, every second or third is named."""
_GAP, _TITLE = 10, 18
_LETTER = 7
"""Width of a letter, about, in pixels."""
LARGEST = 420
"""Side of one picture at most, in pixels."""


@dataclass(frozen=True)
class Layout:
    """Where the heads stand: each layer starts a new row, and has as many rows as makes the pictures largest.

    Attributes:
        side: of one picture, in pixels.
        across: pictures in a row.
        rows: rows of a layer.
        left, top: room for the tokens beside and above the pictures.
    """

    side: int
    across: int
    rows: int
    left: int
    top: int

    def place(self, layer: int, head: int) -> tuple[int, int]:
        """The picture's upper left corner, in pixels."""
        row = layer * self.rows + head // self.across
        return (head % self.across) * (self.side + _GAP), row * (self.side + _GAP + _TITLE) + _TITLE


def layout(layers: int, heads: int, queries: Sequence[str], keys: Sequence[str], width: int, height: int) -> Layout:
    """The layout with the largest pictures."""
    left = 14 + _LETTER * min(9, max(map(len, queries)))
    top = 4 + _LETTER * min(7, max(map(len, keys)))

    def side(across: int) -> int:
        down = layers * math.ceil(heads / across)
        return min((width - left) // across - _GAP, (height - top) // down - _GAP - _TITLE, LARGEST)

    best = max(range(heads, 0, -1), key=side)
    return Layout(max(16, side(best)), best, math.ceil(heads / best), left, top)


def film(
    patterns: Sequence[np.ndarray],
    visible: Sequence[np.ndarray],
    queries: Sequence[str],
    keys: Sequence[str],
    *,
    selected: tuple[int, int] = (0, 0),
    width: int = 600,
    height: int = 540,
    dark: bool = False,
    contrast: bool = False,
) -> Picture:
    """One frame; a click comes back as selection "head" with the fields layer and head. From frame to frame only a table changes.

    Args:
        patterns: by layer, (heads, query, key).
        visible: by layer, bool (query, key).
        queries, keys: labels of rows and columns; they may repeat.
        selected: layer and head that carry the frame at first.
        width, height: room for all, labels included, in pixels.
        contrast: small pictures as in `thumbnails.encode`.
    """
    layers, heads = len(patterns), max(map(len, patterns))
    at = layout(layers, heads, queries, keys, width, height)
    rows = []
    for layer, (weights, seen) in enumerate(zip(patterns, visible, strict=True)):
        for head, one in enumerate(weights):
            # The largest weight is said by its place: tokens are looked up, and never part of what changes.
            q, k = np.unravel_index(int(one.argmax()), one.shape)
            png = thumbnails.encode(one, seen, dark, contrast=contrast)
            x, y = at.place(layer, head)
            rows.append({"layer": layer, "head": head, "x": x, "y": y, "largest": float(one.max()), "q": int(q), "k": int(k), "png": png})
    longest = max(map(len, keys))
    # Words stand upright where they are wider than what they have; single characters never need to.
    upright = longest > max(1, _every(len(keys), at.side) * at.side / len(keys) // _LETTER)
    made = _description(layers, heads, at, len(queries), len(keys), upright, dark)
    values = {"query_tokens": list(queries), "key_tokens": list(keys), "head": [{"layer": selected[0], "head": selected[1]}]}
    return Picture(made, {"heads": pd.DataFrame(rows)}, values, _("All heads of the network, a small map each."))


@described
def _description(layers: int, heads: int, at: Layout, n_queries: int, n_keys: int, upright: bool, dark: bool) -> alt.LayerChart:
    side = at.side
    size = at.across * (side + _GAP), layers * at.rows * (side + _GAP + _TITLE)
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    across = {"scale": alt.Scale(domain=[0, size[0]], nice=False), "axis": None}
    down = {"scale": alt.Scale(domain=[size[1], 0], nice=False), "axis": None}
    x, y = alt.X("x:Q", **across), alt.Y("y:Q", **down)
    ink = palette.page(dark)[1]
    base = alt.Chart(alt.NamedData("heads")).transform_calculate(
        url="'data:image/png;base64,' + datum.png",
        name=data.sentence(_("layer {layer}, head {head}")),
        x2=f"datum.x + {side}",
        y2=f"datum.y + {side}",
        cx=f"datum.x + {side / 2}",
        cy=f"datum.y + {side / 2}",
        peak="query_tokens[datum.q] + ' → ' + key_tokens[datum.k]",
    )
    tips = [
        alt.Tooltip("name:N", title=_("where")),
        alt.Tooltip("largest:Q", title=_("largest weight"), format=".3f"),
        alt.Tooltip("peak:N", title=_("from → to")),
    ]
    pictures = base.mark_image(width=side, height=side, smooth=False, aspect=False, cursor="pointer")
    pictures = pictures.encode(x=alt.X("cx:Q", **across), y=alt.Y("cy:Q", **down), url="url:N", tooltip=tips)
    frames = base.mark_rect(fillOpacity=0, cursor="pointer").encode(
        x=x,
        x2="x2:Q",
        y=y,
        y2="y2:Q",
        tooltip=tips,
        stroke=alt.condition(pick, alt.value(palette.frame(dark)), alt.value("#5b6270" if dark else "#b9bec8")),
        strokeWidth=alt.condition(pick, alt.value(2.5), alt.value(1)),
    )
    titles = base.mark_text(align="left", baseline="bottom", dy=-3, color=ink, fontSize=12, cursor="pointer")
    titles = titles.encode(x=x, y=y, text="name:N" if side > 90 else "head:N")
    places = [at.place(layer, head) for layer in range(layers) for head in range(heads)]
    beside = _labels(n_queries, "query_tokens", [(-6, place[1]) for place in places if place[0] == 0], at, False, False, x, y, ink)
    above = _labels(n_keys, "key_tokens", [(place[0], 0) for place in places if place[1] == _TITLE], at, True, upright, x, y, ink)
    return (
        alt.layer(pictures, *beside, *above, titles, frames.add_params(pick))
        .add_params(*data.texts(query_tokens=[], key_tokens=[]).values())
        .properties(width=size[0], height=size[1], padding={"left": at.left, "top": at.top, "right": 4, "bottom": 4}, usermeta=data.render(0))
        .properties(autosize=alt.AutoSizeParams(type="none", contains="content"))
        .configure_view(stroke=None)
    )


def _every(n: int, side: int) -> int:
    """Each how many-eth of n tokens on so many pixels is named."""
    return max(1, math.ceil(_LEAST * n / side))


def _labels(
    n: int, texts: str, starts: Sequence[tuple[int, int]], at: Layout, above: bool, upright: bool, x: alt.X, y: alt.Y, ink: str
) -> list[alt.Chart]:
    """The n tokens beside the pictures that start here, or above them; as many of them as can be read."""
    room, every = at.side / n, _every(n, at.side)
    middles = [(i, start, room * (i + 0.5)) for start in starts for i in range(0, n, every)]
    table = {
        "i": [i for i, _start, _middle in middles],
        "x": [start[0] + above * middle for _i, start, middle in middles],
        "y": [start[1] + (not above) * middle for _i, start, middle in middles],
    }
    style = {"align": "left" if upright else "center" if above else "right", "angle": 270 if upright else 0}
    style["baseline"] = "bottom" if above and not upright else "middle"
    marks = alt.Chart(data.columns(**table)).transform_calculate(token=f"{texts}[datum.i]")
    marks = marks.mark_text(
        color=ink, fontSize=float(np.clip(every * room * 0.85, _LEAST, _MOST)), limit=at.top if above else at.left - 8, clip=False, **style
    )
    return [marks.encode(x=x, y=y, text="token:N")]
