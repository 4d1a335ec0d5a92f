"""What a curve will take, from the time that the baseline took.

A pass that starts at a layer costs what was measured from there on (`Scorer.seconds`). How many passes an order needs, and where they start, is
counted; only for the greedy order it is a guess, since nobody knows beforehand how long its heads stay in the race.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.ablation import curves
from explorer.ablation.heads import Head, every
from explorer.ablation.intervals import RESAMPLES
from explorer.ablation.scorer import Scorer

BACKWARD = 3.0
"""Passes that a pass with its way back costs."""
RECORDED = 2.0
"""Passes that a pass costs whose attention weights are all looked at."""
RACED = 2.2
"""Heads that a step of the greedy order runs on all examples, those that it runs on some counted by their share: measured on the
bundled BERT (`benchmarks.board`)."""
RESAMPLED = 2e-8
"""Seconds per value that the bootstrap of a point draws: measured on one core of a server's processor."""
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5)
"""Of the share of heads, for a curve that may not take long."""
FEW_SEEDS = 3
"""Random orders of such a curve."""


def curve(
    scorer: Scorer,
    order: str,
    method: str = "zero",
    *,
    step: float = curves.STEP,
    seeds: int = curves.SEEDS,
    exact_known: bool = False,
    ranking_known: bool = False,
    raced: float = RACED,
) -> float:
    """Seconds that `curves.curve` takes.

    Args:
        scorer: whose baseline has been scored.
        order: one of `curves.ORDERS`.
        method: what takes the place of a head's output.
        step: of the share of heads.
        seeds: random orders.
        exact_known: whether the scores without each head alone are there already.
        ranking_known: whether the ranking by "gradient" or "confidence" is.
        raced: heads that a step of the greedy order runs.

    Raises:
        ValueError: the baseline has not been scored.
    """
    if scorer.seconds is None:
        raise ValueError("the baseline comes first: its time is what is counted with")
    task, whole = scorer.task, float(scorer.seconds[0])
    heads = every(task.model)
    sizes = curves.counts(len(heads), step)
    of_call, call_of = np.asarray(scorer.seconds, float), scorer.runner.call_of

    def starts(some: Sequence[Head]) -> np.ndarray:
        return np.array([call_of.get(site, 0) for site, _head in some], int)

    def of_sizes(some: Sequence[Head]) -> float:
        # A pass starts at the lowest of the heads that it goes without; one that goes without none is not run.
        lowest = np.minimum.accumulate(starts(some))
        return float(of_call[lowest[[size - 1 for size in sizes if size]]].sum())

    alone = float(of_call[starts(heads)].sum())
    seconds = {"mean": RECORDED, "resample": RECORDED}.get(method, 0.0) * whole
    if order != "greedy":
        # Where a set of heads starts is known for random orders only; any other is taken to be like one of them.
        drawn = [curves.order_of(task, "random", seed=seed) for seed in range(seeds if order == "random" else curves.SEEDS)]
        points = np.mean([of_sizes(some) for some in drawn])
        seconds += points * (seeds if order == "random" else 1)
    if order == "gradient":
        seconds += 0.0 if ranking_known else BACKWARD * whole
    elif order == "confidence":
        seconds += 0.0 if ranking_known else RECORDED * whole
    elif order in ("exact", "reversed") and not exact_known:
        seconds += alone
    elif order == "greedy":
        # The passes that score a step are those whose way back tells the slopes of the next one.
        seconds += (len(sizes) - 2) * (BACKWARD * whole + raced * alone / len(heads))
    if order != "random":
        seconds += RESAMPLED * RESAMPLES * len(task) * len(sizes)
    return float(seconds)


def affordable(scorer: Scorer, order: str, method: str, seconds: float, *, exact_known: bool = False) -> tuple[float, int]:
    """The finest of `STEPS`, and the number of random orders, with which a curve takes no longer than so many seconds; else the coarsest.
    The greedy order is taken to run no heads: see `greedy.steps`."""
    seeds = min(FEW_SEEDS, curves.SEEDS)
    for step in STEPS:
        if curve(scorer, order, method, step=step, seeds=seeds, exact_known=exact_known, raced=0.0) <= seconds:
            return step, seeds
    return STEPS[-1], seeds
