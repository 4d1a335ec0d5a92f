"""A score as four terms, content and position meeting each other, and the angles between both subspaces."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, matrix, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Picture, described
from explorer.i18n import N_, _

TITLES = (N_("content · content"), N_("content · position"), N_("position · content"), N_("position · position"))
_LOW = (340, 48)
"""Width and height of each picture below the maps on the stage, in pixels: together they are as wide as the maps."""


def maps(
    terms: Sequence[np.ndarray],
    total: np.ndarray,
    scores: np.ndarray,
    labels: Sequence[str],
    *,
    side: int = 170,
    across: int = 3,
    dark: bool = False,
) -> Picture:
    """Four maps, their sum, and the model's own scores, all on one scale; queries down, keys across.

    Args:
        terms: in the order of `TITLES`, (n, n) each.
        total: their sum; scores: the model's own.
        labels: tokens; they may repeat.
        side: of one map, in pixels.
        across: maps in a row.
    """
    top = max(matrix.largest(part) for part in (*terms, scores))
    tables, given = {}, {"tokens": list(labels), "n": len(labels)}
    # In one row the sum follows all four; in two rows it stands beside the first two, above the model's own scores.
    parts = (*terms, total, scores) if across == 6 else (*terms[:2], total, *terms[2:], scores)
    for i, part in enumerate(parts):
        table, end = matrix.filling(part, top, dark, table=f"map{i}")
        tables, given = tables | table, given | end
    return Picture(_description(side, across, dark), tables, given)


@described
def _description(side: int, across: int, dark: bool) -> alt.VConcatChart:
    one, two, three, four = map(_, TITLES)
    first, last = [(one, _("what, by what")), (two, _("what, by where"))], [(three, _("where, by what")), (four, _("where, by where"))]
    total, scores = (_("sum of the four"), ""), (_("the model's scores"), _("scaled, no mask"))
    titled_maps = [*first, *last, total, scores] if across == 6 else [*first, total, *last, scores]
    how = {"x": "", "y": "", "columns": "tokens", "width": side, "height": side, "dark": dark}
    maps = [
        matrix.panel(("n", "n"), title=title, look=look, rows="tokens" if i % across == 0 else "", table=f"map{i}", **how)
        for i, (title, look) in enumerate(titled_maps)
    ]
    rows = [alt.hconcat(*maps[i : i + across], spacing=16) for i in range(0, len(maps), across)]
    made = alt.vconcat(*rows, spacing=8).resolve_scale(color="shared", x="independent", y="independent")
    return finished(made.add_params(*matrix.parameters("tokens"), alt.param(name="n", value=1)))


def beside(spreads: Sequence[float], measured: np.ndarray, random: np.ndarray, *, hall: bool = False, dark: bool = False) -> Picture:
    """Which term decides, and the principal angles in degrees, (k,) each: those of the model, and of random subspaces.

    Args:
        hall: beside each other and low, for the stage, where they stand below the maps.
    """
    tables = {"spreads": pd.DataFrame({"i": np.arange(len(TITLES)), "value": np.asarray(spreads, dtype=float)})}
    for name, values in (("random", random), ("measured", measured)):
        tables[name] = pd.DataFrame({"k": np.arange(1, len(values) + 1), "angle": values.astype(float)})
    return Picture(_beside_description(hall, dark), tables)


@described
def _beside_description(hall: bool, dark: bool) -> alt.VConcatChart | alt.HConcatChart:
    if hall:
        return finished(alt.hconcat(_shares(dark, *_LOW), _angles(dark, *_LOW), spacing=40))
    return finished(alt.vconcat(_shares(dark), _angles(dark), spacing=12))


def _shares(dark: bool, width: int = 185, height: int = 110) -> alt.Chart:
    """Spread of each term within its rows, beside that of the sum."""
    chart = alt.Chart(alt.NamedData("spreads")).transform_calculate(name="term_names[datum.i]")
    y = alt.Y(
        "i:O",
        title=None,
        axis=alt.Axis(labelExpr="term_names[datum.value]", labelFontSize=12, labelLimit=150, labelOverlap=False, ticks=False, domain=False),
    )
    x = alt.X("value:Q", title=_("standard deviation within rows"), axis=alt.Axis(tickCount=4))
    bars = chart.mark_bar(color=palette.lines(dark)[0]).encode(x=x, y=y, tooltip=[alt.Tooltip("name:N"), alt.Tooltip("value:Q", format=".4f")])
    caption = titled(_("Which term decides"), _("What a row's keys share changes no weight."), dark)
    return bars.add_params(*data.texts(term_names=[_(title) for title in TITLES]).values()).properties(width=width, height=height, title=caption)


def _angles(dark: bool, width: int = 185, height: int = 150) -> alt.LayerChart:
    blue, other = palette.lines(dark)[0], palette.lines(dark)[5]
    layers = []
    for name, colour, dashed in (("random", other, [4, 3]), ("measured", blue, [1, 0])):
        base = alt.Chart(alt.NamedData(name))
        x = alt.X("k:O", title=_("angle, smallest first"), axis=alt.Axis(labelAngle=0))
        y = alt.Y("angle:Q", title=_("degrees"), scale=alt.Scale(domain=[0, 90]), axis=alt.Axis(values=[0, 30, 60, 90]))
        tip = alt.Tooltip("angle:Q", title=_("degrees"), format=".1f")
        layers.append(base.mark_line(color=colour, strokeDash=dashed, strokeWidth=2.5).encode(x=x, y=y))
        layers.append(base.mark_point(color=colour, filled=True, size=40).encode(x=x, y=y, tooltip=tip))
    caption = titled(_("Angles of the two subspaces"), _("90°: nothing in common. Dashed: random."), dark)
    return alt.layer(*layers).properties(width=width, height=height, title=caption)
