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

PIECE = "batch"
"""What a finished batch is called among finished pieces."""


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
    done = 0
    for batch in batches(task):
        piece = resumable.get(PIECE, batch.index) if resumable is not None else None
        if piece is None:
            # Made where a batch wants them: where all are known already, nothing is run.
            replacement_of = replacement_of or replacements(task, method, runner=runner)
            tell = within(progress, done / n, (done + len(batch)) / n)
            piece = of_batch(task, runner, batch, left, pruned, replacement_of(batch), tell)
            if resumable is not None:
                resumable.put(PIECE, batch.index, piece)
        for head, outcome in outcomes(piece).items():
            (found.baseline if head is None else found.without[head]).put(batch.index, outcome)
        done += len(batch)
        if progress:
            progress(done / n)
    return found


def batches(task: Task) -> list[Batch]:
    """The examples as a sweep goes through them: every head of a layer fits into one pass, as a copy."""
    return task.batches(copies=max(site.heads for site in task.model.sites))


def of_batch(
    task: Task,
    runner: Runner,
    batch: Batch,
    left: Sequence[Head],
    pruned: Heads,
    replacement: Mapping[int, Replacement],
    progress: Progress | None = None,
) -> list:
    """One batch without each head that is left, as JSON: what a page, a command and a worker of a cluster all compute.

    Args:
        task, runner, batch: what runs.
        left: the heads to try.
        pruned: heads that are removed throughout.
        replacement: by site, what takes the place of a removed output of this batch.
        progress: told the share of the batch that is done.

    Returns:
        For None and each head, the fields of its `Outcome`; for `outcomes`.
    """
    base = passes.kept(task, runner, batch, pruned, replacement, between=repeating(progress, 0.0))
    found: dict[Head | None, Outcome] = {None: base.outcome}
    room = passes.at_once(task, batch)
    for site, heads in by_site(left).items():
        for i in range(0, len(heads), room):
            some = [(site, head) for head in heads[i : i + room]]
            sets = [pruned | {head} for head in some]
            share = len(found) / (len(left) + 1)
            made = passes.without(task, runner, batch, sets, replacement, known=base, between=repeating(progress, share))
            found |= zip(some, made, strict=True)
    return [[head, {name: values.tolist() for name, values in vars(outcome).items()}] for head, outcome in found.items()]


def outcomes(piece: list) -> dict[Head | None, Outcome]:
    """Outcomes of a batch without each head; under None, with no more removed than throughout."""
    made = {}
    for head, outcome in piece:
        made[None if head is None else tuple(head)] = Outcome(**{name: torch.tensor(values) for name, values in outcome.items()})
    return made
