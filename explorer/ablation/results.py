"""What is known of a task already, shared by all viewers who look at the same model and the same examples."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from explorer.ablation import importance
from explorer.ablation.curves import Curve, Point, curve, from_sweep
from explorer.ablation.heads import Head, Heads, changes, every
from explorer.ablation.replacements import replacements
from explorer.ablation.sweep import Sweep, sweep
from explorer.tasks.base import Progress, Scores, Task

_SETS = 500
"""Sets of heads whose scores are remembered."""


class Memory:
    """Finished pieces of long work, in memory: a viewer who stopped it goes on from there. Like `resumable.Resumable`."""

    def __init__(self) -> None:
        self._known: dict[tuple, object] = {}

    def get(self, what: str, key: object) -> object | None:
        return self._known.get((what, repr(key)))

    def put(self, what: str, key: object, piece: object) -> None:
        self._known[what, repr(key)] = piece


@dataclass(eq=False)
class TaskResults:
    """Scores of one task, computed when they are first asked for.

    Viewers ask at the same moment from several threads: what is stored is never changed afterwards, so that the worst that
    can happen is that two of them compute the same.
    """

    task: Task
    _sets: OrderedDict[tuple[str, Heads], Scores] = field(default_factory=OrderedDict)
    _single: dict[tuple[str, Head], Scores] = field(default_factory=dict)
    _importance: dict[str, importance.Importance] = field(default_factory=dict)
    _curves: dict[tuple[str, str], Curve] = field(default_factory=dict)
    _memory: dict[tuple, Memory] = field(default_factory=dict)

    def score(self, heads: Heads = frozenset(), method: str = "zero", progress: Progress | None = None) -> Scores:
        """Scores without these heads."""
        key = (method if heads else "", heads)
        if key not in self._sets:
            replacement_of = replacements(self.task, method)
            self._sets[key] = self.task.score(lambda batch: changes(self.task.model, heads, replacement_of(batch)), progress=progress)
            while len(self._sets) > _SETS:
                self._sets.popitem(last=False)
        return self._sets[key]

    def knows(self, heads: Heads, method: str) -> bool:
        """Whether `score` and the single effects of these heads are there already."""
        return (method if heads else "", heads) in self._sets and all((method, head) in self._single for head in heads)

    def single_effects(self, heads: Heads, method: str = "zero", progress: Progress | None = None) -> dict[Head, float]:
        """Rise of the mean loss, in nats, when each of these heads goes alone."""
        missing = [head for head in heads if (method, head) not in self._single]
        if missing:
            found = sweep(self.task, method=method, only=frozenset(missing), progress=progress, resumable=None)
            self._single |= {(method, head): scores for head, scores in found.without.items()}
        base = self.score().mean_loss
        return {head: self._single[method, head].mean_loss - base for head in heads}

    def exact(self, method: str = "zero", progress: Progress | None = None) -> Sweep:
        """Every head removed alone."""
        heads = every(self.task.model)
        if not all((method, head) in self._single for head in heads):
            found = sweep(self.task, method=method, progress=progress, resumable=self._kept("exact", method))
            self._single |= {(method, head): scores for head, scores in found.without.items()}
        return Sweep(self.score(), {head: self._single[method, head] for head in heads})

    def knows_exact(self, method: str = "zero") -> bool:
        """Whether `exact` is there already."""
        return all((method, head) in self._single for head in every(self.task.model))

    def importance(self, by: str, method: str = "zero", progress: Progress | None = None) -> importance.Importance:
        """Importance by "exact", "gradient" or "confidence"."""
        if by == "exact":
            return from_sweep(self.exact(method, progress))
        if by not in self._importance:
            self._importance[by] = getattr(importance, by)(self.task, progress=progress)
        return self._importance[by]

    def knows_importance(self, by: str, method: str = "zero") -> bool:
        """Whether `importance` is there already."""
        return self.knows_exact(method) if by == "exact" else by in self._importance

    def curve(self, order: str, method: str = "zero", progress: Callable[[float, list[Point]], None] | None = None) -> Curve:
        """Score against the share of heads removed."""
        if (order, method) not in self._curves:
            exact, before = None, 0.0
            if order in ("exact", "reversed", "greedy"):
                before = 0.0 if self.knows_exact(method) else 0.5
                exact = self.exact(method, (lambda share: progress(before * share, [])) if progress and before else None)
            after = (lambda share, points: progress(before + (1 - before) * share, points)) if progress else None
            kept = self._kept(order, method)
            self._curves[order, method] = curve(self.task, order, method=method, exact=exact, progress=after, resumable=kept)
        return self._curves[order, method]

    def knows_curve(self, order: str, method: str = "zero") -> bool:
        """Whether `curve` is there already."""
        return (order, method) in self._curves

    def _kept(self, what: str, method: str) -> Memory:
        return self._memory.setdefault((what, method), Memory())
