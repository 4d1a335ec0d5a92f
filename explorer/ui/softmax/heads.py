"""The softmax of the loaded model's heads on the viewer's text: scores, saturation, uniform weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.capture import Capture
from explorer.charts.common import board
from explorer.charts.common.picture import Picture
from explorer.charts.softmax import heads as charts
from explorer.i18n import N_, _
from explorer.jobs import Report
from explorer.softmax import heads
from explorer.ui.common import chosen_head, jobs, pictures, stage
from explorer.ui.common.markdown import explained
from explorer.ui.common.session import is_dark
from explorer.ui.common.sidebar import Chosen
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

Result = TypeVar("Result")
SHOWN = {"saturated": N_("saturated rows"), "relative": N_("entropy, as a share of log n")}
_SPREAD_HALL, _HISTOGRAM_HALL = {"width": 222, "height": 86}, {"width": 196, "height": 86}
_MAP, _MAP_HALL = {"width": 264, "height": 260}, {"width": 204, "height": 190}
"""Room for pictures in pixels: on the stage they stand beside each other."""


@dataclass(frozen=True)
class Head:
    """One head of what a text was captured with."""

    captured: Capture
    part: str
    layer: int
    head: int


def choose_head(captured: Capture, part: str) -> Head:
    """Draws the choice of a layer and of one of its heads: the one that is looked at on all pages."""
    return Head(captured, part, *chosen_head.boxes(captured, part))


def scores(of: Head) -> list[Figure]:
    """Every head's scores before and after scaling, one head's as histograms, and how saturated each head is."""
    figures = []
    with st.container(horizontal=True, gap="medium", key="scores"):
        factor = _scores(of, figures)
        found = _map(of, "saturated", figures)
    told = []
    if found is not None:
        share = np.nanmean(found.saturated)
        message = _("Saturated rows: their largest weight is above {limit}; {share:.1%} of all rows are.")
        told.append(message.format(limit=heads.SATURATED, share=share))
    if factor is not None:
        message = _("Bars: 5 % to 95 % of a head's scores, thick 25 % to 75 %, position biases left out. Scale of the chosen head: {factor:.4f}.")
        told.append(message.format(factor=factor))
    st.caption(" ".join(told))
    return figures


def uniform(of: Head) -> list[Figure]:
    """What a head passes on when its weights are uniform, beside what it learned; and how far each head is from uniform."""
    figures = []
    with st.container(horizontal=True, gap="medium", key="uniform"):
        told = _outputs(of, figures)
        found = _map(of, "relative", figures)
    if told:
        st.markdown(told)
    if found is not None:
        st.caption(
            _("Entropy of a row, mean over heads and rows: {entropy:.2f} nats; uniform weights have {most:.2f}, the mean of log n.").format(
                entropy=np.nanmean(found.entropy), most=found.most
            )
        )
    return figures


def recipe(chosen: Chosen, of: Head) -> str:
    """Lines of Python for what is shown."""
    at = f"captured, {of.layer}, {of.head}, {of.part!r}"
    lines = [
        "import explorer, models",
        "from explorer.softmax import heads",
        "",
        *chosen.lines,
        f"print(heads.softmax(captured, {of.part!r}).saturated)  # layer, head",
        f"print(heads.spread(captured, {of.part!r}).variance_scaled)",
        f"print(heads.raw_scores({at}).var(), heads.factor({at}))",
        f"print(heads.uniform({at}).uniform, heads.deviation_from_mean(captured, {of.part!r}))",
    ]
    return "\n".join(lines)


def _scores(of: Head, figures: list[Figure]) -> float | None:
    """Draws the scores of all heads and of one; the scale of that one, None where there are no scores."""
    found = _or_said(lambda: _known(of, "spread", _("Scores of all heads"), heads.spread))
    if found is None:
        return None
    raw = heads.raw_scores(of.captured, of.layer, of.head, of.part)
    factor = float(found.scale[of.layer, of.head])

    def every(first: tuple[int, int], dark: bool, **room: int) -> Picture:
        return charts.spread(found.raw, found.scaled, first, dark=dark, **room)

    def one(dark: bool, **room: int) -> Picture:
        return charts.histograms(raw, raw * factor, dark=dark, **room)

    chosen = (of.layer, of.head)
    drawn = partial(every, **stage.room(_SPREAD_HALL))
    pictures.clickable("spread", (of.captured.number, of.part), chosen, drawn, chosen_head.picked)
    pictures.draw(one(is_dark(), **stage.room(_HISTOGRAM_HALL)), "histogram_chart")
    layer, head = (i.ravel() for i in np.indices(found.scale.shape))
    of_heads = {"scale": found.scale, "variance_raw": found.variance_raw, "variance_scaled": found.variance_scaled}
    table = pd.DataFrame({"layer": layer, "head": head, **{name: values.ravel() for name, values in of_heads.items()}})
    csv = {"csv": lambda: export.table_csv(table, index=False)}
    figures.append(Figure(_("Scores of all heads"), "scores", picture_files(lambda: every(chosen, False)) | csv))
    figures.append(Figure(_("Scores of this head"), "scores-of-head", picture_files(lambda: one(False))))
    return factor


def _outputs(of: Head, figures: list[Figure]) -> str:
    """Draws input and outputs of one head, and returns what was found; nothing where the model is view-only."""
    made = _or_said(lambda: heads.uniform(of.captured, of.layer, of.head, of.part))
    if made is None:
        return ""
    keys, queries = of.captured.keys(of.part).labels, of.captured.queries(of.part).labels

    def picture(dark: bool) -> Picture:
        return charts.outputs(made.values, made.uniform, made.learned, keys, queries, dark=dark)

    pictures.draw(picture(is_dark()), "outputs_chart")
    arrays = {"values": made.values, "uniform": made.uniform, "learned": made.learned}
    files = picture_files(lambda: picture(False)) | {"npz": lambda: export.packed(**arrays)}
    figures.append(Figure(_("In, uniform, learned"), "uniform", files))
    whole = of.captured.visible(of.layer, of.part).all()
    meaning = _("the mean of the values") if whole else _("the mean of the values that a token sees")
    apart = _known(of, "deviation", _("Uniform weights of all heads"), heads.deviation_from_mean)
    told = _("Uniform weights pass on {meaning}.").format(meaning=meaning)
    if apart is not None:
        told = _("Uniform weights pass on {meaning}; largest deviation over all heads and tokens: {apart:.1e}.").format(
            meaning=meaning, apart=apart
        )
    if max(len(made.values), len(made.learned)) > charts.MAPPED:
        told += " " + _("The first {n} tokens are drawn.").format(n=charts.MAPPED)
    return told


def _map(of: Head, what: str, figures: list[Figure]) -> heads.Softmax | None:
    """Draws the map of one quantity of `heads.Softmax`, layers down and heads across; a click looks at another head."""
    title, sites = _(SHOWN[what]), of.captured.sites(of.part)
    with st.container(width="content", key=f"map_{what}"):
        st.markdown(f"**{title.capitalize()}** :small[{_('layers down, heads across')}]")
        found = _known(of, "softmax", _("Saturation and entropy"), heads.softmax)
        if found is None:
            return None
        values = getattr(found, what)

        def picture(first: tuple[int, int], dark: bool, **room: int) -> Picture:
            numbers, counts = [str(site.layer) for site in sites], [site.heads for site in sites]
            how = {"diverging": False, "compact": True, **(room or _MAP)}
            return board.board(numbers, counts, (), values=values, title=title, removable=False, chosen=first, dark=dark, **how)

        chosen = (of.layer, of.head)
        identity = (of.captured.number, of.part, what)
        pictures.clickable(f"map_{what}", identity, chosen, partial(picture, **stage.room(_MAP_HALL, desk=_MAP)), chosen_head.picked_on_board)
    csv = pd.DataFrame(values).rename_axis("layer")
    files = picture_files(lambda: picture(chosen, False)) | {"csv": lambda: export.table_csv(csv)}
    figures.append(Figure(title.capitalize(), what, files))
    return found


def _known(of: Head, what: str, title: str, compute: Callable[..., Result]) -> Result | None:
    """Kept with the capture, so that another head of it is shown at once; None while it is computed."""
    key = ("softmax", what, of.part)
    if (known := of.captured.derived.get(key)) is not None:
        return known

    def work(report: Report) -> Result:
        return of.captured.derived.get_or_compute(key, lambda: compute(of.captured, of.part, report))

    return jobs.computed(("softmax", what, of.captured.number, of.part), title, work, replaces=f"softmax_{what}")


def _or_said(compute: Callable[[], Result]) -> Result | None:
    """None where the model has no such thing, and the reason is on the page."""
    try:
        return compute()
    except ExplorerError as error:
        st.info(explained(error), icon=":material/visibility:")
        return None
