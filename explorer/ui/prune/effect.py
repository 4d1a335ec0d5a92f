"""What the removed heads did: score, loss, their intervals, joint effect beside the single ones, and what flipped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer.ablation.intervals import interval
from explorer.i18n import _
from explorer.tasks.base import Scores
from explorer.ui.common import long_work
from explorer.ui.common.take_away import Figure
from explorer.ui.common.task_choice import TaskChoice
from explorer.ui.prune.pruned_set import PrunedSet


def draw(choice: TaskChoice, pruned: PrunedSet) -> Figure | None:
    """The panel; None where the viewer stopped the scoring."""
    results, method, heads = choice.results, choice.method, pruned.heads

    def work(tell: object) -> tuple[Scores, Scores, dict]:
        full = results.score(progress=lambda share: tell(share / 3))
        found = results.score(heads, method, lambda share: tell((1 + share) / 3))
        return full, found, results.single_effects(heads, method, lambda share: tell((2 + share) / 3))

    if results.knows(frozenset(), method) and results.knows(heads, method):
        full, found, single = work(lambda share: None)
    else:
        done = long_work.run(_("Scoring"), f"score {id(results)} {method} {sorted(heads)}", work)
        if done is None:
            return None
        full, found, single = done
    _metrics(choice, full, found)
    _joint(full, found, single)
    table = changed(choice, full, found)
    _flipped(choice, table)
    return Figure(_("All examples"), "examples", {"csv": lambda: every_example(choice, full, found).to_csv(index=False).encode("utf-8-sig")})


def _metrics(choice: TaskChoice, full: Scores, found: Scores) -> None:
    low, high = interval(found.correct)
    first, second, third = st.columns([1.25, 1.25, 1])
    same = found is full
    first.metric(
        _("Accuracy"),
        f"{found.score:.1%}",
        None if same else f"{100 * (found.score - full.score):+.1f} {_('points')}",
        help=_("Mean over the examples of the share of right predictions; below it the 95 % bootstrap interval."),
    )
    first.caption(f"95 %: {low:.1%} – {high:.1%}")
    low, high = interval(found.loss)
    second.metric(
        _("Loss, nats"),
        f"{found.mean_loss:.3f}",
        None if same else f"{found.mean_loss - full.mean_loss:+.3f}",
        delta_color="inverse",
        help=_("Mean over the examples of the cross-entropy of what is right."),
    )
    second.caption(f"95 %: {low:.3f} – {high:.3f}")
    if choice.kind == "classify":
        third.metric(_("Flipped"), f"{int((found.predicted != full.predicted).sum())}", help=_("Examples whose predicted class changed."))
    else:
        third.metric(_("Perplexity"), f"{found.perplexity:.1f}", help=_("exp of the mean cross-entropy of all predictions."))
    third.caption(_("of {n} examples").format(n=len(found.loss)))


def _joint(full: Scores, found: Scores, single: dict) -> None:
    joint, total = found.mean_loss - full.mean_loss, sum(single.values())
    st.markdown(
        _("Together these {n} heads change the loss by **{joint:+.3f}**; their single effects sum to **{total:+.3f}**.").format(
            n=len(single), joint=joint, total=total
        ),
        help=_("Heads stand in for one another: what several do together is not the sum of what each does alone."),
    )


def every_example(choice: TaskChoice, full: Scores, found: Scores) -> pd.DataFrame:
    """One row per example: text, what is right, what was predicted before and after, and the change of its loss."""
    task = choice.results.task
    texts = [choice.examples.examples[item.number].text for item in task.items]
    table = pd.DataFrame({"text": texts, "loss before": full.loss, "loss after": found.loss})
    if choice.kind == "classify":
        names = np.array(task.labels)
        table.insert(1, "label", names[[item.target for item in task.items]])
        table.insert(2, "before", names[full.predicted])
        table.insert(3, "after", names[found.predicted])
    else:
        table.insert(1, "accuracy before", full.correct)
        table.insert(2, "accuracy after", found.correct)
    return table


def changed(choice: TaskChoice, full: Scores, found: Scores) -> pd.DataFrame:
    """The examples that came out differently, those whose loss rose most first."""
    table = every_example(choice, full, found)
    differs = found.predicted != full.predicted if choice.kind == "classify" else found.correct != full.correct
    return table[differs].assign(rise=lambda t: t["loss after"] - t["loss before"]).sort_values("rise", ascending=False)


def _flipped(choice: TaskChoice, table: pd.DataFrame) -> None:
    if table.empty:
        st.caption(_("No example came out differently."))
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        table.drop(columns=["loss before", "loss after"]),
        hide_index=True,
        height=min(330, 38 + 35 * len(table)),
        column_config={
            "text": st.column_config.TextColumn(_("flipped example") if choice.kind == "classify" else _("example"), width=185),
            "rise": number(_("rise of loss"), format="%+.2f"),
            "accuracy before": number(format="%.2f"),
            "accuracy after": number(format="%.2f"),
        },
    )
