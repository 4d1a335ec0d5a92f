"""Every head removed alone, exact: what is below a head is run once, and a layer's heads are extra examples of one batch.

With L layers of equal cost a plain loop over all heads runs L layers per head, this one (L + 1) / 2 on average. Examples of one
length go together, so that nothing is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from explorer.ablation.heads import Head, Heads, by_site, changes, every
from explorer.ablation.replacements import replacements
from explorer.ablation.resumable import Resumable
from explorer.tasks.base import Batch, Outcome, Progress, Scores, Task
from models import attention
from models.surgery.resume import Passed, Runner


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

    def table(self, sites: Sequence, what: str) -> np.ndarray:
        """Mean "loss" or "correct" without each head, (sites, heads); nan where there is no head or it was gone before."""
        made = np.full((len(sites), max(site.heads for site in sites)), np.nan)
        rows = {site.index: row for row, site in enumerate(sites)}
        for (site, head), scores in self.without.items():
            if site in rows:
                made[rows[site], head] = getattr(scores, what).mean()
        return made


def sweep(
    task: Task,
    *,
    method: str = "zero",
    pruned: Heads = frozenset(),
    only: Heads | None = None,
    progress: Progress | None = None,
    resumable: Resumable | None = None,
) -> Sweep:
    """Removes every head alone and scores the task.

    Args:
        task: model and examples.
        method: what takes the place of a head's output, one of `replacements.METHODS`.
        pruned: heads that are removed already; they are not tried again.
        only: the heads to try; all that are left where None.
        progress: told the share that is done, after every pass.
        resumable: where batches that are done are kept.

    Returns:
        Scores per example for the baseline and for every head that is left.
    """
    runner, n = Runner(task.model), len(task)
    left = [head for head in every(task.model) if head not in pruned and (only is None or head in only)]
    found = Sweep(Scores.empty(n), {head: Scores.empty(n) for head in left}, pruned)
    replacement_of = replacements(task, method, runner=runner)
    widest = max(site.heads for site in task.model.sites)
    done = 0
    for batch in task.batches(copies=widest):
        kept = _from_json(resumable.get("batch", batch.index)) if resumable is not None else None
        if kept is None:
            kept = {}
            for head, outcome in _of_batch(task, runner, batch, left, pruned, replacement_of):
                kept[head] = outcome
                if progress:
                    progress((done + len(batch) * len(kept) / (len(left) + 1)) / n)
            if resumable is not None:
                resumable.put("batch", batch.index, _to_json(kept))
        for head, outcome in kept.items():
            (found.baseline if head is None else found.without[head]).put(batch.index, outcome)
        done += len(batch)
        if progress:
            progress(done / n)
    return found


def _of_batch(task: Task, runner: Runner, batch: Batch, left: list[Head], pruned: Heads, replacement_of: Callable):
    """Yields (None, baseline) and (head, outcome) for every head that is left."""
    replacement = replacement_of(batch)
    base = changes(task.model, pruned, replacement)
    passed = Passed()
    with task.running(runner, base):
        baseline = task.outcome(runner, batch, lambda inputs: runner.run(inputs, passed))
    yield None, baseline
    at_once = max(1, task.room // (len(batch) * batch.tokens))
    for site, heads in by_site(left).items():
        start = runner.call_of.get(site, 0)
        for i in range(0, len(heads), at_once):
            some = heads[i : i + at_once]
            times = len(some)
            everything = {s: _copied(change, times) for s, change in base.items()}
            everything[site] = _alone(task, site, some, base.get(site), replacement.get(site), len(batch))
            with task.running(runner, everything):
                outcome = task.outcome(runner, batch.repeat(times), lambda inputs, s=start, t=times: runner.resume(s, inputs, passed, times=t))
            for j, head in enumerate(some):
                yield (site, head), Outcome(*(values[j::times] for values in vars(outcome).values()))


def _alone(task: Task, site: int, heads: list[int], base: attention.Change | None, replacement: object, examples: int) -> attention.Change:
    """Gates of examples a, a, b, b, ..: copy j is without head j."""
    gate = torch.ones(task.model.sites[site].heads, device=task.device) if base is None else base.gate
    gates = gate.repeat(len(heads), 1)
    gates[torch.arange(len(heads)), heads] = 0
    return _copied(attention.Change(gate=gates.repeat(examples, 1), replacement=replacement), len(heads))


def _copied(change: attention.Change, times: int) -> attention.Change:
    """The same change for a batch in which every example stands `times` times; what is the same for all stays as it is."""
    replacement = change.replacement
    if isinstance(replacement, torch.Tensor) and replacement.shape[0] > 1:
        replacement = replacement.repeat_interleave(times, dim=0)
    return attention.Change(gate=change.gate, replacement=replacement)


def _to_json(kept: dict[Head | None, Outcome]) -> list:
    return [[head, {name: values.tolist() for name, values in vars(outcome).items()}] for head, outcome in kept.items()]


def _from_json(kept: list | None) -> dict[Head | None, Outcome] | None:
    if kept is None:
        return None
    made = {}
    for head, outcome in kept:
        made[None if head is None else tuple(head)] = Outcome(**{name: torch.tensor(values) for name, values in outcome.items()})
    return made
