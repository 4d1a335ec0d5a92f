"""The greedy order: at each step the heads go whose removal costs least, given those that are gone already.

An exhaustive greedy order removes every head that is left alone, on all examples, at each step. Here a head is run only as long as it can still
win or lose its place:

- what it cost at the step at which it was last run on all examples is known, example by example. Only how much that has *changed*
  since is estimated, from the examples run so far; heads act on one another little, so that the change varies far less than the
  cost itself (a control variate: Owen 2013, Monte Carlo theory, section 8.9);
- the examples are run in rounds, each a random part of every length. After a round, a head whose estimate lies further than `SURE`
  standard errors from the border between those that go and those that stay is settled (a Hoeffding race: Maron & Moore 1994, with
  normal errors of paired differences, and without replacement, so that nothing is left to chance once all examples are run).

So the order is the exhaustive one but for heads whose costs differ by a few standard errors of a part of the examples.
`benchmarks.board` runs both and says how far they are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from explorer.ablation import passes
from explorer.ablation.heads import Head, Heads, by_site, every
from explorer.ablation.resumable import Pieces
from explorer.ablation.scorer import Scorer
from explorer.ablation.sweep import Sweep, sweep
from explorer.tasks.base import Batch, Progress, Scores, Task, repeating

SURE = 3.0
"""Standard errors that settle a head."""
LEAST = 8
"""Examples without which a standard error is no guide."""
ROUNDS = (1 / 8, 1 / 4, 1 / 2, 1)
"""Shares of the examples that have been run after each round."""
COPIES = 5
"""Copies of its examples that a batch has room for: heads of one layer that are usually still in the race."""


def steps(
    scorer: Scorer,
    sizes: list[int],
    method: str,
    *,
    exact: Sweep | None = None,
    resumable: Pieces | None = None,
    progress: Progress | None = None,
    sure: float = SURE,
) -> Iterator[tuple[list[Head], dict[str, list[float]]]]:
    """Walks from all heads to none.

    Args:
        scorer: of the task.
        sizes: numbers of heads that are gone at each point, from 0 up.
        method: what takes the place of a head's output.
        exact: scores without each head alone; found here where None.
        resumable: where finished steps are kept.
        progress: told the share that is done, before every layer; what it raises ends the walk.
        sure: standard errors that settle a head; infinite runs every head on all examples.

    Yields:
        The heads that are gone, from the first to go to the last, and "loss" and "correct" of every example without them.
    """
    race = _Race(scorer, method, exact, sure, resumable)
    gone: list[Head] = []
    shares = _shares(sizes, len(every(scorer.task.model)), exact is not None)
    for number, size in enumerate(sizes):
        tell = _part(progress, shares[number], shares[number + 1])
        known = resumable.get("greedy step", size) if resumable is not None else None
        if known is None:
            if size > len(gone):
                gone = gone + race.cheapest(frozenset(gone), size - len(gone), _part(tell, 0.0, 0.8))
            scores = race.move(frozenset(gone), _part(tell, 0.8, 1.0))
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
        cost: rises of the loss by example, in nats, (examples,) for each head, when it was last run on all examples; None before that.
        learned: those of them that this step has brought.
    """

    def __init__(self, scorer: Scorer, method: str, exact: Sweep | None, sure: float, resumable: Pieces | None) -> None:
        self.scorer, self.task, self.method, self.sure, self.resumable = scorer, scorer.task, method, sure, resumable
        self.cost = _costs(exact) if exact is not None else None
        self.learned: dict[Head, np.ndarray] = {}
        self._batches, self._order, self._ends = _batches(self.task)
        self._states: list[passes.Kept | None] = [None] * len(self._batches)

    def move(self, gone: Heads, progress: Progress | None) -> Scores:
        """Removes these heads from what all else starts from, and scores the task."""
        scores, room = Scores.empty(len(self.task)), self.scorer.room
        for i in range(len(self._batches)):
            state = self._state(i, gone, repeating(progress, i / len(self._batches)))
            scores.put(state.batch.index, state.outcome)
            room -= state.passed.bytes
            self._states[i] = state if room >= 0 else None
        return scores

    def cheapest(self, gone: Heads, count: int, progress: Progress | None) -> list[Head]:
        """The heads whose removal costs least, cheapest first."""
        left = [head for head in every(self.task.model) if head not in gone]
        if self.cost is None:
            given = {"runner": self.scorer.runner, "replacement_of": self.scorer.replacement_of(self.method)}
            first = _part(progress, 0.0, 0.0 if gone else 1.0)
            self.cost = _costs(sweep(self.task, method=self.method, progress=first, resumable=self.resumable, **given))
        # Also what steps that were done before the work was stopped have brought.
        self.cost |= self.learned
        self.learned = {}
        if not gone or count == len(left):
            return _ranked({head: self.cost[head].mean() for head in left})[:count]
        return self._raced(gone, left, count, progress)

    def _raced(self, gone: Heads, left: list[Head], count: int, progress: Progress | None) -> list[Head]:
        changed = {head: np.full(len(self.task), np.nan) for head in left}
        estimates: dict[Head, float] = {}
        racing, won, seen = set(left), [], np.zeros(len(self.task), dtype=bool)
        for done, i in enumerate(self._order):
            state = self._state(i, gone, repeating(progress, done / len(self._order)))
            at = list(state.batch.index)
            for head, rise in self._rises(state, racing, repeating(progress, done / len(self._order))).items():
                changed[head][at] = rise - self.cost[head][at]
            seen[at] = True
            if done not in self._ends:
                continue
            estimates |= {head: self.cost[head].mean() + changed[head][seen].mean() for head in racing}
            won_now, lost_now = _settled(estimates, {head: changed[head][seen] for head in racing}, count - len(won), seen, self.sure)
            won += won_now
            racing -= {*won_now, *lost_now}
            if not racing:
                break
        self.learned = {head: self.cost[head] + change for head, change in changed.items() if not np.isnan(change).any()}
        return _ranked({head: estimates[head] for head in won})

    def _state(self, i: int, gone: Heads, between: Callable[[], None] | None) -> passes.Kept:
        """A batch without the heads that are gone."""
        state, batch = self._states[i], self._batches[i]
        if state is not None and state.gone == gone:
            return state
        replacement = self.scorer.replacement_of(self.method)(batch)
        return passes.kept(self.task, self.scorer.runner, batch, gone, replacement, known=state, between=between)

    def _rises(self, state: passes.Kept, heads: set[Head], between: Callable[[], None] | None) -> dict[Head, np.ndarray]:
        """How much the loss of each example of a batch rises without each of these heads, (examples,)."""
        found: dict[Head, np.ndarray] = {}
        replacement = self.scorer.replacement_of(self.method)(state.batch)
        room = passes.at_once(self.task, state.batch)
        for site, numbers in by_site(heads).items():
            for start in range(0, len(numbers), room):
                some = [(site, head) for head in numbers[start : start + room]]
                sets = [state.gone | {head} for head in some]
                outcomes = passes.without(self.task, self.scorer.runner, state.batch, sets, replacement, known=state, between=between)
                found |= {head: (one.loss - state.outcome.loss).double().cpu().numpy() for head, one in zip(some, outcomes, strict=True)}
        return found


