"""Accuracy or loss over the length that a network is read at, one line for each kind of positions."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import data, palette
from explorer.charts.common.picture import Picture, described
from explorer.i18n import _

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
"""A line is told by its colour, by the shape of its points, and by its name at its end."""
_LEAST_LOSS = 1e-6
_MARGIN = 1.7
"""Room to the left of the shortest length, for the name of what cannot be read beyond it."""
_LINE = 15
"""Pixels from one name to the next."""


def extrapolation(
    table: pd.DataFrame,
    trained: int,
    schemes: Sequence[str],
    *,
    what: str = "accuracy",
    width: int = 520,
    height: int = 320,
    dark: bool = False,
) -> Picture:
    """The chart.

    Args:
        table: scheme, length, seeds, mean, low and high (`explorer.positions.extrapolation.Curves.summary`).
        trained: length that all were trained at; marked.
        schemes: all there may be, so that each keeps its colour; a line that stops early has nothing to show beyond.
        what: "accuracy" (all asked tokens), "end_accuracy" (the last ones alone) or "loss" (nats, on a logarithmic axis).
        width, height: in pixels; the names stand to the right of the plot.
    """
    frame = table.sort_values("length")
    if what == "loss":
        frame = frame.assign(**{name: frame[name].clip(lower=_LEAST_LOSS) for name in ("mean", "low", "high")})
    lengths, ends, (low, high) = sorted({trained, *frame["length"].tolist()}), _ends(frame, what, height), _domain(frame, what)
    early = ends["length"] < lengths[-1]
    columns = ["scheme", "length", "seeds", "mean", "low", "high"]
    tables = {"points": frame[columns], "trained": pd.DataFrame({"length": [trained]})}
    tables |= {name: rows[["scheme", "length", "at"]] for name, rows in (("late", ends[~early]), ("early", ends[early]))}
    values = {"lengths": lengths, "least_length": lengths[0] / _MARGIN, "most_length": lengths[-1], "low": low, "high": high}
    return Picture(_description(tuple(schemes), what, width, height, dark), tables, values)


@described
def _description(schemes: tuple[str, ...], what: str, width: int, height: int, dark: bool) -> alt.LayerChart:
    colour = alt.Color("scheme:N", legend=None, scale=alt.Scale(domain=list(schemes), range=list(palette.lines(dark))[: len(schemes)]))
    shape = alt.Shape("scheme:N", legend=None, scale=alt.Scale(domain=list(schemes), range=list(SHAPES)[: len(schemes)]))
    x = alt.X(
        "length:Q",
        title=_("length that is read, tokens"),
        scale=alt.Scale(type="log", base=2, domainMin=alt.ExprRef("least_length"), domainMax=alt.ExprRef("most_length"), nice=False),
        axis=alt.Axis(values=alt.ExprRef("lengths"), grid=False, format="d"),
    )
    y = _axis("mean", what)
    base = alt.Chart(alt.NamedData("points"))
    number = ".4g" if what == "loss" else ".2%"
    tips = [
        alt.Tooltip("scheme:N", title=_("positions")),
        alt.Tooltip("length:Q", title=_("length")),
        alt.Tooltip("mean:Q", title=_("mean"), format=number),
        alt.Tooltip("low:Q", title=_("least"), format=number),
        alt.Tooltip("high:Q", title=_("most"), format=number),
        alt.Tooltip("seeds:Q", title=_("networks")),
    ]
    ink = palette.page(dark)[1]
    mark = alt.Chart(alt.NamedData("trained")).encode(x=x)
    layers = [
        mark.mark_rule(strokeDash=[4, 4], color=ink, opacity=0.6),
        mark.mark_text(dy=-13, color=ink, opacity=0.8, fontSize=12, text=_("trained")).encode(y=alt.value(0)),
        base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(x=x, y=_axis("low", what), y2="high:Q", color=colour),
        base.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=colour, shape=shape, tooltip=tips),
        *(
            alt.Chart(alt.NamedData(name))
            .mark_text(align=align, dx=dx, fontSize=12, fontWeight="bold")
            .encode(x=x, y=_axis("at", what), color=colour, text="scheme:N")
            for name, align, dx in (("late", "left", 9), ("early", "right", -9))
        ),
    ]
    params = [alt.param(name="lengths", value=[]), *(alt.param(name=name, value=1) for name in ("least_length", "most_length", "low", "high"))]
    return alt.layer(*layers).add_params(*params).properties(width=width, height=height, autosize=data.PAD, usermeta=data.render(0))


def _domain(frame: pd.DataFrame, what: str) -> tuple[float, float]:
    if what != "loss":
        return 0.0, 1.0
    low, high = (frame["low"].min(), frame["high"].max()) if len(frame) else (0.1, 1.0)
    return float(10 ** np.floor(np.log10(low))), float(10 ** np.ceil(np.log10(high)))


def _ends(frame: pd.DataFrame, what: str, height: int) -> pd.DataFrame:
    """Where each line ends, and how high its name stands there: none nearer to another than a line of text."""
    ends = frame.groupby("scheme", as_index=False).last()
    low, high = np.log(_domain(frame, what)) if what == "loss" else _domain(frame, what)
    means = np.log(ends["mean"]) if what == "loss" else ends["mean"]
    ends = ends.assign(at=height * (means - low) / (high - low)).sort_values("at")
    ends["at"] = ends.groupby("length")["at"].transform(lambda at: _apart(at.to_numpy(), height))
    at = low + ends["at"] / height * (high - low)
    return ends.assign(at=np.exp(at) if what == "loss" else at)


def _apart(at: np.ndarray, height: int) -> np.ndarray:
    """Heights in rising order, moved so far that a line of text fits between two of them; none above the plot."""
    at = at.copy()
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + _LINE)
    at[-1] = min(at[-1], height)
    for i in range(len(at) - 2, -1, -1):
        at[i] = min(at[i], at[i + 1] - _LINE)
    return at


def _axis(name: str, what: str) -> alt.Y:
    ends = {"domainMin": alt.ExprRef("low"), "domainMax": alt.ExprRef("high")}
    scale = alt.Scale(type="log" if what == "loss" else "linear", **ends, nice=False)
    titles = {"loss": _("loss, nats"), "accuracy": _("right answers"), "end_accuracy": _("right answers, farthest tokens")}
    return alt.Y(f"{name}:Q", title=titles[what], scale=scale, axis=alt.Axis(tickCount=5, format=".0e" if what == "loss" else "%"))
