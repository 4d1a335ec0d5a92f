"""How far the model can be cut: score against the share of heads removed, in several orders, growing while they are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from explorer import export
from explorer.ablation.curves import ORDERS, Curve, Point
from explorer.ablation.published import PRUNING
from explorer.ablation.results import SAMPLE
from explorer.charts.common.picture import Picture
from explorer.charts.importance import curves as charts
from explorer.i18n import N_, _
from explorer.jobs import Job, Report
from explorer.tasks.classify import chance
from explorer.ui.common import address, jobs, pictures, stage
from explorer.ui.common.again import run_again
from explorer.ui.common.session import is_dark
from explorer.ui.common.take_away import Figure, picture_files
from explorer.ui.common.task_choice import TaskChoice

SHOWN = {"score": N_("accuracy"), "loss": N_("loss")}
_DESK, _HALL = {"width": 540, "height": 225}, {"width": 760, "height": 112}
"""Room for the lines, in pixels: at a desk, and on the stage."""
_FIRST = 0.05
"""Share of an order's bar that its first curve takes."""


@dataclass(frozen=True)
class Lines:
    """What is drawn: of each order its points on all examples, as far as they are there, and its first curve while they are not all."""

    points: Mapping[str, Sequence[Point]]
    first: Mapping[str, Curve]


def draw(choice: TaskChoice) -> Figure | None:
    """The curves; None where no order is chosen."""
    # Once for this run: a job may change what is known at any moment, and an option whose name changes while it is drawn is not chosen any more.
    names = {order: _with_cost(choice, order) for order in ORDERS}
    with st.container(horizontal=True, vertical_alignment="bottom", key="curve_controls"):
        chosen = address.entry(
            st.pills,
            _("Orders"),
            "orders",
            ["gradient"],
            lambda word: [order for order in word.split(",") if order in ORDERS],
            ",".join,
            options=list(ORDERS),
            selection_mode="multi",
            width="stretch",
            wrap=True,
            format_func=names.__getitem__,
        )
        what = address.choice(st.segmented_control, _("Shown"), SHOWN, "what")
    if not chosen:
        st.caption(_("Choose an order: the heads go in it, from 0 to 100 % in steps of 5."))
        return None
    asked = [job for order in chosen if not choice.results.knows_curve(order, choice.method) if (job := _job(choice, order)) is not None]
    running = any(not job.over for job in asked)
    if running:
        st.fragment(_follow, run_every=jobs.POLL_S)(choice, tuple(chosen), what, asked)
    lines = _lines(choice, chosen, asked)
    if not running:
        _draw(choice, lines, what)
    _words(choice, chosen, lines)

    def files(dark: bool = False) -> Picture:
        return _picture(choice, lines, what, dark)

    if not any(lines.points.values()):
        return None
    return Figure(_("The curves"), "curves", picture_files(files) | {"csv": lambda: _csv(lines.points)})


def order_name(order: str) -> str:
    """How an order is called."""
    names = {
        "gradient": _("gradient"),
        "exact": _("exact"),
        "greedy": _("greedy"),
        "confidence": _("confidence"),
        "reversed": _("reversed"),
        "random": _("random"),
    }
    return names[order]


def _follow(choice: TaskChoice, chosen: tuple[str, ...], what: str, asked: list[Job]) -> None:
    """Runs again and again while curves are computed: bars that can be stopped, and the picture as far as it is."""
    if any(job.over or jobs.is_stopped(job.key) for job in asked):
        run_again()
    for job in asked:
        jobs.bar(job)
    _draw(choice, _lines(choice, chosen, asked), what)


def _job(choice: TaskChoice, order: str) -> Job | None:
    """A first curve on a part of the examples, then all of them; None where the viewer stopped it."""
    results, method = choice.results, choice.method
    several = len(results.task) > SAMPLE

    def work(report: Report) -> bool:
        if several and not results.knows_curve(order, method, SAMPLE):
            results.curve(order, method, lambda share, points: report(_FIRST * share), sample=SAMPLE)
        before = _FIRST if several else 0.0
        results.curve(order, method, lambda share, points: report(before + (1 - before) * share, tuple(points)))
        return True

    title = _("Curve: {order}").format(order=order_name(order))
    return jobs.ask(("curve", *choice.key, method, order), title, work, replaces=f"curve {order}", moment=0.0, kept_elsewhere=True)


