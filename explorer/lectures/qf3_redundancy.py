"""QF3: heads that are pruned from a trained network, against a network that never had them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager

import pandas as pd
import torch
from torch import nn

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from models import attention
from models.toy.tasks import Batch
from models.training.presets import PRESETS
from models.training.runs import evaluate
from models.training.settings import Settings
from models.training.toy import Training

ALL = 8
LEFT = (1, 2, 4, 8)
"""Heads that are left, or were there from the start."""
WAYS = ("start", "pruned", "tuned")
"""With so many heads from the start; pruned after the training; pruned before the last steps of it, which the rest uses to adapt."""
SEEDS = tuple(range(1, 11))
D_K, STEPS, PRUNED_AT = 2, 320, 240
"""Width of each head, whatever their number, so that a head that is left is what a head from the start is; steps of all networks, and after
how many of them heads are pruned in order to be tuned."""
LEARNED = 0.95
"""Accuracy from which a task counts as learned."""


def compute(models: Models, left: int = 2, seed: int = SEEDS[0]) -> Result:
    """Reads what the trainings came to.

    Args:
        models: is not needed.
        left: heads that are left, or were there from the start.
        seed: of the training whose order of pruning is drawn.
    """
    runs = shipped.read("qf3_redundancy").data["runs"]
    curves = {way: [_mean(runs, way, n) for n in _counts(way)] for way in WAYS}
    at = {way: [run[way][str(left)] for run in runs] for way in WAYS}
    learned = {n: sum(run["start"][str(n)] >= LEARNED for run in runs) / len(runs) for n in LEFT}
    measures = (
        Measure("start", _mean(runs, "start", left), format=".3f"),
        Measure("pruned", _mean(runs, "pruned", left), format=".3f"),
        Measure("tuned", _mean(runs, "tuned", left), format=".3f"),
        Measure("whole", _mean(runs, "start", ALL), format=".3f"),
        # Nothing is taken away from all heads: three ways to the same network.
        Measure("same", max(abs(run[way][str(ALL)] - run["start"][str(ALL)]) for run in runs for way in WAYS), 0, tolerance=1e-9, format=".1g"),
        Measure("insurance", learned[left], format=".0%"),
        Measure("insurance_all", learned[ALL], format=".0%"),
    )
    one = next(run for run in runs if run["seed"] == seed)
    data = {"curves": curves, "at": at, "learned": learned, "left": left, "order": one["order"], "steps": one["steps"], "seed": seed}
    data["asked"] = (_mean(runs, "start", 2), _mean(runs, "pruned", 2))
    return Result(measures, data, {"left": str(left), "all": str(ALL), "seeds": str(len(runs))})


def _counts(way: str) -> Sequence[int]:
    return range(1, ALL + 1) if way == "pruned" else LEFT


def _mean(runs: Sequence[Mapping], way: str, left: int) -> float:
    return sum(run[way][str(left)] for run in runs) / len(runs)


def right(result: Result) -> str:
    """What was measured with 2 heads, pruned ones as they are left: closer than .05 is the same."""
    start, pruned = result.data["asked"]
    if max(start, pruned) < 0.5:
        return "D"
    return "A" if abs(start - pruned) < 0.05 else "C" if pruned > start else "B"


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains networks of 1, 2, 4 and 8 heads for each seed, and prunes the one of 8."""
    preset = PRESETS["recall"]
    task = preset.toy_task()
    test = task.held_out(500, seed=1)
    # So many trainings' worth of steps a seed: all of those from the start, and the last part of each that is tuned.
    total = len(SEEDS) * (len(LEFT) * STEPS + (len(LEFT) - 1) * (STEPS - PRUNED_AT))
    done, runs = 0, []

    def steps(training: Training, until: int, gone: Collection[int] = ()) -> None:
        nonlocal done
        while training.done < until:
            with without(training.network, gone):
                training.step()
            done += 1
            report(done / total)

    for seed in SEEDS:
        settings = Settings(steps=STEPS, learning_rate=5e-3, seed=seed, snapshot_every=10**6)
        found: dict[str, object] = {"seed": seed, "start": {}, "pruned": {}, "tuned": {}}
        chosen_on = task.batch(250, torch.Generator().manual_seed(100 + seed))
        for heads in LEFT:
            training = Training(task, preset.config(task, heads=heads, d_k=D_K), settings)
            if heads == ALL:
                steps(training, PRUNED_AT)
                middle = training.state()
            steps(training, STEPS)
            found["start"][str(heads)] = accuracy(training.network, test)
        order, losses = greedy(training.network, chosen_on)
        found["order"], found["steps"] = order, losses
        for left in range(1, ALL + 1):
            found["pruned"][str(left)] = accuracy(training.network, test, order[: ALL - left])
        found["tuned"][str(ALL)] = found["start"][str(ALL)]
        gone, _losses = greedy(Training.resume(middle).network, chosen_on)
        for left in LEFT[:-1]:
            tuned = Training.resume(middle)
            steps(tuned, STEPS, gone[: ALL - left])
            found["tuned"][str(left)] = accuracy(tuned.network, test, gone[: ALL - left])
        runs.append(found)
    return {"runs": runs}


