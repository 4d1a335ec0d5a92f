"""Which heads matter: exact ablation beside its cheap estimates, and curves of cutting further and further."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer.ablation import importance
from explorer.ablation.curves import ORDERS, SEEDS, Curve
from explorer.charts import board as charts
from explorer.charts import curves as curve_charts
from explorer.i18n import _
from explorer.landmarks import PRUNING
from explorer.ui import long_work
from explorer.ui.board_panel import COLOURS, TITLES, rows
from explorer.ui.take_away import Figure, pictures
from explorer.ui.task_choice import Job

MEASURES = {"exact": _("Exact"), "gradient": _("Gradient"), "confidence": _("Confidence")}
ABOUT = {
    "exact": _("Rise of the mean loss, in nats, when the head alone is removed; computed for every head."),
    "gradient": _("Mean |dL / dgate| over the examples, L2-normalised within a layer (Michel et al. 2019, section 4.1)."),
    "confidence": _("Mean over tokens of the head's largest weight (Voita et al. 2019, section 4)."),
}
ORDER_NAMES = {
    "gradient": _("gradient"),
    "exact": _("exact"),
    "greedy": _("greedy, ranked again"),
    "confidence": _("confidence"),
    "reversed": _("exact, reversed"),
    "random": _("random"),
}


def maps(job: Job) -> list[Figure]:
    """Three boards side by side, as far as they are known; each computes itself on a click."""
    figures, found = [], {}
    for place, by in zip(st.columns(3, gap="small"), MEASURES, strict=True):
        with place, st.container(border=True, key=f"measure_{by}"):
            st.markdown(f"**{MEASURES[by]}**", help=ABOUT[by])
            values = _known(job, by)
            if values is not None:
                found[by] = values
                figures.append(_map(job, by, values))
    _correlations(found)
    return figures


def curves(job: Job) -> Figure | None:
    """Score against the share of heads removed."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="curve_controls"):
        chosen = st.pills(
            _("Orders"), ORDERS, selection_mode="multi", default=["gradient"], format_func=ORDER_NAMES.get, key="orders", bind="query-params"
        )
        what = st.segmented_control(_("Shown"), ["score", "loss"], default="score", key="what", bind="query-params", required=True)
    lines, stopped = {}, False
    for order in chosen:
        found = _curve(job, order)
        stopped |= found is None
        if found is not None:
            lines[ORDER_NAMES[order]] = found
    if not lines:
        st.caption(_("Choose an order: the heads go in it, from 0 to 100 % in steps of 5."))
        return None

    def chart(dark: bool) -> object:
        tables = {name: pd.DataFrame([vars(point) for point in found.points]) for name, found in lines.items()}
        return curve_charts.curves(
            tables,
            list(ORDER_NAMES.values()),
            what=what,
            chance=_chance(job),
            landmarks=[(mark.share, mark.said) for mark in PRUNING],
            width=980,
            dark=dark,
        )

    st.altair_chart(chart(st.context.theme.type == "dark"), key=f"curves_{what}_{sorted(lines)}", width="content")
    shares = "; ".join(f"{name} {found.largest_share():.0%}" for name, found in lines.items())
    st.markdown(_("Heads that can go at less than one point of accuracy: {shares}.").format(shares=shares))
    sources = sorted({mark.source for mark in PRUNING})
    st.caption(
        _("Bands: 95 % bootstrap interval over the examples; for random the range over {n} seeds. Dotted: published, {sources}.").format(
            n=SEEDS, sources="; ".join(sources)
        )
    )
    return Figure(_("The curves"), "curves", pictures(lambda: chart(False)) | {"csv": lambda: _csv(lines)})


def _known(job: Job, by: str) -> np.ndarray | None:
    ledger, method = job.ledger, job.method
    key = f"{by} {id(ledger)} {method}"
    if not ledger.knows_importance(by, method):
        # The exact one may take minutes: it waits until it is asked for.
        if by == "exact" and st.session_state.get("_wanted") != key:
            st.caption(ABOUT[by])
            if not st.button(_("Compute"), key=f"compute_{by}", icon=":material/play_arrow:"):
                return None
            st.session_state["_wanted"] = key
        if long_work.run(COLOURS[by], key, lambda tell: ledger.importance(by, method, tell)) is None:
            return None
    return importance.table(ledger.importance(by, method), list(job.model.sites))


def _map(job: Job, by: str, values: np.ndarray) -> Figure:
    def chart(dark: bool) -> object:
        sizes = [site.heads for site in job.model.sites]
        return charts.board(
            rows(job), sizes, (), values=values, title=TITLES[by], diverging=by == "exact", clickable=False, width=285, height=190, dark=dark
        )

    st.altair_chart(chart(st.context.theme.type == "dark"), key=f"map_{by}", width="content")
    csv = pd.DataFrame(values, index=rows(job)).rename_axis("layer")
    return Figure(MEASURES[by], f"importance-{by}", pictures(lambda: chart(False)) | {"csv": lambda: csv.to_csv().encode()})


def _correlations(found: dict[str, np.ndarray]) -> None:
    if "exact" not in found or len(found) < 2:
        return
    exact = found.pop("exact").ravel()
    said = []
    for by, values in found.items():
        both = ~np.isnan(exact)
        pairs = {i: float(v) for i, v in enumerate(values.ravel()) if both[i]}
        said.append(f"{MEASURES[by]} {importance.rank_correlation({i: float(exact[i]) for i in pairs}, pairs):+.2f}")
    st.markdown(
        _("Spearman's rank correlation with the exact ablation: {said}.").format(said=", ".join(said)),
        help=_("1: the same order of heads; 0: none."),
    )


def _curve(job: Job, order: str) -> Curve | None:
    ledger, method = job.ledger, job.method
    if ledger.knows_curve(order, method):
        return ledger.curve(order, method)
    label = _("Curve: {order}").format(order=ORDER_NAMES[order])
    return long_work.run(
        label, f"curve {order} {id(ledger)} {method}", lambda tell: ledger.curve(order, method, lambda share, points: tell(share))
    )


def _chance(job: Job) -> float | None:
    if job.kind != "classify":
        return None
    targets = np.array([item.target for item in job.ledger.task.items])
    return float(np.bincount(targets).max() / len(targets))


def _csv(lines: dict[str, Curve]) -> bytes:
    tables = [pd.DataFrame([vars(p) for p in found.points]).assign(order=name) for name, found in lines.items()]
    return pd.concat(tables).to_csv(index=False).encode("utf-8-sig")
