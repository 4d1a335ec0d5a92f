"""How a training goes: loss and accuracy of several runs, the heads' roles, gradient norms and the time of a step, over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

POINTS = 150
"""A line has at most about so many points: a browser draws them many times while a training goes on."""
_LETTER, _BESIDE = 6.15, 14
"""Pixels of a letter of a name below a plot, and of what stands beside the name; a Chinese letter is as wide as two."""


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: of what it shows.
        points: (n, 2): step and value; values that are no number are left out.
        colour: number of its colour.
        strong: drawn thick, with its points.
        faint: drawn thin.
    """

    name: str
    points: np.ndarray
    colour: int = 0
    strong: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Plot:
    """How values are drawn over the steps.

    Attributes:
        title: of the values.
        whole: the axis shows all of 0 to 1.
        percent: values are shares of 1, said in per cent.
        log: a logarithmic axis; values of 0 are left out.
        legend, titled: whether the colours are named, and the steps.
        number: format of a value on hover.
        width, height: of the plot, in pixels.
    """

    title: str
    whole: bool = False
    percent: bool = False
    log: bool = False
    legend: bool = True
    titled: bool = True
    number: str = ".3f"
    width: int = 320
    height: int = 150


def over_steps(
    plot: Plot,
    lines: Sequence[Line],
    colours: Sequence[str],
    steps: int,
    *,
    at: int | None = None,
    goal: float | None = None,
    dark: bool = False,
) -> Picture:
    """The plot. While a training goes on only tables change.

    Args:
        lines: what is drawn.
        colours: what each colour stands for.
        steps: where the axis ends.
        at: a step that is marked, such as that of a film's frame.
        goal: a value that is marked.
    """
    rows = [(i, line, *point) for i, line in enumerate(lines) for point in thinned(line.points, plot.log)]
    points = {
        "line": [row[0] for row in rows],
        "colour": [row[1].colour % len(colours) for row in rows],
        "kind": [2 if row[1].strong else 0 if row[1].faint else 1 for row in rows],
        "step": np.array([row[2] for row in rows], dtype=float),
        "value": np.array([row[3] for row in rows], dtype=float),
    }
    marks = {"at": {"step": [] if at is None else [float(at)]}, "goal": {"value": [] if goal is None else [float(goal)]}}
    tables = {"points": pd.DataFrame(points), **{name: pd.DataFrame(mark, dtype=float) for name, mark in marks.items()}}
    across = 2 if len(colours) > 1 and max(map(_letters, colours)) * _LETTER <= plot.width // 2 - _BESIDE else 1
    values = {"line_names": [line.name for line in lines], "colour_names": list(colours), "last": max(1, steps)}
    values |= data.span(points["value"], marks["goal"]["value"], zero=not plot.log, log=plot.log)
    return Picture(
        _description(plot, len(colours), across, dark),
        tables,
        values,
        _("Lines over steps of training: {names}.").format(names=", ".join(colours)),
    )


@described
def _description(plot: Plot, n: int, across: int, dark: bool) -> alt.LayerChart:
    ink = palette.page(dark)[1]
    axis = alt.Axis(tickCount=5, grid=False)
    scale = alt.Scale(domain=[0, alt.ExprRef("last")])
    x = alt.X("step:Q", title=_("step") if plot.titled else None, scale=scale, axis=axis)
    scale = alt.Scale(domain=[0, 1]) if plot.whole else data.spanned(type="log") if plot.log else data.spanned()
    # Plots one below the other share their steps: their left edges meet.
    axis = alt.Axis(format="%" if plot.percent else alt.Undefined, tickCount=4, minExtent=38, maxExtent=38)
    y = alt.Y("value:Q", title=plot.title, scale=scale, axis=axis)
    shades = list(palette.lines(dark))
    legend = alt.Legend(
        orient="bottom",
        columns=across,
        labelExpr="colour_names[datum.value]",
        labelLimit=plot.width // across - _BESIDE,
        symbolOpacity=1,
        symbolSize=80,
    )
    colour = alt.Color(
        "colour:N",
        title=None,
        scale=alt.Scale(domain=list(range(n)), range=[shades[i % len(shades)] for i in range(n)]),
        legend=legend if plot.legend else None,
    )
    base = alt.Chart(alt.NamedData("points")).transform_calculate(name="line_names[datum.line]")
    tips = [
        alt.Tooltip("name:N", title=_("line")),
        alt.Tooltip("step:Q", title=_("step"), format=",.0f"),
        alt.Tooltip("value:Q", title=plot.title, format=".1%" if plot.percent else plot.number),
    ]
    layers = []
    for kind, thick, opacity in ((0, 1.2, 0.45), (1, 1.8, 0.9), (2, 2.6, 1.0)):
        part = base.transform_filter(f"datum.kind === {kind}")
        layers.append(part.mark_line(strokeWidth=thick, opacity=opacity).encode(x=x, y=y, color=colour, detail="line:N"))
        if kind:
            # Of most lines the points are only there to be pointed at.
            points = part.mark_point(filled=True, size=26, opacity=1 if kind == 2 else 0)
            layers.append(points.encode(x=x, y=y, color=colour, tooltip=tips))
    goal = alt.Chart(alt.NamedData("goal")).mark_rule(strokeDash=[4, 4], color=ink, opacity=0.6)
    at = alt.Chart(alt.NamedData("at")).mark_rule(color=palette.frame(dark), strokeWidth=1.5, opacity=0.8)
    return (
        alt.layer(*layers, goal.encode(y="value:Q"), at.encode(x="step:Q"))
        .add_params(*data.texts(line_names=[], colour_names=[]).values(), alt.param(name="last", value=1), *data.SPAN)
        .properties(width=plot.width, height=plot.height, autosize=data.PAD, usermeta=data.render(0))
    )


def _letters(name: str) -> int:
    return sum(2 if "\u2e80" <= letter <= "\uffef" else 1 for letter in name)


def thinned(points: np.ndarray, positive: bool = False) -> np.ndarray:
    """At most `POINTS` rows, the first and the last among them; without values that are no number, or not above 0."""
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    points = points[np.isfinite(points[:, 1]) & ((points[:, 1] > 0) | (not positive))]
    if len(points) <= POINTS:
        return points
    return points[np.linspace(0, len(points) - 1, POINTS).round().astype(int)]
