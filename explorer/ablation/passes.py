"""Forward passes without some heads that do no work twice.

What lies below the lowest head that changes is taken from an earlier pass, and several sets of removed heads go through one pass
as copies of its examples. Everything that removes heads (a score, a sweep, a curve) is made of these two functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.ablation.heads import Heads, by_site
from explorer.ablation.replacements import Replacement
from explorer.tasks.base import Batch, Outcome, Task
from models import attention
from models.surgery.resume import Passed, Runner


@dataclass(frozen=True, eq=False)
class Kept:
    """A batch that was run, and what its layers returned.

    Attributes:
        batch: the examples.
        gone: heads that were removed.
        outcome: loss and predictions, each (examples,).
        passed: outputs of the layers, from which `without` goes on.
        seconds: from the start of each layer call that was computed to the end of the pass, by its number: what a pass costs that
            starts there. 0 for calls that were not computed, and where nobody needs to know.
    """

    batch: Batch
    gone: Heads
    outcome: Outcome
    passed: Passed
    seconds: np.ndarray


def kept(
    task: Task,
    runner: Runner,
    batch: Batch,
    gone: Heads,
    replacement: Mapping[int, Replacement],
    *,
    known: Kept | None = None,
    between: Callable[[], None] | None = None,
) -> Kept:
    """Runs a batch without some heads and keeps what its layers returned.

    Args:
        task: model and examples.
        runner: of the same model.
        batch: some of the examples.
        gone: heads to remove.
        replacement: by site, what takes the place of a removed output of this batch.
        known: an earlier run of the same batch; the pass starts at the lowest layer that differs from it.
        between: called before each layer; what it raises ends the pass.
    """
    made = changes_of(task, [gone], replacement, len(batch))
    passed = Passed()
    starts: list[float] = []

    def before_layer() -> None:
        if between is not None:
            between()
        starts.append(time.perf_counter())

    def forward(inputs: Mapping[str, Tensor]) -> object:
        if known is None:
            return runner.run(inputs, passed)
        return runner.resume(lowest(runner, [gone], known.gone), inputs, known.passed, keep=passed)

    with task.running(runner, made, between=before_layer):
        outcome = task.outcome(runner, batch, forward)
        outcome.loss.sum().item()  # waits for an accelerator
        seconds = np.zeros(runner.n_calls)
        seconds[runner.n_calls - len(starts) :] = time.perf_counter() - np.array(starts)
    return Kept(batch, gone, outcome, passed, seconds)


def without(
    task: Task,
    runner: Runner,
    batch: Batch,
    sets: Sequence[Heads],
    replacement: Mapping[int, Replacement],
    *,
    known: Kept | None = None,
    between: Callable[[], None] | None = None,
) -> list[Outcome]:
    """Runs a batch once for each set of removed heads, all in one pass.

    Args:
        task: model and examples.
        runner: of the same model.
        batch: some of the examples.
        sets: heads that are removed, those that were removed in `known` included where they stay so.
        replacement: by site, what takes the place of a removed output of this batch.
        known: the batch, as it was run before: the pass starts at the lowest layer in which any of the sets differs from it.
        between: called before each layer; what it raises ends the pass.

    Returns:
        For each set its outcome, (examples,).
    """
    times = len(sets)
    made = changes_of(task, sets, replacement, len(batch))

    def forward(inputs: Mapping[str, Tensor]) -> object:
        if known is None:
            return runner.run(inputs)
        return runner.resume(lowest(runner, sets, known.gone), inputs, known.passed, times=times)

    with task.running(runner, made, between=between):
        outcome = task.outcome(runner, batch.repeat(times) if times > 1 else batch, forward)
    return [Outcome(*(values[copy::times] for values in vars(outcome).values())) for copy in range(times)]


def at_once(task: Task, batch: Batch) -> int:
    """Copies of a batch that one forward pass has room for."""
    return max(1, task.room // (len(batch) * batch.tokens))


def lowest(runner: Runner, sets: Iterable[Heads], gone: Heads) -> int:
    """Number of the first layer call in which any of these sets of removed heads differs from the set `gone`."""
    differ = {site for heads in sets for site, _head in heads ^ gone}
    return min((runner.call_of.get(site, 0) for site in differ), default=runner.n_calls)


def changes_of(task: Task, sets: Sequence[Heads], replacement: Mapping[int, Replacement], examples: int) -> dict[int, attention.Change]:
    """What removes each set from its own copy of the examples, by site.

    Args:
        task: whose model.
        sets: removed heads, one set per copy.
        replacement: what takes the place of a removed output, by site: (1 or examples, heads, 1 or query, value dim).
        examples: of the batch; its copies stand as a, a, b, b, .. (`Batch.repeat`).
    """
    made, times = {}, len(sets)
    removed = [by_site(heads) for heads in sets]
    for site in sorted({site for heads in removed for site in heads}):
        gate = torch.ones(times, task.model.sites[site].heads)
        for copy, heads in enumerate(removed):
            gate[copy, heads.get(site, [])] = 0
        # One gate where all copies have the same: the smaller tensor is multiplied faster.
        gate = gate[0] if bool((gate == gate[0]).all()) else gate.repeat(examples, 1)
        made[site] = attention.Change(gate=gate.to(task.device), replacement=_copied(replacement.get(site), times))
    return made


def _copied(replacement: Replacement, times: int) -> Replacement:
    """The same for a batch in which every example stands `times` times in a row; what all examples share stays as it is."""
    if isinstance(replacement, Tensor) and replacement.shape[0] > 1 and times > 1:
        return replacement.repeat_interleave(times, dim=0)
    return replacement
