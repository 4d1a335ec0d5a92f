"""Every head removed alone, exact: what is below a head is run once, and a layer's heads are extra examples of one batch.

With L layers of equal cost a plain loop over all heads runs L layers per head, this one (L + 1) / 2 on average. Examples of one
length go together, so that nothing is padded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from explorer.ablation import passes
from explorer.ablation.heads import Head, Heads, by_site, every
from explorer.ablation.replacements import Replacement, ReplacementsOf, replacements
from explorer.ablation.resumable import Pieces
from explorer.tasks.base import Batch, Outcome, Progress, Scores, Task, repeating, within
from explorer.tasks.guards import when_full
from explorer.tasks.score import score_of
from models.surgery.resume import Runner


@dataclass(frozen=True, eq=False)
class Sweep:
    """Scores without each head alone.

    Attributes:
        baseline: scores with the heads in `pruned` removed, and no other.
        without: scores when one more head is removed, by head.
        pruned: heads that were removed throughout.
    """

    baseline: Scores
    without: dict[Head, Scores]
    pruned: Heads = frozenset()

    @property
    def bytes(self) -> int:
        """Memory that the scores take."""
        return self.baseline.bytes + sum(scores.bytes for scores in self.without.values())

    def of(self, members: Sequence[int]) -> Sweep:
        """The same on some of the examples, those of `Task.subset(members)`."""
        at = list(members)

        def some(scores: Scores) -> Scores:
            return Scores(*(values[at] for values in vars(scores).values()))

        return Sweep(some(self.baseline), {head: some(scores) for head, scores in self.without.items()}, self.pruned)

    def table(self, sites: Sequence, what: str) -> np.ndarray:
        """Mean "loss", or the score ("correct"), without each head, (sites, heads); nan where there is no head or it was gone before."""
        made = np.full((len(sites), max(site.heads for site in sites)), np.nan)
        rows = {site.index: row for row, site in enumerate(sites)}
        for (site, head), scores in self.without.items():
            if site in rows:
                made[rows[site], head] = score_of(getattr(scores, what))
        return made


@when_full
def sweep(
    task: Task,
    *,
    method: str = "zero",
    pruned: Heads = frozenset(),
    only: Heads | None = None,
    progress: Progress | None = None,
    resumable: Pieces | None = None,
    runner: Runner | None = None,
    replacement_of: ReplacementsOf | None = None,
) -> Sweep:
    """Removes every head alone and scores the task.

    Args:
        task: model and examples.
        method: what takes the place of a head's output, one of `replacements.METHODS`.
        pruned: heads that are removed already; they are not tried again.
        only: the heads to try; all that are left where None.
        progress: told the share that is done, before every layer; what it raises ends the sweep.
        resumable: where batches that are done are kept.
        runner: made here where None.
        replacement_of: of `method`, where it is known already; made here where None.

    Returns:
        Scores per example for the baseline and for every head that is left.
    """
    runner, n = runner or Runner(task.model), len(task)
    left = [head for head in every(task.model) if head not in pruned and (only is None or head in only)]
    found = Sweep(task.empty(), {head: task.empty() for head in left}, pruned)
    replacement_of = replacement_of or replacements(task, method, runner=runner)
    widest = max(site.heads for site in task.model.sites)
    done = 0
    for batch in task.batches(copies=widest):
        outcomes = _from_json(resumable.get("batch", batch.index)) if resumable is not None else None
        if outcomes is None:
            tell = within(progress, done / n, (done + len(batch)) / n)
            outcomes = _of_batch(task, runner, batch, left, pruned, replacement_of(batch), tell)
            if resumable is not None:
                resumable.put("batch", batch.index, _to_json(outcomes))
        for head, outcome in outcomes.items():
            (found.baseline if head is None else found.without[head]).put(batch.index, outcome)
        done += len(batch)
        if progress:
            progress(done / n)
    return found


def _of_batch(
    task: Task, runner: Runner, batch: Batch, left: list[Head], pruned: Heads, replacement: Mapping[int, Replacement], tell: Progress | None
) -> dict[Head | None, Outcome]:
    """Outcomes of a batch without each head that is left; under None, with no more than `pruned` removed."""
    base = passes.kept(task, runner, batch, pruned, replacement, between=repeating(tell, 0.0))
    found: dict[Head | None, Outcome] = {None: base.outcome}
    room = passes.at_once(task, batch)
    for site, heads in by_site(left).items():
        for i in range(0, len(heads), room):
            some = [(site, head) for head in heads[i : i + room]]
            sets = [pruned | {head} for head in some]
            share = len(found) / (len(left) + 1)
            outcomes = passes.without(task, runner, batch, sets, replacement, known=base, between=repeating(tell, share))
            found |= zip(some, outcomes, strict=True)
    return found


def _to_json(kept: dict[Head | None, Outcome]) -> list:
    return [[head, {name: values.tolist() for name, values in vars(outcome).items()}] for head, outcome in kept.items()]


def _from_json(kept: list | None) -> dict[Head | None, Outcome] | None:
    if kept is None:
        return None
    made = {}
    for head, outcome in kept:
        made[None if head is None else tuple(head)] = Outcome(**{name: torch.tensor(values) for name, values in outcome.items()})
    return made
