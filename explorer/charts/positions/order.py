"""What a model makes of tokens in another order: outputs put into that order, outputs for that order, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import matrix, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

DRAWN = 96
"""Dimensions of a row that are drawn, the first ones."""


def outputs(
    moved: np.ndarray, after: np.ndarray, labels: Sequence[str], *, scale: float, width: int = 250, height: int = 300, dark: bool = False
) -> Picture:
    """Three pictures side by side.

    Args:
        moved: P f(X), outputs for the text put into the new order, (n, width).
        after: f(PX), outputs for the new order, likewise.
        labels: tokens in the new order; they may repeat.
        scale: largest output, the end of the axis of deviations.
        width, height: of one picture, in pixels.
    """
    top = float(np.quantile(np.abs(moved), 0.98)) or 1.0
    left, given = matrix.filling(moved[:, :DRAWN], top, dark, table="moved")
    right, _same = matrix.filling(after[:, :DRAWN], top, dark, table="after")
    apart = np.abs(after - moved).max(axis=1)
    bars = {"apart": pd.DataFrame({"r": np.arange(len(apart)), "apart": apart.astype(float)})}
    given |= {"tokens": list(labels), "rows": len(moved), "columns": min(DRAWN, moved.shape[1]), "largest": max(float(scale), 1e-9)}
    return Picture(_description(width, height, dark), left | right | bars, given)


@described
def _description(width: int, height: int, dark: bool) -> alt.HConcatChart:
    how = {"shape": ("rows", "columns"), "x": _("dimension"), "y": "", "rows": "tokens", "width": width, "height": height, "dark": dark}
    left = matrix.panel(title=_("Moved outputs, P f(X)"), look=_("read in order, then moved"), table="moved", legend=False, **how)
    right = matrix.panel(title=_("Outputs, f(PX)"), look=_("read in the new order"), table="after", **how)
    bars = alt.Chart(alt.NamedData("apart")).transform_calculate(token="tokens[datum.r]", top="datum.r + 0.1", below="datum.r + 0.9")
    bars = bars.mark_rect(color=palette.frame(dark)).encode(
        y=alt.Y("top:Q", axis=None, scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef("rows"), nice=False, reverse=True)),
        y2="below:Q",
        x=alt.X(
            "apart:Q",
            title=_("largest difference"),
            scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef("largest"), nice=False),
            axis=alt.Axis(tickCount=4),
        ),
        x2=alt.datum(0),
        tooltip=[alt.Tooltip("token:N", title=_("token")), alt.Tooltip("apart:Q", title=_("difference"), format=".2e")],
    )
    bars = bars.properties(width=130, height=height, title=titled(_("How far apart"), _("axis to the largest output"), dark))
    counts = [alt.param(name=name, value=1) for name in ("rows", "columns", "largest")]
    made = alt.hconcat(left, right, bars, spacing=14).resolve_scale(color="independent")
    return finished(made.add_params(*matrix.parameters("tokens"), *counts))
