"""The greedy order: at each step the heads go whose removal costs least, given those that are gone already.

An exhaustive greedy order removes every head that is left alone, on all examples, at each step. Here most of that is left out:

- the passes that score a step also run backwards. That gives the slope of each example's loss in every gate, and so to first order what
  each further removal costs (Michel et al. 2019, section 4.1). Only the `FINALISTS` or more heads whose costs look lowest are removed at all;
- of those only the *difference* from the slope is estimated from the examples that have been run, and the mean of the slope is known exactly:
  the difference varies five to ten times less from example to example than the cost itself (a control variate: Owen 2013, Monte
  Carlo theory, section 8.9). Where a head has been run on all examples before, its difference then is subtracted too;
- the examples are run in rounds, each a random part of every length. After a round, a head whose estimate lies further than `SURE`
  standard errors from the border between those that go and those that stay is settled (a race: Maron & Moore 1994, with normal
  errors of paired differences, and without replacement, so that nothing is left to chance once all examples are run).

So the order may differ from the exhaustive one where heads cost nearly the same (`TIE`). `benchmarks.board --exhaustive` runs both
and says how far they are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from explorer.ablation.greedy_passes import Here, Passes
from explorer.ablation.heads import Head, Heads, every, ranked
from explorer.ablation.resumable import Pieces
from explorer.ablation.scorer import Scorer
from explorer.ablation.sweep import Sweep
from explorer.tasks.base import Batch, Progress, Scores, Task, within

SURE = 2.0
"""Standard errors that settle a head."""
TIE = 1 / 3
"""Two heads tie whose costs lie closer together than this many standard errors that their difference has anyway, since the examples are a
sample themselves. Which of them goes first says nothing about the model."""
LEAST = 8
"""Examples without which a standard error is no guide."""
ROUNDS = (1 / 12, 1 / 6, 1 / 3, 2 / 3, 1)
"""Shares of the examples that have been run after each round."""
COPIES = 4
"""Copies of its examples that a batch has room for: heads of one layer that are usually still in the race."""
FINALISTS, TIMES = 12, 3
"""So many heads at least, and so many times the number of those that go, are in the race from its start."""


def steps(
    scorer: Scorer,
    sizes: list[int],
    method: str,
    *,
    exact: Sweep | None = None,
    resumable: Pieces | None = None,
    progress: Progress | None = None,
    sure: float = SURE,
    run_by: Callable[[Sequence[Batch]], Passes] | None = None,
) -> Iterator[tuple[list[Head], dict[str, list[float]]]]:
    """Walks from all heads to none.

    Args:
        scorer: of the task.
        sizes: numbers of heads that are gone at each point, from 0 up.
        method: what takes the place of a head's output.
        exact: scores without each head alone, where they are known.
        resumable: where finished steps are kept.
        progress: told the share that is done, before every layer; what it raises ends the walk.
        sure: standard errors that settle a head; infinite runs every head that is left on all examples, 0 runs none: the slopes decide.
        run_by: who runs batches; this process where None.

    Yields:
        The heads that are gone, from the first to go to the last, and "loss" and "correct" of every example without them.
    """
    race = _Race(scorer, method, exact, sure, run_by)
    gone: list[Head] = []
    total = len(every(scorer.task.model))
    shares = np.linspace(0, 1, len(sizes) + 1).tolist()
    for number, size in enumerate(sizes):
        tell = within(progress, shares[number], shares[number + 1])
        known = resumable.get("greedy step", size) if resumable is not None else None
        if known is None:
            if size > len(gone):
                gone = gone + race.cheapest(frozenset(gone), size - len(gone), within(tell, 0.0, 0.3))
            # Where all that is left goes next, or nothing is left, no slopes are needed.
            again = number + 1 < len(sizes) and sizes[number + 1] < total
            scores = race.move(frozenset(gone), within(tell, 0.3, 1.0), slopes=again)
            known = {"heads": [list(head) for head in gone], "loss": scores.loss.tolist(), "correct": scores.correct.tolist()}
            known["learned"] = [[list(head), cost.tolist()] for head, cost in race.learned.items()]
            if resumable is not None:
                resumable.put("greedy step", size, known)
        else:
            race.learned |= {tuple(head): np.array(cost) for head, cost in known["learned"]}
        gone = [tuple(head) for head in known["heads"]]
        yield gone, known


class _Race:
    """The heads that are left, and what is known of the cost of removing each.

    Attributes:
        bent: for each head that was run on all examples, by how much the rise of the loss differed from the slope then, (examples,), in nats.
        learned: those of them that the last step has brought.
        slopes: the heads that were gone when they were found, and the slope of each head that was left, (examples,); None before.
    """

    def __init__(
        self, scorer: Scorer, method: str, exact: Sweep | None, sure: float, run_by: Callable[[Sequence[Batch]], Passes] | None = None
    ) -> None:
        self.task, self.sure, self.exact = scorer.task, sure, exact
        self.bent: dict[Head, np.ndarray] = {}
        self.learned: dict[Head, np.ndarray] = {}
        self._batches, self._order, self._ends = _batches(self.task)
        self._passes: Passes = run_by(self._batches) if run_by else Here(scorer, method, self._batches)
        self.slopes: tuple[Heads, dict[Head, np.ndarray]] | None = None

    def move(self, gone: Heads, progress: Progress | None, *, slopes: bool) -> Scores:
        """Removes these heads, scores the task, and from the same passes finds the slopes for the next step.

        Args:
            gone: the heads that go.
            progress: told the share that is done.
            slopes: whether they are needed.
        """
        scores, numbers = self.task.empty(), range(len(self._batches))
        self.slopes = None
        if not slopes:
            for batch, outcome in zip(self._batches, self._passes.scored(gone, numbers, progress), strict=True):
                scores.put(batch.index, outcome)
            return scores
        by_head = {head: np.zeros(len(self.task)) for head in every(self.task.model) if head not in gone}
        for batch, (outcome, found) in zip(self._batches, self._passes.sloped(gone, numbers, progress), strict=True):
            scores.put(batch.index, outcome)
            for head, slope in found.items():
                by_head[head][list(batch.index)] = slope
        self.slopes = (gone, by_head)
        return scores

    def cheapest(self, gone: Heads, count: int, progress: Progress | None) -> list[Head]:
        """The heads whose removal costs least, cheapest first."""
        left = [head for head in every(self.task.model) if head not in gone]
        # Also what steps have brought that were done before the work was stopped.
        self.bent |= self.learned
        self.learned = {}
        if count == len(left):
            return left
        start = 0.0
        if self.slopes is None or self.slopes[0] != gone:
            # The work was stopped, and goes on after a step that was kept.
            start = 0.7
            self.move(gone, within(progress, 0.0, start), slopes=True)
        _gone, slopes = self.slopes
        if not gone and self.exact is not None:
            costs = {head: scores.loss - self.exact.baseline.loss for head, scores in self.exact.without.items()}
            self.learned = {head: costs[head] - slopes[head] for head in left}
            return ranked({head: costs[head].mean() for head in left})[:count]
        foreseen = {head: slopes[head] + self.bent.get(head, 0.0) for head in left}
        if not self.sure:
            return ranked({head: foreseen[head].mean() for head in left})[:count]
        most = len(left) if np.isinf(self.sure) else max(FINALISTS, TIMES * count)
        finalists = ranked({head: foreseen[head].mean() for head in left})[:most]
        return self._raced(gone, {head: foreseen[head] for head in finalists}, slopes, count, within(progress, start, 1.0))

    def _raced(
        self, gone: Heads, foreseen: dict[Head, np.ndarray], slopes: dict[Head, np.ndarray], count: int, progress: Progress | None
    ) -> list[Head]:
        """The cheapest of the heads whose costs are foreseen, (examples,) each."""
        missed = {head: np.full(len(self.task), np.nan) for head in foreseen}
        estimates: dict[Head, float] = {}
        racing, won, seen = set(foreseen), [], np.zeros(len(self.task), dtype=bool)
        for numbers, start, end in self._rounds():
            found = self._passes.rises(gone, sorted(racing), numbers, within(progress, start, end))
            for number, rises in zip(numbers, found, strict=True):
                at = list(self._batches[number].index)
                for head, rise in rises.items():
                    missed[head][at] = rise - foreseen[head][at]
                seen[at] = True
            estimates |= {head: foreseen[head].mean() + missed[head][seen].mean() for head in racing}
            still = {head: missed[head][seen] for head in racing}
            won_now, lost_now = _settled(estimates, foreseen, still, count - len(won), seen, self.sure)
            won += won_now
            racing -= {*won_now, *lost_now}
            if not racing:
                break
        whole = [head for head, values in missed.items() if not np.isnan(values).any()]
        self.learned = {head: foreseen[head] + missed[head] - slopes[head] for head in whole}
        return ranked({head: estimates[head] for head in won})

    def _rounds(self) -> Iterator[tuple[list[int], float, float]]:
        """The batches of each round, and the shares of all batches that were run before and after it."""
        start = 0
        for last in sorted(self._ends):
            yield self._order[start : last + 1], start / len(self._order), (last + 1) / len(self._order)
            start = last + 1


def _settled(
    estimates: dict[Head, float], foreseen: dict[Head, np.ndarray], changed: dict[Head, np.ndarray], places: int, seen: np.ndarray, sure: float
) -> tuple[list[Head], list[Head]]:
    """Which of the heads in the race certainly go and which certainly stay.

    Args:
        estimates: mean cost, by head.
        foreseen: the cost that was foreseen, by example, (examples,).
        changed: of each head in the race, the difference of its cost from what was foreseen, by example that was run.
        places: how many of these heads go.
        seen: which examples were run, (examples,).
        sure: standard errors.
    """
    by_cost = ranked({head: estimates[head] for head in changed})
    top, rest = by_cost[:places], by_cost[places:]
    if seen.all() or not rest or not top:
        return top, rest
    if seen.sum() < LEAST:
        return [], []
    error = np.sqrt((1 - seen.mean()) / seen.sum())

    def apart(cheap: Head, dear: Head) -> bool:
        tie = 0.0 if np.isinf(sure) else TIE * (foreseen[dear] - foreseen[cheap]).std() / np.sqrt(len(seen))
        return estimates[dear] - estimates[cheap] + tie > sure * error * (changed[dear] - changed[cheap]).std(ddof=1)

    return [head for head in top if apart(head, rest[0])], [head for head in rest if apart(top[-1], head)]


def _batches(task: Task, seed: int = 0) -> tuple[list[Batch], list[int], set[int]]:
    """Batches of random examples of one length each, the order in which they are run, and after which of them a round ends.

    The order spreads the batches of each length evenly, so that whatever has been run is a sample of all lengths.
    """
    draw = np.random.default_rng(seed)
    batches = task.batches(COPIES, members=draw.permutation(len(task)).tolist())
    lengths = [tuple(values.shape[1] for values in batch.inputs.values()) for batch in batches]
    at = [(lengths[:i].count(length) + draw.random()) / lengths.count(length) for i, length in enumerate(lengths)]
    order = sorted(range(len(batches)), key=at.__getitem__)
    run = np.cumsum([len(batches[i]) for i in order]) / len(task)
    return batches, order, {int(np.searchsorted(run, share - 1e-9)) for share in ROUNDS}