def without(network: nn.Module, gone: Collection[int]) -> AbstractContextManager:
    """A block in which some heads of the only layer pass nothing on."""
    # torch's own function, by which it is trained, knows no gates.
    network.set_attn_implementation(attention.NAME)
    gate = torch.ones(network.config.heads)
    gate[list(gone)] = 0
    module = network.transformer.stack.layers[0].attention
    return attention.attending({id(module): (0,)}, changes={0: attention.Change(gate=gate)} if gone else None, record=False)


def accuracy(network: nn.Module, examples: list[Batch], gone: Collection[int] = ()) -> float:
    """Share of the asked positions that are right."""
    with without(network, gone):
        return round(evaluate(network, examples).accuracy, 4)


def greedy(network: nn.Module, examples: Batch) -> tuple[list[int], list[list[float]]]:
    """The order in which heads go, each time the one whose removal leaves the smallest loss.

    Returns:
        All heads but the last one; and at each step the loss without each head, -1 for those that were gone.
    """
    heads = list(range(network.config.heads))
    gone: list[int] = []
    losses = []
    while len(gone) < len(heads) - 1:
        row = []
        for head in heads:
            if head in gone:
                row.append(-1.0)
                continue
            with without(network, [*gone, head]):
                row.append(round(evaluate(network, [examples]).loss, 4))
        losses.append(row)
        gone.append(min((head for head in heads if head not in gone), key=lambda head: (row[head], head)))
    return gone, losses


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    left, size, series = result.data["left"], SIZES[2], [words.label(f"way.{way}") for way in WAYS]
    table = pd.DataFrame(
        [(n, y, words.label(f"way.{way}")) for way, ys in result.data["curves"].items() for n, y in zip(_counts(way), ys, strict=True)],
        columns=["x", "y", "series"],
    )
    at = result.data["at"]
    names = [str(seed) for seed in SEEDS]
    return [
        lines(
            table,
            words.label("curves"),
            words.label("heads"),
            words.label("accuracy"),
            series=series,
            ticks=range(1, ALL + 1),
            rules=[left],
            ends=(0, 1),
            size=size,
            dark=dark,
        ),
        bars(
            names * len(WAYS),
            [value for way in WAYS for value in at[way]],
            words.label("each").format(left=left),
            words.label("accuracy"),
            of=[words.label(f"way.{way}") for way in WAYS for _seed in SEEDS],
            series=series,
            ends=(0, 1.15),
            format=".2f",
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    learned = result.data["learned"]
    losses = torch.tensor(result.data["steps"]).numpy()
    order = result.data["order"]
    return [
        bars(
            [str(n) for n in learned],
            [100 * share for share in learned.values()],
            words.label("learned"),
            words.label("percent"),
            ends=(0, 100),
            format=".0f",
            size=SIZES[2],
            dark=dark,
        ),
        grid(
            losses,
            [str(i + 1) for i in range(len(losses))],
            [str(head) for head in range(ALL)],
            words.label("order").format(seed=result.data["seed"]),
            x=words.label("head"),
            y=words.label("removal"),
            visible=losses >= 0,
            marked=list(enumerate(order)),
            size=SIZES[2],
            dark=dark,
        ),
    ]


DEMO = Demo(
    id="QF3",
    module="qf3_redundancy",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right=right,
    door=Door("prune", {}),
    controls=(Control("left", LEFT, 2, main=True), Control("seed", SEEDS, SEEDS[0])),
    make=make,
    more=more,
    source="Michel et al. 2019; Voita et al. 2019; Frankle & Carbin 2019",
)
