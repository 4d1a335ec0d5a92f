"""Two or more ways to make the same, racing: bars that grow as fast as it really went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from explorer.charts.common import sliders
from explorer.charts.common.picture import Description, Picture, described
from explorer.charts.lectures import frame

_FRAMES, _REST = 60, 12
"""Moments of the race that are drawn, and how many of its end follow before it begins again."""


def race(
    finished: Mapping[str, Sequence[float]],
    title: str,
    axis: str,
    run: str,
    *,
    size: tuple[int, int] = frame.SIZES[1],
    dark: bool = False,
) -> Picture:
    """The picture. It runs in the browser, again and again; with the switch off it stands where the fastest had made all.

    Args:
        finished: by name of each way, the seconds after which it had made 1, 2, .. pieces.
        title: of the picture; axis: what is made.
        run: title of the switch.
        size: of the drawing.
    """
    last = max(times[-1] for times in finished.values())
    moments = np.append(np.linspace(0, last, _FRAMES), [last] * _REST)
    first = min(times[-1] for times in finished.values())

    def made(times: Sequence[float], moment: float) -> int:
        return int(np.searchsorted(np.asarray(times), moment, side="right"))

    rows = [(i, name, made(times, moment), made(times, first)) for i, moment in enumerate(moments) for name, times in finished.items()]
    frames = pd.DataFrame(rows, columns=["frame", "name", "made", "stood"])
    most = max(len(times) for times in finished.values())
    return Picture(
        _description(title, axis, run, tuple(finished), most, round(1000 * last * len(moments) / _FRAMES), size, dark), {"frames": frames}
    )


@described
def _description(
    title: str, axis: str, run: str, names: tuple[str, ...], most: int, lasts: int, size: tuple[int, int], dark: bool
) -> Description:
    clock = alt.selection_point(name="clock", fields=["frame"], on="timer")
    bars = (
        alt.Chart(alt.NamedData("frames"))
        .mark_bar()
        .encode(
            x=alt.X("shown:Q", title=axis, stack=None, scale=alt.Scale(domain=[0, most], nice=False), axis=alt.Axis(tickCount=5, grid=False)),
            y=alt.Y("name:N", title=None, sort=list(names), axis=None, scale=alt.Scale(domain=list(names), paddingInner=0.35)),
            color=frame.colour(names, dark, field="name", columns=1),
            time=alt.Time("frame:O", scale=alt.Scale(type="band", range=[0, lasts])),
            tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("shown:Q", title=axis)],
        )
        .add_params(clock)
        .transform_calculate(shown="running ? datum.made : datum.stood")
        .transform_filter(clock)
    )
    # A clock of Vega-Lite cannot be stopped; what it shows can.
    return sliders.with_inputs(frame.finished(bars, *size, title), [sliders.switch("running", run, True)])
