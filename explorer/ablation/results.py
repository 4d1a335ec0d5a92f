"""What is known of a task already, shared by all viewers who look at the same model and the same examples."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from explorer.ablation import costs, importance
from explorer.ablation.curves import SEEDS, STEP, Curve, Point, curve, from_sweep
from explorer.ablation.greedy import SURE
from explorer.ablation.heads import Head, Heads
from explorer.ablation.resumable import Memory
from explorer.ablation.scorer import Scorer
from explorer.ablation.sweep import Sweep, sweep
from explorer.bounded import BoundedCache
from explorer.tasks.base import Progress, Scores, Task, within
from explorer.tasks.guards import again_where_moved

ROOM = 128 * 2**20
"""Bytes of scores that are remembered for one task, its baseline not counted."""
UNFINISHED = 16
"""Pieces of work that were stopped and are kept to go on with."""
SAMPLE = 48
"""Examples that a first curve is read on."""
FIRST_SECONDS = 3.5
"""What a first curve may take by its own estimate, so that it is there within five seconds."""


class TaskResults:
    """Scores of one task, computed when they are first asked for.

    Viewers ask at the same moment from several threads: what is stored is never changed afterwards, so that the worst that
    can happen is that two of them compute the same. Every `progress` may raise to end the work; what is done by then is kept,
    and the next call goes on from there.

    Args:
        task: model and examples.
        room: bytes of scores that are remembered.

    Attributes:
        task: as given.
        scorer: how its scores are computed.
    """

    def __init__(self, task: Task, room: int = ROOM) -> None:
        self.task, self.scorer = task, Scorer(task)
        self._scores: BoundedCache[Scores | Sweep] = BoundedCache(room, lambda one: one.bytes)
        self._importance: dict[str, importance.Importance] = {}
        self._curves: dict[tuple[str, str, int | None], Curve] = {}
        self._unfinished: OrderedDict[tuple[str, str], Memory] = OrderedDict()
        self._samples: dict[int, TaskResults] = {}

    @again_where_moved
    def score(self, heads: Heads = frozenset(), method: str = "zero", progress: Progress | None = None) -> Scores:
        """Scores without these heads."""
        if not heads:
            return self.scorer.baseline(progress)
        known = self._known_score(heads, method)
        if known is None:
            known = self._scores[method, heads] = self.scorer.score(heads, method, progress)
        return known

    def knows_score(self, heads: Heads, method: str = "zero") -> bool:
        """Whether `score` is there already."""
        return self.scorer.knows_baseline if not heads else self._known_score(heads, method) is not None

    @again_where_moved
    def single_effects(self, heads: Heads, method: str = "zero", progress: Progress | None = None) -> dict[Head, float]:
        """Rise of the mean loss, in nats, when each of these heads goes alone."""
        found = {head: self._known_score(frozenset([head]), method) for head in heads}
        if missing := frozenset(head for head, scores in found.items() if scores is None):
            kept = self._kept(f"single {sorted(missing)}", method)
            known, after = self._before(method, progress, 0.1)
            swept = sweep(self.task, method=method, only=missing, progress=after, resumable=kept, **known)
            for head, scores in swept.without.items():
                found[head] = self._scores[method, frozenset([head])] = scores
            self._forget(f"single {sorted(missing)}", method)
        base = self.score().mean_loss
        return {head: found[head].mean_loss - base for head in sorted(heads)}

    def knows(self, heads: Heads, method: str = "zero") -> bool:
        """Whether `score` and the single effects of these heads are there already."""
        return self.knows_score(heads, method) and all(self._known_score(frozenset([head]), method) is not None for head in heads)

    @again_where_moved
    def exact(self, method: str = "zero", progress: Progress | None = None) -> Sweep:
        """Every head removed alone."""
        known = self._scores.get(("exact", method))
        if known is None:
            given, after = self._before(method, progress, 0.05)
            found = sweep(self.task, method=method, progress=after, resumable=self._kept("exact", method), **given)
            known = self._scores["exact", method] = Sweep(self.score(), found.without)
            self._forget("exact", method)
        return known

    def knows_exact(self, method: str = "zero") -> bool:
        """Whether `exact` is there already."""
        return ("exact", method) in self._scores

    @again_where_moved
    def importance(self, by: str, method: str = "zero", progress: Progress | None = None) -> importance.Importance:
        """Importance by "exact", "gradient" or "confidence"."""
        if by == "exact":
            return from_sweep(self.exact(method, progress))
        if by not in self._importance:
            kept = self._kept(by, "")
            self._importance[by] = getattr(importance, by)(self.task, progress=progress, resumable=kept, runner=self.scorer.runner)
            self._forget(by, "")
        return self._importance[by]

    def knows_importance(self, by: str, method: str = "zero") -> bool:
        """Whether `importance` is there already."""
        return self.knows_exact(method) if by == "exact" else by in self._importance

    @again_where_moved
    def curve(
        self,
        order: str,
        method: str = "zero",
        progress: Callable[[float, list[Point]], None] | None = None,
        sample: int | None = None,
    ) -> Curve:
        """Score against the share of heads removed.

        Args:
            order: one of `curves.ORDERS`.
            method: what takes the place of a head's output.
            progress: told the share that is done and the points so far.
            sample: read it on so many examples, drawn by a seed, in steps that are as coarse as `FIRST_SECONDS` asks for; a first
                answer, such as `SAMPLE`. Its greedy order goes by the slopes of the loss alone. All examples where None.
        """
        key = (order, method, sample)
        if key not in self._curves:
            if sample is None or sample >= len(self.task):
                self._curves[key] = self._whole_curve(order, method, progress)
            else:
                self._curves[key] = self._first_curve(order, method, progress, sample)
        return self._curves[key]

    def knows_curve(self, order: str, method: str = "zero", sample: int | None = None) -> bool:
        """Whether `curve` is there already."""
        return (order, method, sample) in self._curves

    @again_where_moved
    def cost(self, order: str, method: str = "zero", progress: Progress | None = None) -> float:
        """Seconds that `curve` will take on all examples, from the time that the baseline took; 0 where the curve is there already.

        Work that was stopped is not counted as done. Scores the baseline first where that has not been done.
        """
        if self.knows_curve(order, method):
            return 0.0
        self.scorer.baseline(progress)
        return costs.curve(self.scorer, order, method, exact_known=self.knows_exact(method), ranking_known=order in self._importance)

    def _known_score(self, heads: Heads, method: str) -> Scores | None:
        found = self._scores.get((method, heads))
        if found is None and len(heads) == 1 and (swept := self._scores.get(("exact", method))) is not None:
            return swept.without[next(iter(heads))]
        return found

    def _whole_curve(
        self, order: str, method: str, progress: Callable | None, step: float = STEP, seeds: int = SEEDS, sure: float = SURE
    ) -> Curve:
        exact, before = None, 0.0
        # The greedy order goes without, even where it is known: it would be another order then, depending on what was asked for before.
        if order in ("exact", "reversed"):
            before = 0.0 if self.knows_exact(method) else 0.6
            exact = self.exact(method, (lambda share: progress(before * share, [])) if progress and before else None)
        after = (lambda share, points: progress(before + (1 - before) * share, points)) if progress else None
        of = f"{order} {step} {seeds}"
        known = {"exact": exact, "scorer": self.scorer, "resumable": self._kept(of, method)}
        found = curve(self.task, order, method=method, step=step, seeds=seeds, sure=sure, progress=after, **known)
        self._forget(of, method)
        return found

    def _first_curve(self, order: str, method: str, progress: Callable | None, sample: int) -> Curve:
        part = self._samples.get(sample)
        if part is None:
            part = self._samples.setdefault(sample, TaskResults(self.task.subset(self.task.sample(sample))))
        if self.knows_exact(method) and not part.knows_exact(method):
            part._scores["exact", method] = self.exact(method).of(self.task.sample(sample))
        part.scorer.baseline((lambda share: progress(0.0, [])) if progress else None)
        step, seeds = costs.affordable(part.scorer, order, method, FIRST_SECONDS, exact_known=part.knows_exact(method))
        # A race among heads on so few examples settles nothing before most of them are run.
        return part._whole_curve(order, method, progress, step, seeds, sure=0.0)

    def _before(self, method: str, progress: Progress | None, part: float) -> tuple[dict, Progress | None]:
        """What a sweep goes on from, found in the first part of its time, and how it tells of the rest."""
        self.score(progress=within(progress, 0.0, part / 2))
        replacement_of = self.scorer.replacement_of(method, within(progress, part / 2, part))
        return {"runner": self.scorer.runner, "replacement_of": replacement_of}, within(progress, part, 1.0)

    def _kept(self, what: str, method: str) -> Memory:
        kept = self._unfinished.setdefault((what, method), Memory())
        while len(self._unfinished) > UNFINISHED:
            self._unfinished.popitem(last=False)
        return kept

    def _forget(self, what: str, method: str) -> None:
        self._unfinished.pop((what, method), None)
