"""One head on the first side, on the second, and their difference, as three maps over the tokens that belong together."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from explorer.charts.common import matrix
from explorer.charts.common.laboratory import finished
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

_TOPS = {"one": "weights_top", "other": "weights_top", "difference": matrix.TOP}
"""The value of the last colour: both sides have one scale."""


def maps(
    one: np.ndarray,
    other: np.ndarray,
    difference: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    top: float,
    width: int = 178,
    height: int = 300,
    dark: bool = False,
) -> Picture:
    """Three maps beside each other, (rows, columns) each.

    Args:
        one, other: weights of both sides.
        difference: the second minus the first.
        rows, columns: labels of the tokens; they may repeat.
        top: value of the last colour of the difference; that of the weights is 1.
        width, height: of one map, in pixels.
    """
    tables, given = {}, {matrix.ROWS: list(rows), matrix.COLUMNS: list(columns), "n_rows": len(rows), "n_columns": len(columns)}
    for name, values in (("one", one), ("other", other), ("difference", difference)):
        signed = name == "difference"
        table, end = matrix.filling(values, top if signed else 1.0, dark, table=name, name=_TOPS[name], signed=signed)
        tables, given = tables | table, given | end
    return Picture(_description(width, height, dark), tables, given, _aloud(difference, rows, columns))


def _aloud(difference: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> str:
    """What stands out for those who hear of the picture: where the two differ most."""
    if not np.isfinite(difference).any():
        return ""
    i, j = np.unravel_index(np.nanargmax(np.abs(difference)), difference.shape)
    return _("They differ most where {query} looks at {key}: {difference}.").format(
        query=rows[i], key=columns[j], difference=f"{difference[i, j]:+.2f}"
    )


@described
def _description(width: int, height: int, dark: bool) -> alt.HConcatChart:
    titles = {
        "one": (_("First"), _("of the paired tokens")),
        "other": (_("Second"), _("the same scale")),
        "difference": (_("Difference"), _("second minus first")),
    }
    how = {"x": "", "y": "", "columns": matrix.COLUMNS, "width": width, "height": height, "dark": dark}
    panels = [
        matrix.panel(
            ("n_rows", "n_columns"),
            title=title,
            look=look,
            rows=matrix.ROWS if name == "one" else "",
            table=name,
            top=_TOPS[name],
            # Weights are never negative, and have the colours that they have on other pages.
            signed=name == "difference",
            # One scale stands for both sides, between them and the difference.
            legend=name != "one",
            **how,
        )
        for name, (title, look) in titles.items()
    ]
    made = alt.hconcat(*panels, spacing=12).resolve_scale(color="independent", x="independent", y="independent")
    counts = [alt.param(name=name, value=1) for name in ("n_rows", "n_columns", "weights_top")]
    return finished(made.add_params(*matrix.parameters(matrix.ROWS, matrix.COLUMNS), *counts))
