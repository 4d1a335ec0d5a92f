"""What the greedy order asks of each batch of examples: scores, slopes of the gates, and what further removals cost.

A batch is one piece of work that knows nothing of the others, so it may be done here or by somebody else (`Passes`). Slopes need a pass that
records gradients, whose sums differ in the last digits from those of a pass that does not. So what a race subtracts is always the loss of
such a pass, whoever runs it and whether it was kept or not: the order does not depend on who has how much memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch

from explorer.ablation import passes
from explorer.ablation.heads import Head, Heads, by_site
from explorer.ablation.replacements import Replacement
from explorer.ablation.scorer import Scorer
from explorer.tasks.base import Batch, Outcome, Progress, Task, repeating
from models import attention
from models.surgery.resume import Passed, Runner

Slopes = Mapping[Head, np.ndarray]
"""For each head one number an example of a batch, (examples,)."""


class Passes(Protocol):
    """Who runs the batches of a race. Each method goes through the batches of these numbers, in this order; `progress` is told the share of
    them that is done, and what it raises ends the work."""

    def scored(self, gone: Heads, numbers: Sequence[int], progress: Progress | None) -> Iterator[Outcome]:
        """Outcomes without the heads that are gone."""

    def sloped(self, gone: Heads, numbers: Sequence[int], progress: Progress | None) -> Iterator[tuple[Outcome, Slopes]]:
        """The same, and the slope of each example's loss in the gate of each head that is left."""

    def rises(self, gone: Heads, heads: Collection[Head], numbers: Sequence[int], progress: Progress | None) -> Iterator[Slopes]:
        """How much the loss of each example rises without each of these heads, too."""


class Here:
    """`Passes` that run in this process and keep what the layers returned, as far as there is room.

    Args:
        scorer: of the task.
        method: what takes the place of a head's output.
        batches: of the examples.
    """

    def __init__(self, scorer: Scorer, method: str, batches: Sequence[Batch]) -> None:
        self.scorer, self.task, self.method, self.batches = scorer, scorer.task, method, batches
        self._states: dict[int, passes.Kept] = {}

    def scored(self, gone: Heads, numbers: Sequence[int], progress: Progress | None) -> Iterator[Outcome]:
        """See `Passes`."""
        self._states.clear()
        for batch, tell in self._told(numbers, progress):
            yield scored(self.task, self.scorer.runner, batch, gone, self._replacement(batch), tell)

    def sloped(self, gone: Heads, numbers: Sequence[int], progress: Progress | None) -> Iterator[tuple[Outcome, Slopes]]:
        """See `Passes`."""
        self._states.clear()
        room = self.scorer.room
        for number, (batch, tell) in zip(numbers, self._told(numbers, progress), strict=True):
            state, slopes = sloped(self.task, self.scorer.runner, batch, gone, self._replacement(batch), tell)
            room -= state.passed.bytes
            if room >= 0:
                self._states[number] = state
            yield state.outcome, slopes

    def rises(self, gone: Heads, heads: Collection[Head], numbers: Sequence[int], progress: Progress | None) -> Iterator[Slopes]:
        """See `Passes`."""
        for number, (batch, tell) in zip(numbers, self._told(numbers, progress), strict=True):
            state, replacement = self._states.get(number), self._replacement(batch)
            if state is None or state.gone != gone:
                state, _none = sloped(self.task, self.scorer.runner, batch, gone, replacement, tell, slopes=False)
            yield rises(self.task, self.scorer.runner, state, heads, replacement, tell)

    def _replacement(self, batch: Batch) -> Mapping[int, Replacement]:
        return self.scorer.replacement_of(self.method)(batch)

    def _told(self, numbers: Sequence[int], progress: Progress | None) -> Iterator[tuple[Batch, Callable[[], None] | None]]:
        for done, number in enumerate(numbers):
            yield self.batches[number], repeating(progress, done / len(numbers))


def scored(
    task: Task, runner: Runner, batch: Batch, gone: Heads, replacement: Mapping[int, Replacement], between: Callable[[], None] | None = None
) -> Outcome:
    """Outcome of a batch without the heads that are gone, from a pass over all layers."""
    return passes.without(task, runner, batch, [gone], replacement, between=between)[0]


def sloped(
    task: Task,
    runner: Runner,
    batch: Batch,
    gone: Heads,
    replacement: Mapping[int, Replacement],
    between: Callable[[], None] | None = None,
    *,
    slopes: bool = True,
) -> tuple[passes.Kept, Slopes]:
    """A batch without the heads that are gone; and how much the loss of each of its examples rises without each head that is left, to
    first order: -dL / dgate, (examples,).

    Args:
        task, runner, batch: what runs.
        gone: heads to remove.
        replacement: by site, what takes the place of a removed output of this batch.
        between: called before each layer; what it raises ends the pass.
        slopes: whether they are needed; else the same pass runs without its way back, and gives none.
    """
    replacement = {site: _usable(one) for site, one in replacement.items()}
    gates, changes, passed = {}, {}, Passed()
    for site in task.model.sites:
        gate = torch.ones(len(batch), site.heads, device=task.device)
        gate[:, [head for at, head in gone if at == site.index]] = 0
        gates[site.index] = gate.requires_grad_()
        changes[site.index] = attention.Change(gate=gate, replacement=replacement.get(site.index))
    by_gate: dict[int, np.ndarray] = {}
    with task.running(runner, changes, grad=True, between=between):
        outcome = task.outcome(runner, batch, lambda inputs: runner.run(inputs, passed))
        if slopes:
            found = torch.autograd.grad(outcome.loss.sum(), list(gates.values()), allow_unused=True)
            by_gate = {site: -slope.cpu().double().numpy() for site, slope in zip(gates, found, strict=True) if slope is not None}
    by_head = {(site, head): of[:, head] for site, of in by_gate.items() for head in range(of.shape[1]) if (site, head) not in gone}
    detached = Outcome(**{name: value.detach() for name, value in vars(outcome).items()})
    return passes.Kept(batch, gone, detached, passed.detached(), np.zeros(runner.n_calls)), by_head


def rises(
    task: Task,
    runner: Runner,
    state: passes.Kept,
    heads: Collection[Head],
    replacement: Mapping[int, Replacement],
    between: Callable[[], None] | None = None,
) -> Slopes:
    """How much the loss of each example of a batch rises without each of these heads, (examples,).

    Args:
        task, runner: what runs.
        state: the batch, as `sloped` has run it.
        heads: that are tried.
        replacement, between: as for `sloped`.
    """
    found: dict[Head, np.ndarray] = {}
    room = passes.at_once(task, state.batch)
    for site, numbers in by_site(heads).items():
        for start in range(0, len(numbers), room):
            some = [(site, head) for head in numbers[start : start + room]]
            sets = [state.gone | {head} for head in some]
            outcomes = passes.without(task, runner, state.batch, sets, replacement, known=state, between=between)
            found |= {head: (one.loss - state.outcome.loss).cpu().double().numpy() for head, one in zip(some, outcomes, strict=True)}
    return found


def _usable(replacement: Replacement) -> Replacement:
    """The same where gradients are recorded: tensors that were made in inference mode are not allowed there."""
    if not isinstance(replacement, torch.Tensor):
        return replacement
    with torch.inference_mode(False):
        return replacement.clone()
