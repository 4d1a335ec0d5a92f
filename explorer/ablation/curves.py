"""How far a model can be cut: score against the share of heads removed, in several orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.ablation import greedy, importance
from explorer.ablation.greedy_passes import Passes
from explorer.ablation.heads import Head, every, ranked
from explorer.ablation.intervals import interval
from explorer.ablation.resumable import Pieces
from explorer.ablation.scorer import Scorer
from explorer.ablation.sweep import Sweep, sweep
from explorer.tasks.base import Batch, Progress, Scores, Task, repeating
from explorer.tasks.classify import chance
from explorer.tasks.guards import when_full
from explorer.tasks.score import score_of

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
    """A curve and the order behind it.

    Attributes:
        order: one of `ORDERS`.
        points: from all heads to none.
        heads: from the first to go to the last; of the last seed for "random".
        examples: how many it is read on.
        step: of the share, from point to point.
        seeds: random orders; 1 for any other order.
        chance: the share that is right for who always says the most frequent class; None where there are no classes.
    """

    order: str
    points: tuple[Point, ...]
    heads: tuple[Head, ...]
    examples: int = 0
    step: float = STEP
    seeds: int = 1
    chance: float | None = None

    @property
    def guesses(self) -> bool:
        """Whether with all heads it is no better than guessing: whatever goes, next to nothing is lost, as if no head mattered."""
        return self.chance is not None and self.points[0].score <= self.chance

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


def from_sweep(found: Sweep) -> importance.Importance:
    """Importance by exact ablation: how much the mean loss rises without the head."""
    return {head: scores.mean_loss - found.baseline.mean_loss for head, scores in found.without.items()}


def order_of(
    task: Task,
    order: str,
    *,
    exact: Sweep | None = None,
    method: str = "zero",
    seed: int = 0,
    progress: Progress | None = None,
    resumable: Pieces | None = None,
    scorer: Scorer | None = None,
) -> list[Head]:
    """All heads of the model, in the order in which a curve removes them.

    Args:
        task: model and examples.
        order: one of `ORDERS` but "greedy", whose order comes about while its curve is drawn.
        exact: scores without each head alone, for "exact" and "reversed"; found here where None.
        method: what takes the place of a head's output.
        seed: of "random".
        progress: told the share that is done; what it raises ends the work.
        resumable: where finished batches are kept.
        scorer: of the same task; made here where one is needed and None is given.

    Raises:
        ValueError: an unknown order.
    """
    if order == "random":
        heads = every(task.model)
        return [heads[i] for i in np.random.default_rng(seed).permutation(len(heads))]
    if order in ("gradient", "confidence"):
        return ranked(getattr(importance, order)(task, progress=progress, resumable=resumable, runner=scorer.runner if scorer else None))
    if order in ("exact", "reversed"):
        given = {"runner": scorer.runner, "replacement_of": scorer.replacement_of(method)} if scorer else {}
        found = ranked(from_sweep(exact or sweep(task, method=method, progress=progress, resumable=resumable, **given)))
        return found if order == "exact" else found[::-1]
    raise ValueError(f"an order is one of {', '.join(ORDERS)}, not {order!r}")


@when_full
def curve(
    task: Task,
    order: str,
    *,
    method: str = "zero",
    exact: Sweep | None = None,
    step: float = STEP,
    seeds: int = SEEDS,
    sure: float = greedy.SURE,
    progress: Callable[[float, list[Point]], None] | None = None,
    resumable: Pieces | None = None,
    scorer: Scorer | None = None,
    run_by: Callable[[Sequence[Batch]], Passes] | None = None,
) -> Curve:
    """Score against the share of heads removed.

    Args:
        task: model and examples.
        order: one of `ORDERS`.
        method: what takes the place of a head's output.
        exact: a sweep that is known already.
        step: of the share.
        seeds: random orders.
        sure: of the greedy order, see `greedy.steps`.
        progress: told the share that is done and the points so far, before every layer; what it raises ends the work.
        resumable: where finished points, and batches of a ranking, are kept.
        scorer: of the same task; made here where None.
        run_by: who runs the batches of "greedy"; this process where None.
    """
    scorer = scorer or Scorer(task)
    work = _Work(scorer, order, method, counts(len(every(task.model)), step), progress, resumable)
    if order == "random":
        points, heads = work.random(seeds)
    elif order == "greedy":
        points, heads = work.greedy(exact, sure, run_by)
    else:
        points, heads = work.known_order(exact)
    return Curve(order, tuple(points), tuple(heads), len(task), step, seeds if order == "random" else 1, chance(task))


def joint_and_sum(sweep_of: Sweep, joint: Scores, heads: frozenset[Head]) -> tuple[float, float]:
    """Rise of the loss when these heads go together, and the sum of the rises when each goes alone."""
    base = sweep_of.baseline.mean_loss
    return joint.mean_loss - base, sum(sweep_of.without[head].mean_loss - base for head in heads)


class _Work:
    """A curve that is being computed."""

    def __init__(self, scorer: Scorer, order: str, method: str, sizes: list[int], progress: Callable | None, resumable: Pieces | None) -> None:
        self.scorer, self.task = scorer, scorer.task
        self.order, self.method, self.sizes = order, method, sizes
        self.progress, self.resumable = progress, resumable
        self.total = len(every(self.task.model))

    def known_order(self, exact: Sweep | None) -> tuple[list[Point], list[Head]]:
        """Points of an order that is known before the first of them."""
        before = {"gradient": 0.15, "confidence": 0.1}.get(self.order, 0.65 if exact is None else 0.0)
        heads, points = self._heads(exact, self._telling(0.0, before, [])), []
        for i, size in enumerate(self.sizes):
            tell = self._telling(before + (1 - before) * i / len(self.sizes), (1 - before) / len(self.sizes), points)
            points.append(self._point(size, self._scored(heads[:size], [size], tell), repeating(tell, 1.0)))
            self._tell(before + (1 - before) * (i + 1) / len(self.sizes), points)
        return points, heads

    def greedy(self, exact: Sweep | None, sure: float, run_by: Callable[[Sequence[Batch]], Passes] | None) -> tuple[list[Point], list[Head]]:
        """Points of the order that is ranked again after every step."""
        points: list[Point] = []
        tell = (lambda share: self.progress(share, points)) if self.progress else None
        gone: list[Head] = []
        known = {"exact": exact, "resumable": self.resumable, "progress": tell, "sure": sure, "run_by": run_by}
        for gone, scores in greedy.steps(self.scorer, self.sizes, self.method, **known):
            points.append(self._point(len(gone), scores, repeating(tell, len(points) / len(self.sizes))))
        self._tell(1.0, points)
        return points, gone

    def random(self, seeds: int) -> tuple[list[Point], list[Head]]:
        """Points of several orders that were drawn: mean, smallest and largest."""
        found = np.full((seeds, len(self.sizes), 2), np.nan)
        heads: list[Head] = []
        points: list[Point] = []
        for seed in range(seeds):
            heads = order_of(self.task, "random", seed=seed)
            for i, size in enumerate(self.sizes):
                done, pieces = seed * len(self.sizes) + i, seeds * len(self.sizes)
                if seed and size in (0, self.total):
                    found[seed, i] = found[0, i]  # nothing removed and all removed are the same for every seed
                else:
                    key = [seed if 0 < size < self.total else 0, size]
                    one = self._scored(heads[:size], key, self._telling(done / pieces, 1 / pieces, points))
                    found[seed, i] = score_of(one["correct"]), np.mean(one["loss"])
                points = _band(found[: seed + 1, : i + 1 if seed == 0 else None], self.sizes, self.total)
                self._tell((done + 1) / pieces, points)
        return points, heads

    def _heads(self, exact: Sweep | None, progress: Progress | None) -> list[Head]:
        known = self.resumable.get("order", self.order) if self.resumable is not None else None
        if known is None:
            given = {"exact": exact, "method": self.method, "scorer": self.scorer}
            known = order_of(self.task, self.order, progress=progress, resumable=self.resumable, **given)
            if self.resumable is not None:
                self.resumable.put("order", self.order, [list(head) for head in known])
        return [tuple(head) for head in known]

    def _scored(self, heads: list[Head], key: list, progress: Progress | None) -> dict[str, list[float]]:
        known = self.resumable.get(self.order, key) if self.resumable is not None else None
        if known is None:
            scores = self.scorer.score(frozenset(heads), self.method, progress)
            known = {"loss": scores.loss.tolist(), "correct": scores.correct.tolist()}
            if self.resumable is not None:
                self.resumable.put(self.order, key, known)
        return known

    def _point(self, size: int, scores: Mapping[str, Sequence[float]], between: Callable[[], None] | None) -> Point:
        low, high = interval(np.array(scores["correct"]), between=between, shares=True)
        return Point(size / self.total, size, score_of(scores["correct"]), low, high, float(np.mean(scores["loss"])))

    def _telling(self, start: float, part: float, points: list[Point]) -> Progress | None:
        """Tells the share of a part of the work as one of all of it, and the points that there are."""
        return None if self.progress is None else lambda share: self.progress(start + part * share, points)

    def _tell(self, share: float, points: list[Point]) -> None:
        if self.progress is not None:
            self.progress(share, points)


def _band(found: np.ndarray, sizes: list[int], total: int) -> list[Point]:
    points = []
    for i in range(found.shape[1]):
        scores, losses = found[:, i, 0], found[:, i, 1]
        if np.isnan(scores).all():
            break
        mean, low, high = float(np.nanmean(scores)), float(np.nanmin(scores)), float(np.nanmax(scores))
        points.append(Point(sizes[i] / total, sizes[i], mean, low, high, float(np.nanmean(losses))))
    return points
