"""How far a model can be cut: score against the share of heads removed, in several orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from explorer.ablation import importance
from explorer.ablation.heads import Head, changes, every
from explorer.ablation.intervals import interval
from explorer.ablation.replacements import replacements
from explorer.ablation.resumable import Resumable
from explorer.ablation.sweep import Sweep, sweep
from explorer.tasks.base import Progress, Scores, Task
from models.surgery.resume import Runner

ORDERS = ("gradient", "exact", "greedy", "confidence", "reversed", "random")
"""The least important heads go first. gradient, confidence: by that estimate. exact: by the loss without each head alone.
greedy: exact, ranked again after every step. reversed: exact, the most important heads first. random: any, over several seeds."""
SEEDS = 5
STEP = 0.05


@dataclass(frozen=True)
class Point:
    """One point of a curve.

    Attributes:
        share: of all heads, that are removed.
        removed: how many.
        score, low, high: accuracy and its 95 % bootstrap interval; for "random" the mean, smallest and largest over the seeds.
        loss: mean cross-entropy, in nats.
    """

    share: float
    removed: int
    score: float
    low: float
    high: float
    loss: float


@dataclass(frozen=True)
class Curve:
    """A curve and the order behind it: `heads` from the first to go to the last; of the last seed for "random"."""

    order: str
    points: tuple[Point, ...]
    heads: tuple[Head, ...]

    def largest_share(self, drop: float = 0.01) -> float:
        """The largest share of heads that can go, one after the other, at less than `drop` of the score."""
        start = self.points[0].score
        best = 0.0
        for point in self.points:
            if start - point.score >= drop:
                break
            best = point.share
        return best


def counts(n_heads: int, step: float = STEP) -> list[int]:
    """Numbers of heads to remove: 0 to all, in equal steps of the share."""
    return sorted({round(share * n_heads) for share in np.arange(0, 1 + step / 2, step)})


def ranked(values: importance.Importance) -> list[Head]:
    """Heads from the least important to the most; equals in the order of the forward pass."""
    return sorted(values, key=lambda head: (values[head], head))


def from_sweep(found: Sweep) -> importance.Importance:
    """Importance by exact ablation: how much the mean loss rises without the head."""
    return {head: scores.mean_loss - found.baseline.mean_loss for head, scores in found.without.items()}


def order_of(
    task: Task, order: str, *, exact: Sweep | None = None, method: str = "zero", seed: int = 0, progress: Progress | None = None
) -> list[Head]:
    """Heads in the order in which they go; "greedy" has none before the curve is drawn. `progress` is told of the ranking.

    Raises:
        ValueError: an unknown order.
    """
    if order == "random":
        return [every(task.model)[i] for i in np.random.default_rng(seed).permutation(len(every(task.model)))]
    if order in ("gradient", "confidence"):
        return ranked(getattr(importance, order)(task, progress=progress))
    if order in ("exact", "reversed"):
        found = ranked(from_sweep(exact or sweep(task, method=method, progress=progress)))
        return found if order == "exact" else found[::-1]
    raise ValueError(f"an order is one of {', '.join(ORDERS)}, not {order!r}")


def curve(
    task: Task,
    order: str,
    *,
    method: str = "zero",
    exact: Sweep | None = None,
    step: float = STEP,
    seeds: int = SEEDS,
    progress: Callable[[float, list[Point]], None] | None = None,
    resumable: Resumable | None = None,
) -> Curve:
    """Score against the share of heads removed.

    Args:
        task: model and examples.
        order: one of `ORDERS`.
        method: what takes the place of a head's output.
        exact: a sweep that is known already.
        step: of the share.
        seeds: random orders.
        progress: told the share that is done and the points so far.
        resumable: where finished points are kept.
    """
    runner = Runner(task.model)
    replacement_of = replacements(task, method, runner=runner)
    sizes = counts(len(every(task.model)), step)

    def scored(heads: list[Head], key: list, tell: Progress | None = None) -> dict[str, list[float]]:
        known = resumable.get(order, key) if resumable is not None else None
        if known is None:
            scores = task.score(lambda batch: changes(task.model, heads, replacement_of(batch)), runner=runner, progress=tell)
            known = {"loss": scores.loss.tolist(), "correct": scores.correct.tolist()}
            if resumable is not None:
                resumable.put(order, key, known)
        return known

    total = len(every(task.model))
    if order == "random":
        return _random(task, sizes, seeds, scored, total, progress)
    points: list[Point] = []

    def ranking(share: float) -> None:
        """Ranking counts as half of the work that leads to the next point; of all points, where it is done once."""
        if progress:
            progress((len(points) + share / 2) / len(sizes) if order == "greedy" else share / 2, points)

    steps = _greedy(task, sizes, method, exact, resumable, ranking) if order == "greedy" else None
    heads = None if steps else _known_order(task, order, exact, method, resumable, ranking)
    gone: list[Head] = []
    before = 0.0 if steps or exact is not None else 0.5
    for i, size in enumerate(sizes):
        gone = next(steps) if steps else heads[:size]
        found = scored(gone, [size])
        low, high = interval(np.array(found["correct"]))
        points.append(Point(size / total, size, float(np.mean(found["correct"])), low, high, float(np.mean(found["loss"]))))
        if progress:
            progress(before + (1 - before) * (i + 1) / len(sizes), points)
    return Curve(order, tuple(points), tuple(gone))


def joint_and_sum(sweep_of: Sweep, joint: Scores, heads: frozenset[Head]) -> tuple[float, float]:
    """Rise of the loss when these heads go together, and the sum of the rises when each goes alone."""
    base = sweep_of.baseline.mean_loss
    return joint.mean_loss - base, sum(sweep_of.without[head].mean_loss - base for head in heads)


def _known_order(task: Task, order: str, exact: Sweep | None, method: str, resumable: Resumable | None, progress: Progress) -> list[Head]:
    known = resumable.get("order", order) if resumable is not None else None
    if known is None:
        known = order_of(task, order, exact=exact, method=method, progress=progress)
        if resumable is not None:
            resumable.put("order", order, [list(head) for head in known])
    return [tuple(head) for head in known]


def _greedy(
    task: Task, sizes: list[int], method: str, exact: Sweep | None, resumable: Resumable | None, progress: Progress
) -> Iterator[list[Head]]:
    gone: list[Head] = []
    for size in sizes:
        if size > len(gone):
            known = resumable.get("greedy ranks", size) if resumable is not None else None
            if known is None:
                found = exact if exact is not None and not gone else sweep(task, method=method, pruned=frozenset(gone), progress=progress)
                known = [list(head) for head in ranked(from_sweep(found))[: size - len(gone)]]
                if resumable is not None:
                    resumable.put("greedy ranks", size, known)
            gone = gone + [tuple(head) for head in known]
        yield gone


def _random(task: Task, sizes: list[int], seeds: int, scored: Callable, total: int, progress: Callable | None) -> Curve:
    found = np.full((seeds, len(sizes), 2), np.nan)
    heads: list[Head] = []
    for seed in range(seeds):
        heads = order_of(task, "random", seed=seed)
        for i, size in enumerate(sizes):
            # Nothing removed and all removed are the same for every seed.
            key = [0 if size in (0, total) else seed, size]
            one = scored(heads[:size], key) if not (seed and size in (0, total)) else None
            found[seed, i] = found[0, i] if one is None else (np.mean(one["correct"]), np.mean(one["loss"]))
            if progress:
                progress(
                    (seed * len(sizes) + i + 1) / (seeds * len(sizes)), _band(found[: seed + 1, : i + 1 if seed == 0 else None], sizes, total)
                )
    return Curve("random", tuple(_band(found, sizes, total)), tuple(heads))


def _band(found: np.ndarray, sizes: list[int], total: int) -> list[Point]:
    points = []
    for i in range(found.shape[1]):
        scores, losses = found[:, i, 0], found[:, i, 1]
        if np.isnan(scores).all():
            break
        mean, low, high = float(np.nanmean(scores)), float(np.nanmin(scores)), float(np.nanmax(scores))
        points.append(Point(sizes[i] / total, sizes[i], mean, low, high, float(np.nanmean(losses))))
    return points
