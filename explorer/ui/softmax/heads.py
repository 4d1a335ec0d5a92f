"""The softmax of the loaded model's heads on the viewer's text: scores, saturation, uniform weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.capture import Capture
from explorer.charts.common import board
from explorer.charts.softmax import heads as charts
from explorer.i18n import _
from explorer.softmax import heads
from explorer.ui.common.session import explained, is_dark
from explorer.ui.common.take_away import Figure, picture_files
from models.errors import ExplorerError

Result = TypeVar("Result")
SHOWN = {"saturated": _("saturated rows"), "relative": _("entropy, as a share of log n")}


@dataclass(frozen=True)
class Head:
    """One head of what a text was captured with."""

    captured: Capture
    part: str
    layer: int
    head: int


def choose_head(captured: Capture, part: str) -> Head:
    """Draws the choice of a layer and of one of its heads."""
    sites = captured.sites(part)
    layer = st.selectbox(_("Layer (from 0)"), range(len(sites)), key="softmax_layer", bind="query-params", width=110)
    head = st.selectbox(_("Head (from 0)"), range(max(1, sites[layer].heads)), key="softmax_head", bind="query-params", width=110)
    return Head(captured, part, layer, head)


def scores(of: Head) -> list[Figure]:
    """Every head's scores before and after scaling, one head's as histograms, and how saturated each head is."""
    figures = []
    with st.container(horizontal=True, gap="medium", key="scores"):
        factor = _scores(of, figures)
        figures.append(_map(of, "saturated"))
    told = _("Saturated rows: their largest weight is above {limit}; {share:.1%} of all rows are.").format(
        limit=heads.SATURATED, share=np.nanmean(_softmax(of).saturated)
    )
    if factor is not None:
        told += " " + _(
            "Bars: 5 % to 95 % of a head's scores, thick 25 % to 75 %, position biases left out. Scale of the chosen head: {factor:.4f}."
        ).format(factor=factor)
    st.caption(told)
    return figures


def uniform(of: Head) -> list[Figure]:
    """What a head passes on when its weights are uniform, beside what it learned; and how far each head is from uniform."""
    figures = []
    with st.container(horizontal=True, gap="medium", key="uniform"):
        told = _outputs(of, figures)
        figures.append(_map(of, "relative"))
    if told:
        st.markdown(told)
    found = _softmax(of)
    st.caption(
        _("Entropy of a row, mean over heads and rows: {entropy:.2f} nats; uniform weights have {most:.2f}, the mean of log n.").format(
            entropy=np.nanmean(found.entropy), most=found.most
        )
    )
    return figures


def recipe(model: str, text: str, of: Head) -> str:
    """Lines of Python for what is shown."""
    at = f"captured, {of.layer}, {of.head}, {of.part!r}"
    lines = [
        "import explorer, models",
        "from explorer.softmax import heads",
        "",
        export.load_line(model),
        f"captured = explorer.capture(model, {text!r})",
        f"print(heads.softmax(captured, {of.part!r}).saturated)  # layer, head",
        f"print(heads.spread(captured, {of.part!r}).variance_scaled)",
        f"print(heads.raw_scores({at}).var(), heads.factor({at}))",
        f"print(heads.uniform({at}).uniform, heads.deviation_from_mean(captured, {of.part!r}))",
    ]
    return "\n".join(lines)


def _scores(of: Head, figures: list[Figure]) -> float | None:
    """Draws the scores of all heads and of one; the scale of that one, None where there are no scores."""
    found = _or_said(lambda: _known(of, "spread", lambda: heads.spread(of.captured, of.part)))
    if found is None:
        return None
    raw = heads.raw_scores(of.captured, of.layer, of.head, of.part)
    factor = float(found.scale[of.layer, of.head])

    def every(dark: bool) -> alt.VConcatChart:
        return charts.spread(found.raw, found.scaled, (of.layer, of.head), dark=dark)

    def one(dark: bool) -> alt.VConcatChart:
        return charts.histograms(raw, raw * factor, dark=dark)

    st.altair_chart(every(is_dark()), key="spread_chart", width="content")
    st.altair_chart(one(is_dark()), key="histogram_chart", width="content")
    layer, head = (i.ravel() for i in np.indices(found.scale.shape))
    of_heads = {"scale": found.scale, "variance_raw": found.variance_raw, "variance_scaled": found.variance_scaled}
    table = pd.DataFrame({"layer": layer, "head": head, **{name: values.ravel() for name, values in of_heads.items()}})
    csv = {"csv": lambda: table.to_csv(index=False).encode()}
    figures.append(Figure(_("Scores of all heads"), "scores", picture_files(lambda: every(False)) | csv))
    figures.append(Figure(_("Scores of this head"), "scores-of-head", picture_files(lambda: one(False))))
    return factor


def _outputs(of: Head, figures: list[Figure]) -> str:
    """Draws input and outputs of one head, and returns what was found; nothing where the model is view-only."""
    made = _or_said(lambda: heads.uniform(of.captured, of.layer, of.head, of.part))
    if made is None:
        return ""
    keys, queries = of.captured.keys(of.part).labels, of.captured.queries(of.part).labels

    def chart(dark: bool) -> alt.HConcatChart:
        return charts.outputs(made.values, made.uniform, made.learned, keys, queries, dark=dark)

    st.altair_chart(chart(is_dark()), key="outputs_chart", width="content")
    files = picture_files(lambda: chart(False)) | {"npz": lambda: export.packed(values=made.values, uniform=made.uniform, learned=made.learned)}
    figures.append(Figure(_("In, uniform, learned"), "uniform", files))
    whole = of.captured.visible(of.layer, of.part).all()
    meaning = _("the mean of the values") if whole else _("the mean of the values that a token sees")
    apart = _known(of, "deviation", lambda: heads.deviation_from_mean(of.captured, of.part))
    told = _("Uniform weights pass on {meaning}; largest deviation over all heads and tokens: {apart:.1e}.").format(meaning=meaning, apart=apart)
    if max(len(made.values), len(made.learned)) > charts.MAPPED:
        told += " " + _("The first {n} tokens are drawn.").format(n=charts.MAPPED)
    return told


def _map(of: Head, what: str) -> Figure:
    """The map of one quantity of `heads.Softmax`, layers down and heads across."""
    values, sites = getattr(_softmax(of), what), of.captured.sites(of.part)

    def chart(dark: bool) -> alt.LayerChart:
        numbers, counts = [str(site.layer) for site in sites], [site.heads for site in sites]
        how = {"diverging": False, "clickable": False, "width": 264, "height": 260, "compact": True}
        return board.board(numbers, counts, (), values=values, title=SHOWN[what], dark=dark, **how)

    title = SHOWN[what].capitalize()
    with st.container(width="content", key=f"map_{what}"):
        st.markdown(f"**{title}** :small[{_('layers down, heads across')}]")
        st.altair_chart(chart(is_dark()), key=f"map_{what}_chart", width="content")
    csv = pd.DataFrame(values).rename_axis("layer")
    return Figure(title, what, picture_files(lambda: chart(False)) | {"csv": lambda: csv.to_csv().encode()})


def _softmax(of: Head) -> heads.Softmax:
    return _known(of, "softmax", lambda: heads.softmax(of.captured, of.part))


def _known(of: Head, what: str, compute: Callable[[], Result]) -> Result:
    """Kept with the capture, so that another head of it is shown at once."""
    key = ("softmax", what, of.part)
    if key not in of.captured.derived:
        of.captured.derived[key] = compute()
    return of.captured.derived[key]


def _or_said(compute: Callable[[], Result]) -> Result | None:
    """None where the model has no such thing, and the reason is on the page."""
    try:
        return compute()
    except ExplorerError as error:
        st.info(explained(error), icon=":material/visibility:")
        return None