def _lines(choice: TaskChoice, chosen: Sequence[str], asked: Sequence[Job]) -> Lines:
    results, method = choice.results, choice.method
    running = {job.key[-1]: job for job in asked if not job.over}
    points, first = {}, {}
    for order in chosen:
        if results.knows_curve(order, method):
            points[order] = results.curve(order, method).points
            continue
        if order in running and running[order].partial:
            points[order] = running[order].partial
        if results.knows_curve(order, method, SAMPLE):
            first[order] = results.curve(order, method, sample=SAMPLE)
    return Lines(points, first)


def _draw(choice: TaskChoice, lines: Lines, what: str) -> None:
    # Scales without a single point have no end.
    if any(lines.points.values()) or lines.first:
        pictures.draw(_picture(choice, lines, what, is_dark(), **stage.room(_HALL, desk=_DESK)), "curves_chart")


def _picture(choice: TaskChoice, lines: Lines, what: str, dark: bool, **room: int) -> Picture:
    def table(points: Sequence[Point]) -> pd.DataFrame:
        return pd.DataFrame([vars(point) for point in points], columns=list(charts.COLUMNS))

    return charts.curves(
        {order_name(order): table(points) for order, points in lines.points.items()},
        [order_name(order) for order in ORDERS],
        first={order_name(order): table(curve.points) for order, curve in lines.first.items()},
        what=what,
        titles=(_("correlation"), _("squared error")) if choice.kind == "regression" else (_("accuracy"), _("loss, nats")),
        chance=chance(choice.results.task),
        landmarks=[(mark.share, _(mark.caption)) for mark in PRUNING],
        dark=dark,
        **(room or _DESK),
    )


def _words(choice: TaskChoice, chosen: Sequence[str], lines: Lines) -> None:
    whole = [choice.results.curve(order, choice.method) for order in chosen if choice.results.knows_curve(order, choice.method)]
    shares = "; ".join(f"{order_name(curve.order)} {curve.largest_share():.0%}" for curve in whole)
    if whole and whole[0].guesses:
        message = _(
            "How many heads can go is not said: with all of them the accuracy is {score:.0%}, no more than that of always saying the most "
            "frequent class ({chance:.0%}), so that there is nothing to lose."
        )
        st.markdown(message.format(score=whole[0].points[0].score, chance=whole[0].chance))
    elif whole:
        st.markdown(_("Heads that can go at less than one point of accuracy: {shares}.").format(shares=shares))
    for order, curve in lines.first.items():
        st.caption(
            _("Dashed, {order}: a first curve on {n} of {all} examples, in steps of {step:.0%}.").format(
                order=order_name(order), n=curve.examples, all=len(choice.results.task), step=curve.step
            )
            + (" " + _("Its heads go by the slopes of the loss alone, ranked again at each step.") if order == "greedy" else "")
        )
    seeds = max((curve.seeds for curve in whole), default=1)
    ranges = _(", for random the range over {n} seeds").format(n=seeds) if seeds > 1 else ""
    st.caption(
        _(
            "Bands: 95 % bootstrap interval over the examples{ranges}. Heads are ranked on the examples that the score is read on, which "
            "flatters the best orders. Dotted: published, {sources}."
        ).format(ranges=ranges, sources="; ".join(sorted({_(mark.source) for mark in PRUNING})))
    )


def _with_cost(choice: TaskChoice, order: str) -> str:
    """An order, and what it will cost where that is known and it is not computed yet."""
    results = choice.results
    if results.knows_curve(order, choice.method) or not results.knows_score(frozenset()):
        return order_name(order)
    return f"{order_name(order)} · {jobs.duration(results.cost(order, choice.method))}"


def _csv(lines: Mapping[str, Sequence[Point]]) -> bytes:
    tables = [pd.DataFrame([vars(point) for point in points]).assign(order=order_name(order)) for order, points in lines.items()]
    return export.table_csv(pd.concat(tables), index=False)
