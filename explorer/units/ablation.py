"""The units of `ablate` and `prune`: planned from the examples' batches, their results put where the commands look for finished pieces."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from explorer.ablation import curves
from explorer.ablation.curves import Curve
from explorer.ablation.greedy_passes import Slopes
from explorer.ablation.heads import Head, Heads, every
from explorer.ablation.resumable import Memory
from explorer.ablation.scorer import Scorer
from explorer.ablation.sweep import PIECE, Sweep, batches, sweep
from explorer.tasks.base import Batch, Outcome, Progress, Task, within
from explorer.units.kinds import by_head_of, heads_json, outcome_of
from explorer.units.plan import Planner

TOKENS = 8192
"""Tokens of the batches that one unit scores without a set of heads: a unit takes a second or more, or its file costs more than its work."""


def swept(planner: Planner, task: Task, method: str, progress: Progress | None = None) -> Sweep:
    """Every head removed alone, as `sweep` finds it.

    Args:
        planner: of the job.
        task: its task.
        method: what takes the place of a head's output.
        progress: told the share that is done; what it raises ends the work.
    """
    return sweep(task, method=method, resumable=sweep_pieces(planner, task, progress))


def sweep_pieces(planner: Planner, task: Task, progress: Progress | None = None) -> Memory:
    """The batches of a sweep."""
    pieces, planned = Memory(), batches(task)
    units = planner.units("sweep", [{"members": list(batch.index)} for batch in planned])
    for batch, found in zip(planned, planner.job.run("sweep", units, progress), strict=True):
        pieces.put(PIECE, batch.index, found)
    return pieces


def curve(planner: Planner, scorer: Scorer, order: str, method: str, seeds: int, progress: Progress | None = None) -> Curve:
    """A curve, as `curves.curve` finds it.

    Args:
        planner: of the job.
        scorer: of its task.
        order: one of `curves.ORDERS`; "gradient" and "confidence" are ranked here, in one pass, and only scored by units.
        method: what takes the place of a head's output.
        seeds: random orders.
        progress: told the share that is done; what it raises ends the work.
    """
    task = scorer.task
    if order == "greedy":
        told = progress and (lambda share, points: progress(share))
        return curves.curve(task, order, method=method, scorer=scorer, progress=told, run_by=lambda made: Greedy(planner, made))
    pieces, sizes, total = Memory(), curves.counts(len(every(task.model))), len(every(task.model))
    before = 0.0 if order == "random" else 0.6
    if order in ("exact", "reversed"):
        pieces = sweep_pieces(planner, task, within(progress, 0.0, before))
    if order == "random":
        orders = [curves.order_of(task, order, seed=seed) for seed in range(seeds)]
        # As in `curves`: nothing and all removed are the same for every seed.
        wanted = [([seed, n], heads[:n]) for seed, heads in enumerate(orders) for n in sizes if not seed or 0 < n < total]
    else:
        ranked = within(progress, 0.0, before) if not len(pieces) else None
        heads = curves.order_of(task, order, method=method, resumable=pieces, scorer=scorer, progress=ranked)
        pieces.put("order", order, [list(head) for head in heads])
        wanted = [([n], heads[:n]) for n in sizes]
    scored = scores(planner, task, [frozenset(heads) for _key, heads in wanted], within(progress, before, 1.0))
    for (key, _heads), found in zip(wanted, scored, strict=True):
        pieces.put(order, key, found)
    return curves.curve(task, order, method=method, seeds=seeds, resumable=pieces, scorer=scorer)


def scores(planner: Planner, task: Task, sets: Sequence[Heads], progress: Progress | None = None) -> Iterator[dict[str, list[float]]]:
    """Loss and what was right of every example without each of these sets of heads."""
    groups = list(_groups(task.batches()))
    each = [{"gone": heads_json(heads), "batches": [list(batch.index) for batch in group]} for heads in sets for group in groups]
    found = iter(planner.job.run("scores", planner.units("scored", each), progress))
    for _heads in sets:
        filled = task.empty()
        for group in groups:
            for batch, outcome in zip(group, next(found), strict=True):
                filled.put(batch.index, outcome_of(outcome))
        yield {"loss": filled.loss.tolist(), "correct": filled.correct.tolist()}


class Greedy:
    """`greedy_passes.Passes` whose batches are units. A race's rounds follow each other; the batches of one are done side by side.

    Args:
        planner: of the job.
        batches: of the race.
    """

    def __init__(self, planner: Planner, batches: Sequence[Batch]) -> None:
        self.planner, self.batches = planner, batches

    def scored(self, gone: Heads, numbers: Sequence[int], progress: Progress | None) -> Iterator[Outcome]:
        """See `Passes`."""
        each = [{"gone": heads_json(gone), "batches": [list(self.batches[number].index)]} for number in numbers]
        for (found,) in self._run("scored", gone, each, progress):
            yield outcome_of(found)

    def sloped(self, gone: Heads, numbers: Sequence[int], progress: Progress | None) -> Iterator[tuple[Outcome, Slopes]]:
        """See `Passes`."""
        each = [{"gone": heads_json(gone), "members": list(self.batches[number].index)} for number in numbers]
        for found in self._run("sloped", gone, each, progress):
            yield outcome_of(found["outcome"]), by_head_of(found["slopes"])

    def rises(self, gone: Heads, heads: Collection[Head], numbers: Sequence[int], progress: Progress | None) -> Iterator[Slopes]:
        """See `Passes`."""
        both = {"gone": heads_json(gone), "heads": heads_json(heads)}
        for found in self._run("rises", gone, [both | {"members": list(self.batches[number].index)} for number in numbers], progress):
            yield by_head_of(found)

    def _run(self, kind: str, gone: Heads, each: list[dict], progress: Progress | None) -> list:
        return self.planner.job.run(f"{kind}, {len(gone)} gone", self.planner.units(kind, each), progress)


def _groups(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Batches that follow each other, as many as fit into `TOKENS`, one at least."""
    group, tokens = [], 0
    for batch in batches:
        if group and tokens + len(batch) * batch.tokens > TOKENS:
            yield group
            group, tokens = [], 0
        group.append(batch)
        tokens += len(batch) * batch.tokens
    if group:
        yield group
