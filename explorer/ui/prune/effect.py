"""What the removed heads did: score, loss, their intervals, joint effect beside the single ones, and what flipped."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from explorer import export
from explorer.ablation.heads import Head, Heads, write
from explorer.ablation.intervals import interval
from explorer.i18n import _
from explorer.jobs import Report
from explorer.tasks.base import Scores
from explorer.ui.common import jobs, stage
from explorer.ui.common.markdown import escaped, shortened
from explorer.ui.common.take_away import Figure
from explorer.ui.common.task_choice import KINDS, REMOVALS, TaskChoice

SCORE_S = 1.2
"""Seconds that the page waits for a score: most are there within one, and nothing need be drawn in between."""


@dataclass(frozen=True)
class Effect:
    """What the heads in `heads` did: scores with all heads, and without these."""

    choice: TaskChoice
    heads: Heads
    full: Scores
    found: Scores


def known(choice: TaskChoice, heads: Heads) -> bool:
    """Whether the scores with and without these heads are there already."""
    return choice.results.knows_score(frozenset(), choice.method) and choice.results.knows_score(heads, choice.method)


def scored(choice: TaskChoice, heads: Heads) -> Effect | None:
    """The scores with and without these heads; None while they are computed, and the page shows how far it is."""
    results, method = choice.results, choice.method
    if not known(choice, heads):
        # A score comes before whatever else this viewer has asked for on this page.
        jobs.set_aside("colours", "single effects")

        def work(report: Report) -> bool:
            results.score(progress=lambda share: report(share / 2))
            results.score(heads, method, lambda share: report((1 + share) / 2))
            return True

        key = ("score", *choice.key, method, heads)
        if jobs.computed(key, _("Scoring"), work, replaces="score", moment=SCORE_S) is None:
            return None
    return Effect(choice, heads, results.score(), results.score(heads, method))


def title(choice: TaskChoice, heads: Heads) -> str:
    """Which scores these are, for a line of the page."""
    removed = (
        _("{heads} → {method}").format(heads=shortened(write(choice.model, heads)), method=_(REMOVALS[choice.method]))
        if heads
        else _("all heads")
    )
    return f"{choice.model.short_name}, {_(KINDS[choice.kind])}, {choice.examples.name} ({len(choice.results.task)}): {removed}"


def draw(effect: Effect, further: bool) -> Figure:
    """Score, loss, what flipped; the single effects when they are there, and asked for only where that is wanted (`further`)."""
    choice, full, found = effect.choice, effect.full, effect.found
    warn(effect)
    _metrics(choice, full, found)
    _joint(effect, further)
    _flipped(choice, changed(choice, full, found))
    if choice.kind == "multilabel":
        with st.expander(_("Each label")):
            st.dataframe(every_label(choice, full, found), hide_index=True, column_config=_titles(short=True))
    return Figure(_("All examples"), "examples", {"csv": lambda: export.table_csv(every_example(choice, full, found), index=False)})


def warn(effect: Effect) -> None:
    """What there is to doubt about the task: labels that are matched to the wrong classes, say; nothing where there is nothing."""
    if doubt := effect.choice.results.task.doubt(effect.full):
        st.warning(escaped(doubt), icon=":material/swap_vert:")


def _change(same: bool, change: float, form: str, colour: str = "normal") -> dict[str, str | None]:
    """What stands under a number: how it moved. What rounds to nothing has neither an arrow nor a colour."""
    written = form.format(change=change)
    if same:
        return {"delta": None}
    if not re.search("[1-9]", written):
        return {"delta": form.format(change=0.0), "delta_arrow": "off", "delta_color": "off"}
    return {"delta": written, "delta_color": colour}


def _metrics(choice: TaskChoice, full: Scores, found: Scores) -> None:
    low, high = interval(found.correct, shares=True)
    first, second, third = st.columns([1.25, 1.25, 1])
    same = found is full
    if choice.kind == "regression":
        first.metric(
            _("Correlation"),
            f"{found.score:.3f}",
            **_change(same, found.score - full.score, "{change:+.3f}"),
            help=_("Pearson's correlation of what is predicted with what is right; below it the 95 % bootstrap interval."),
        )
        first.caption(f"95 %: {low:.3f} – {high:.3f}")
    else:
        first.metric(
            _("Accuracy"),
            f"{found.score:.1%}",
            **_change(same, 100 * (found.score - full.score), _("{change:+.1f} points")),
            help=_(
                "Mean over the examples of the share of right predictions; below it the 95 % bootstrap interval, "
                "or the exact one where all are right or all are wrong."
            ),
        )
        first.caption(f"95 %: {low:.1%} – {high:.1%}")
    low, high = interval(found.loss)
    meant = {
        "regression": _("Mean over the examples of the squared difference to what is right."),
        "multilabel": _("Mean over the examples and the labels of the binary cross-entropy."),
    }
    second.metric(
        _("Squared error") if choice.kind == "regression" else _("Loss, nats"),
        f"{found.mean_loss:.3f}",
        **_change(same, found.mean_loss - full.mean_loss, "{change:+.3f}", "inverse"),
        help=meant.get(choice.kind, _("Mean over the examples of the cross-entropy of what is right.")),
    )
    second.caption(f"95 %: {low:.3f} – {high:.3f}")
    if choice.kind == "regression":
        moved = float(np.abs(found.correct[:, 0] - full.correct[:, 0]).mean())
        third.metric(_("Mean change"), f"{moved:.3f}", help=_("Mean over the examples of how far the predicted number moved, either way."))
    elif choice.kind in ("classify", "multilabel"):
        flipped = int(choice.results.task.differ(full, found).sum())
        third.metric(_("Flipped"), f"{flipped}", help=_("Examples for which something else is predicted."))
    else:
        third.metric(_("Perplexity"), f"{found.perplexity:.1f}", help=_("exp of the mean cross-entropy of all predictions."))
    third.caption(_("of {n} examples").format(n=len(found.loss)))


def _joint(effect: Effect, further: bool) -> None:
    """What the heads do together, beside the sum of what each does alone, which is computed afterwards."""
    results, method, heads = effect.choice.results, effect.choice.method, effect.heads
    joint = effect.found.mean_loss - effect.full.mean_loss
    alone = results.single_effects(heads, method) if not heads or results.knows(heads, method) else None
    n, above = len(heads), st.container()
    if n > 1 and alone is None and further:

        def work(report: Report) -> dict[Head, float]:
            return results.single_effects(heads, method, report)

        # Its result, as on many examples the scores of many heads do not stay in memory together.
        key = ("single effects", *effect.choice.key, method, heads)
        alone = jobs.computed(key, _("Each of them alone"), work, replaces="single effects", moment=0.0)
    if n == 1:
        message = _("This head changes the loss by **{joint:+.3f}**.")
    elif alone is None:
        message = _("Together these {n} heads change the loss by **{joint:+.3f}**.")
    else:
        message = _("Together these {n} heads change the loss by **{joint:+.3f}**; their single effects sum to **{total:+.3f}**.")
    if n:
        said = message.format(n=n, joint=joint, total=sum(alone.values()) if alone else 0.0)
        above.markdown(said, help=_("Heads stand in for one another: what several do together is not the sum of what each does alone."))


def every_example(choice: TaskChoice, full: Scores, found: Scores) -> pd.DataFrame:
    """One row per example: text, what is right, what was predicted before and after, and the change of its loss."""
    task = choice.results.task
    texts = [choice.examples.examples[item.number].text for item in task.items]
    return pd.DataFrame({"text": texts, **task.columns(full, found), "loss before": full.loss, "loss after": found.loss})


def every_label(choice: TaskChoice, full: Scores, found: Scores) -> pd.DataFrame:
    """One row per label that a text may carry: how many carry it, and accuracy and F1 before and after."""
    before, after = (choice.results.task.per_label(scores) for scores in (full, found))
    columns = {f"{what} {when}": of[what] for what in ("f1", "accuracy") for when, of in (("before", before), ("after", after))}
    return pd.DataFrame({"label": choice.results.task.labels, "examples": before["examples"], **columns})


def changed(choice: TaskChoice, full: Scores, found: Scores) -> pd.DataFrame:
    """The examples that came out differently, those whose loss rose most first."""
    table = every_example(choice, full, found)
    return (
        table[choice.results.task.differ(full, found)]
        .assign(rise=lambda t: t["loss after"] - t["loss before"])
        .sort_values("rise", ascending=False)
    )


def _flipped(choice: TaskChoice, table: pd.DataFrame) -> None:
    if table.empty:
        st.caption(_("No example came out differently."))
        return
    st.dataframe(
        table.drop(columns=["loss before", "loss after"]),
        hide_index=True,
        height=min(330, 38 + 35 * len(table)),
        column_config={
            "text": st.column_config.TextColumn(
                _("flipped example") if choice.kind == "classify" else _("example"), width=140 if stage.is_on() else 165
            ),
            **_titles(numbers=choice.kind == "regression"),
        },
    )


def _titles(numbers: bool = False, short: bool = False) -> dict[str, object]:
    """How the columns of the tables are called and written.

    Args:
        numbers: whether what is said before and after is a number.
        short: for a table of many columns.
    """
    number = st.column_config.NumberColumn
    before, after = (_("acc. before"), _("acc. after")) if short else (_("accuracy before"), _("accuracy after"))
    return {
        "label": _("label"),
        "labels": _("labels"),
        "number": number(_("right"), format="%.2f"),
        "before": number(_("before"), format="%.2f") if numbers else _("before"),
        "after": number(_("after"), format="%.2f") if numbers else _("after"),
        "examples": _("examples"),
        "rise": number(_("rise of loss"), format="%+.2f"),
        "accuracy before": number(before, format="%.2f"),
        "accuracy after": number(after, format="%.2f"),
        "f1 before": number(_("F1 before"), format="%.2f"),
        "f1 after": number(_("F1 after"), format="%.2f"),
    }