def _settled(
    estimates: dict[Head, float], changed: dict[Head, np.ndarray], places: int, seen: np.ndarray, sure: float
) -> tuple[list[Head], list[Head]]:
    """Which of the heads in the race certainly go and which certainly stay.

    Args:
        estimates: mean cost, by head.
        changed: of each head in the race, the change of its cost since it was known, by example that was run.
        places: how many of these heads go.
        seen: which examples were run, (examples,).
        sure: standard errors.
    """
    ranked = _ranked({head: estimates[head] for head in changed})
    top, rest = ranked[:places], ranked[places:]
    if seen.all() or not rest or not top:
        return top, rest
    if seen.sum() < LEAST:
        return [], []
    error = np.sqrt((1 - seen.mean()) / seen.sum())

    def apart(cheap: Head, dear: Head) -> bool:
        return estimates[dear] - estimates[cheap] > sure * error * (changed[dear] - changed[cheap]).std(ddof=1)

    return [head for head in top if apart(head, rest[0])], [head for head in rest if apart(top[-1], head)]


def _ranked(cost: dict[Head, float]) -> list[Head]:
    """The cheapest first; equals in the order of the forward pass."""
    return sorted(cost, key=lambda head: (cost[head], head))


def _costs(found: Sweep) -> dict[Head, np.ndarray]:
    return {head: scores.loss - found.baseline.loss for head, scores in found.without.items()}


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


def _shares(sizes: list[int], total: int, swept: bool) -> list[float]:
    """The share of the work that is done before each point, and 1: what a point takes is a guess, so that a bar moves evenly."""
    work = [1.0]
    for before in sizes[:-1]:
        work.append(1 + 0.2 * (total - before) if before or swept else 1 + 0.6 * total)
    return np.concatenate([[0.0], np.cumsum(work) / np.sum(work)]).tolist()


def _part(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Tells the share of a part of the work as one of all of it."""
    return None if progress is None else lambda share: progress(start + (end - start) * share)
