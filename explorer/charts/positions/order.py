"""What a model makes of tokens in another order: outputs put into that order, outputs for that order, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import data, palette
from explorer.charts.common.laboratory import finished, titled
from explorer.charts.common.matrix import matrix, texts
from explorer.i18n import _

DRAWN = 96
"""Dimensions of a row that are drawn, the first ones."""


def outputs(
    moved: np.ndarray, after: np.ndarray, labels: Sequence[str], *, scale: float, width: int = 250, height: int = 300, dark: bool = False
) -> alt.HConcatChart:
    """Three pictures side by side.

    Args:
        moved: P f(X), outputs for the text put into the new order, (n, width).
        after: f(PX), outputs for the new order, likewise.
        labels: tokens in the new order; they may repeat.
        scale: largest output, the end of the axis of deviations.
        width, height: of one picture, in pixels.
    """
    top = float(np.quantile(np.abs(moved), 0.98)) or 1.0
    how = {"x": _("dimension"), "top": top, "rows": labels, "width": width, "height": height, "dark": dark}
    left = matrix(moved[:, :DRAWN], y="", title=_("Moved outputs, P f(X)"), look=_("read in order, then moved"), legend=False, **how)
    right = matrix(after[:, :DRAWN], y="", title=_("Outputs, f(PX)"), look=_("read in the new order"), **how)
    apart = np.abs(after - moved).max(axis=1)
    table = data.columns(r=list(range(len(apart))), apart=apart.astype(float))
    bars = alt.Chart(table).transform_calculate(token="matrix_rows[datum.r]", top="datum.r + 0.1", below="datum.r + 0.9")
    bars = bars.mark_rect(color=palette.frame(dark)).encode(
        y=alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[0, len(apart)], nice=False, reverse=True)),
        y2="below:Q",
        x=alt.X("apart:Q", title=_("largest difference"), scale=alt.Scale(domain=[0, scale], nice=False), axis=alt.Axis(tickCount=4)),
        x2=alt.datum(0),
        tooltip=[alt.Tooltip("token:N", title=_("token")), alt.Tooltip("apart:Q", title=_("difference"), format=".2e")],
    )
    bars = bars.properties(width=130, height=height, title=titled(_("How far apart"), _("axis to the largest output"), dark))
    made = alt.hconcat(left, right, bars, spacing=14).resolve_scale(color="independent").add_params(*texts(labels, None))
    return finished(made)
