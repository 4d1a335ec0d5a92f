"""One point per head; a click comes back as selection "head" with the fields layer and head. What was not looked for is faint.

`placed` and `drawn` are for any picture of heads as points (`explorer.charts.atlas.moved`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, names, palette
from explorer.charts.common.picture import NOTHING, Picture, described
from explorer.i18n import _

_MARGIN = 20
"""Pixels between the outermost points and the frame, where their names have room."""
_AREA, _RING_AREA = 150, 260
"""Of a point and of the ring around the chosen one, in square pixels."""
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
_RADIUS, _RING = (_AREA / np.pi) ** 0.5 + 0.5, (_RING_AREA / np.pi) ** 0.5 + 1.5
_NO_POINTS, _FULL = np.empty((0, 2)), alt.value(1)


def scatter(
    heads: Sequence[tuple[int, int]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    titles: tuple[str, str] | None,
    groups: Sequence[str] = (),
    order: Sequence[str] = (),
    found: np.ndarray | None = None,
    chosen: tuple[int, int] | None = None,
    width: int = 560,
    height: int = 440,
    letters: int = 10,
    dark: bool = False,
) -> Picture:
    """The points. A name that would lie on another one, or on a point, is left out, and shown where its head is chosen.

    Args:
        heads: (layer, head) of each; those without a number are left out.
        x, y: (heads,).
        titles: of the axes; None where the places mean nothing by themselves.
        groups: of each head, what colours and shapes it; by layer where empty.
        order: of names of groups, so that each has its colour in every language; others come after them by name.
        found: which of them were looked for, bool (heads,); all where None.
        chosen: the head that carries a ring at first.
        width, height: in pixels; letters, of the heads' names.
    """
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    at = np.stack([np.asarray(x, float)[there], np.asarray(y, float)[there]], axis=1)
    held = np.ones(len(there), bool) if found is None else np.asarray(found)[there]
    first = sorted(names.outermost(at), key=lambda i: not held[i])
    table, ends = placed([heads[i] for i in there], at, (width, height), letters, first)
    table["group"] = [groups[i] for i in there] if groups else 0
    table["found"] = held.astype(int)
    aloud = _("A point for each head, {n} in all.").format(n=len(table))
    rank = {name: n for n, name in enumerate(order)}
    description = _description(
        tuple(sorted(set(groups), key=lambda name: (rank.get(name, len(rank)), name))), titles, width, height, letters, dark
    )
    return Picture(description, {"points": table}, selected(chosen) | ends, aloud)


def placed(
    heads: Sequence[tuple[int, int]], at: np.ndarray, room: tuple[int, int], letters: int, first: Sequence[int], others: np.ndarray = _NO_POINTS
) -> tuple[pd.DataFrame, dict[str, list[float]]]:
    """The table that `drawn` draws, and the ends of both axes.

    Args:
        heads: (layer, head) of each.
        at: x and y, (heads, 2), all finite.
        room: width and height of the picture, in pixels; letters, of the names.
        first: numbers of the heads, those whose names are placed first in front.
        others: further points, on which no name lies, (n, 2).
    """
    every = np.concatenate([at, others])
    ends = [(float(column.min()), float(column.max())) if len(column) else (0.0, 1.0) for column in every.T]
    called = [f"{layer}.{head}" for layer, head in heads]
    shifts = names.places(_pixels(every, ends, *room), called, room, letters, _RADIUS, _RING, first)
    table = pd.DataFrame(
        {
            "layer": [layer for layer, _head in heads],
            "head": [head for _layer, head in heads],
            "x": at[:, 0],
            "y": at[:, 1],
            "named": ~np.isnan(shifts[:, 0]),
            "right": np.nan_to_num(shifts[:, 0]),
            "down": np.nan_to_num(shifts[:, 1], nan=-_RING - letters / 2),
        }
    )
    # A scale of one point alone has no length.
    return table, {f"{name}_ends": list(pair if pair[0] < pair[1] else (pair[0] - 1, pair[0] + 1)) for name, pair in zip("xy", ends, strict=True)}


def selected(chosen: tuple[int, int] | None) -> dict[str, object]:
    """The value of selection "head" that a picture begins with."""
    return {"head": [{"layer": chosen[0], "head": chosen[1]}] if chosen else NOTHING}


def _pixels(at: np.ndarray, ends: Sequence[tuple[float, float]], width: int, height: int) -> np.ndarray:
    """Where the points lie from the upper left corner, in pixels (n, 2)."""
    low, length = np.array([low for low, _high in ends]), np.array([high - low for low, high in ends])
    share = np.where(length > 0, (at - low) / np.where(length > 0, length, 1), 0.5)
    share[:, 1] = 1 - share[:, 1]
    return _MARGIN + share * (np.array([width, height]) - 2 * _MARGIN)


@described
def _description(groups: tuple[str, ...], titles: tuple[str, str] | None, width: int, height: int, letters: int, dark: bool) -> alt.LayerChart:
    look = {}
    if groups:
        colours, shapes = ((list(one) * len(groups))[: len(groups)] for one in (palette.lines(dark), _SHAPES))
        flat = alt.Legend(symbolStrokeWidth=0)
        look["color"] = alt.Color("group:N", title=None, legend=flat, scale=alt.Scale(domain=list(groups), range=colours))
        look["shape"] = alt.Shape("group:N", title=None, legend=flat, scale=alt.Scale(domain=list(groups), range=shapes))
    else:
        shades = alt.Scale(range=palette.colours(dark)[2:], interpolate="rgb")
        look["color"] = alt.Color("layer:Q", title=_("layer"), scale=shades, legend=alt.Legend(tickCount=5, tickMinStep=1, format="d"))
    tips = [] if titles is None else [alt.Tooltip(f"{side}:Q", title=title, format=".4f") for side, title in zip("xy", titles, strict=True)]
    strength = alt.condition("datum.found == 1", alt.value(1), alt.value(0.22))
    return drawn(look, tips, titles, width, height, letters, dark, strength=strength)


def base() -> alt.Chart:
    """A chart of the points, each with the name of its head."""
    return alt.Chart(alt.NamedData("points")).transform_calculate(name="datum.layer + '.' + datum.head")


def place(titles: tuple[str, str] | None, fields: tuple[str, str] = ("x", "y")) -> dict[str, alt.X | alt.Y]:
    """Where points lie, by these fields of the table; without titles of the axes nothing of them is drawn."""
    bare = titles is None
    axis = alt.Axis(labels=not bare, ticks=not bare, grid=not bare, domain=not bare)
    made = {}
    for side, channel, field, title in zip("xy", (alt.X, alt.Y), fields, titles or (None, None), strict=True):
        scale = alt.Scale(domain=alt.ExprRef(f"{side}_ends"), zero=False, nice=False, padding=_MARGIN)
        made[side] = channel(f"{field}:Q", title=title, scale=scale, axis=axis)
    return made


def drawn(
    look: Mapping[str, object],
    tips: Sequence[alt.Tooltip],
    titles: tuple[str, str] | None,
    width: int,
    height: int,
    letters: int,
    dark: bool,
    *,
    strength: object = _FULL,
    under: Sequence[alt.Chart] = (),
) -> alt.LayerChart:
    """The points of `placed` with their names, a ring around the chosen one, and its name also where there is no room for it.

    Args:
        look: what colours and shapes a point.
        tips: what is told of it, after its name.
        titles: of the axes.
        width, height: in pixels; letters, of the names.
        strength: opacity of points and names.
        under: what is drawn before them.
    """
    pick = alt.selection_point(name="head", fields=["layer", "head"], toggle=False, clear=False, empty=False)
    at, (ground, ink) = place(titles), palette.page(dark)[:2]
    points = base().mark_point(filled=True, size=_AREA, stroke=ink, strokeOpacity=0.35, strokeWidth=1, cursor="pointer")
    points = points.encode(**at, **look, opacity=strength, tooltip=[alt.Tooltip("name:N", title=_("head")), *tips]).add_params(pick)
    rings = (
        base()
        .mark_point(size=_RING_AREA, filled=False, stroke=palette.frame(dark), strokeWidth=3)
        .encode(**at, opacity=alt.condition(pick, alt.value(1), alt.value(0)))
    )
    # At any moment the chosen head has its name, on a ground of the page's colour where there is no room for it.
    how = {"dx": alt.ExprRef("datum.right"), "dy": alt.ExprRef("datum.down"), "fontSize": letters, "align": "center", "baseline": "middle"}
    called = base().transform_filter("datum.named").mark_text(**how, color=ink).encode(**at, text="name:N", opacity=strength)
    alone = base().transform_filter("!datum.named").transform_filter(pick)
    behind = alone.mark_text(**how, color=ground, stroke=ground, strokeWidth=4, strokeJoin="round", aria=False).encode(**at, text="name:N")
    chosen = alone.mark_text(**how, color=ink).encode(**at, text="name:N")
    chart = alt.layer(*under, points, rings, called, behind, chosen)
    chart = chart.properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))
    return chart.add_params(*(alt.param(name=f"{name}_ends", value=[0, 1]) for name in "xy")).configure_view(stroke=None)
