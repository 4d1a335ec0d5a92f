"""Which heads matter: exact ablation beside its cheap estimates, and curves of cutting further and further."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from explorer.ablation import importance
from explorer.ablation.curves import ORDERS, SEEDS, Curve, Point
from explorer.ablation.published import PRUNING
from explorer.charts.common import board as charts
from explorer.charts.importance import curves as curve_charts
from explorer.i18n import _
from explorer.ui.common import long_work
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice
from explorer.ui.prune.board import COLOURS, TITLES, rows

_REDRAW_S = 0.7
"""Seconds between two pictures of a curve that grows."""
MEASURES = {"exact": _("Exact"), "gradient": _("Gradient"), "confidence": _("Confidence")}
ABOUT = {
    "exact": _("Rise of the mean loss, in nats, when the head alone is removed; computed for every head."),
    "gradient": _("Mean |dL / dgate| over the examples, L2-normalised within a layer (Michel et al. 2019, section 4.1)."),
    "confidence": _("Mean over tokens of the head's largest weight (Voita et al. 2019, section 4)."),
}
ORDER_NAMES = {
    "gradient": _("gradient"),
    "exact": _("exact"),
    "greedy": _("greedy"),
    "confidence": _("confidence"),
    "reversed": _("reversed"),
    "random": _("random"),
}


def maps(choice: TaskChoice) -> list[Figure]:
    """Three boards, one below the other, as far as they are known; the exact one waits for a click."""
    figures, found = [], {}
    st.caption(_("Layers down, heads across, both from 0."))
    for by in MEASURES:
        with st.container(key=f"measure_{by}", gap="xsmall"):
            title = st.empty()
            title.markdown(f"**{MEASURES[by]}**", help=ABOUT[by])
            values = _known(choice, by)
            if values is not None:
                found[by] = values
                figures.append(_map(choice, by, values))
            if by != "exact" and values is not None and "exact" in found:
                correlation = _("rank correlation with exact {value:+.2f}").format(value=_correlation(found["exact"], values))
                title.markdown(f"**{MEASURES[by]}** :small[{correlation}]", help=f"{ABOUT[by]} {_('Rank correlation: Spearman.')}")
    return figures


def curves(choice: TaskChoice) -> Figure | None:
    """Score against the share of heads removed; points appear as they are computed."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="curve_controls"):
        chosen = st.pills(
            _("Orders"), ORDERS, selection_mode="multi", default=["gradient"], format_func=ORDER_NAMES.get, key="orders", bind="query-params"
        )
        what = st.segmented_control(_("Shown"), ["score", "loss"], default="score", key="what", bind="query-params", required=True)
    at_work, place = st.container(), st.empty()
    lines = {order: choice.results.curve(order, choice.method).points for order in chosen if choice.results.knows_curve(order, choice.method)}

    def chart(dark: bool) -> object:
        tables = {ORDER_NAMES[order]: pd.DataFrame([vars(point) for point in points]) for order, points in lines.items()}
        return curve_charts.curves(
            tables,
            list(ORDER_NAMES.values()),
            what=what,
            chance=_chance(choice),
            landmarks=[(mark.share, mark.caption) for mark in PRUNING],
            width=600,
            height=340,
            dark=dark,
        )

    def drawn() -> None:
        place.altair_chart(chart(is_dark()), width="content")

    for order in chosen:
        if order not in lines:
            with at_work:
                _computed(choice, order, lines, drawn)
    if not lines:
        st.caption(_("Choose an order: the heads go in it, from 0 to 100 % in steps of 5."))
        return None
    drawn()
    whole = [order for order in chosen if choice.results.knows_curve(order, choice.method)]
    shares = "; ".join(f"{ORDER_NAMES[order]} {choice.results.curve(order, choice.method).largest_share():.0%}" for order in whole)
    if whole:
        st.markdown(_("Heads that can go at less than one point of accuracy: {shares}.").format(shares=shares))
    sources = sorted({mark.source for mark in PRUNING})
    st.caption(
        _(
            "Bands: 95 % bootstrap interval over the examples; for random the range over {n} seeds. Heads are ranked on the examples that the "
            "score is read on, which flatters the best orders. Dotted: published, {sources}."
        ).format(n=SEEDS, sources="; ".join(sources))
    )
    return Figure(_("The curves"), "curves", picture_files(lambda: chart(False)) | {"csv": lambda: _csv(lines)})


def _computed(choice: TaskChoice, order: str, lines: dict[str, Sequence[Point]], drawn: Callable[[], None]) -> None:
    """Computes a curve and draws it point by point; what was there when the viewer stopped stays."""
    label, last = _("Curve: {order}").format(order=ORDER_NAMES[order]), time.monotonic()

    def work(tell: Callable[[float], None]) -> Curve:
        def on(share: float, points: list[Point]) -> None:
            nonlocal last
            lines[order] = list(points)
            if time.monotonic() - last > _REDRAW_S:
                last = time.monotonic()
                drawn()
            tell(share)

        return choice.results.curve(order, choice.method, on)

    found = long_work.run(label, f"curve {order} {id(choice.results)} {choice.method}", work)
    if found is not None:
        lines[order] = found.points


def _known(choice: TaskChoice, by: str) -> np.ndarray | None:
    results, method = choice.results, choice.method
    key = f"{by} {id(results)} {method}"
    if not results.knows_importance(by, method):
        # The exact one may take minutes: it waits until it is asked for.
        if by == "exact" and st.session_state.get("_wanted") != key:
            st.caption(ABOUT[by])
            if not st.button(_("Compute"), key=f"compute_{by}", icon=":material/play_arrow:"):
                return None
            st.session_state["_wanted"] = key
        if long_work.run(COLOURS[by], key, lambda tell: results.importance(by, method, tell)) is None:
            return None
    return importance.table(results.importance(by, method), list(choice.model.sites))


def _map(choice: TaskChoice, by: str, values: np.ndarray) -> Figure:
    def chart(dark: bool) -> object:
        sizes = [site.heads for site in choice.model.sites]
        return charts.board(
            rows(choice),
            sizes,
            (),
            values=values,
            title=TITLES[by],
            diverging=by == "exact",
            clickable=False,
            width=252,
            height=120,
            compact=True,
            dark=dark,
        )

    st.altair_chart(chart(is_dark()), key=f"map_{by}", width="content")
    csv = pd.DataFrame(values, index=rows(choice)).rename_axis("layer")
    return Figure(MEASURES[by], f"importance-{by}", picture_files(lambda: chart(False)) | {"csv": lambda: csv.to_csv().encode()})


def _correlation(exact: np.ndarray, values: np.ndarray) -> float:
    """Spearman's rank correlation over the heads that there are."""
    both = np.flatnonzero(~np.isnan(exact.ravel()))
    return importance.rank_correlation(*({i: float(table.ravel()[i]) for i in both} for table in (exact, values)))


def _chance(choice: TaskChoice) -> float | None:
    if choice.kind != "classify":
        return None
    targets = np.array([item.target for item in choice.results.task.items])
    return float(np.bincount(targets).max() / len(targets))


def _csv(lines: Mapping[str, Sequence[Point]]) -> bytes:
    tables = [pd.DataFrame([vars(point) for point in points]).assign(order=ORDER_NAMES[order]) for order, points in lines.items()]
    return pd.concat(tables).to_csv(index=False).encode("utf-8-sig")
