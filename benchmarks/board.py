"""How soon *Prune* answers, and what its orders cost, against a plain loop: `python -m benchmarks.board`.

The model that *Prune* opens at first (6 x 12 heads) on the project's own 284 labelled sentences. Ours is
`explorer.ablation.results.TaskResults`, as the pages ask it: the first score, the score after a click on one head, on a layer, after a drag
over 16 heads of two layers, the single effects of those 16, and the curve of the greedy order. The plain loop runs the whole network for each
set of heads, on the same batches of one length each, so that nothing is padded: at its fastest. Both take turns, and medians over the rounds
are compared. The clicks fall on every layer in turn.

A loop takes the same time for every head: for the greedy order, which removes 756 sets of heads and scores 21 points, it is scaled up from
one score. `--exhaustive` runs an order that removes every head that is left on all examples at each step, and says how far ours is from
it. Last, the time that each order was said to take beside the time it took. Exits 1 where a goal is missed. Takes five minutes on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import models
from benchmarks import report
from explorer.ablation import curves, greedy
from explorer.ablation.heads import Heads, changes, every
from explorer.ablation.results import SAMPLE, TaskResults
from explorer.ablation.scorer import Scorer
from explorer.tasks import choose
from explorer.tasks.base import Task
from models.opening import catalogue
from models.surgery.resume import Runner

ROUNDS = 10
GOALS = {"one head": 1.0, "a layer": 1.5, "16 heads": 1.5}
"""Seconds, on two cores."""
GREEDY_GOAL = 4.0
"""Times as fast as the loop."""
FIRST_GOAL = 5.0
"""Seconds until the first curve of any order."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of clicks (default: %(default)s)")
    parser.add_argument("--orders", nargs="*", choices=curves.ORDERS, default=curves.ORDERS, help="orders to time (default: all)")
    parser.add_argument("--exhaustive", action="store_true", help="compare the greedy order with an exhaustive one")
    given = parser.parse_args()
    model = models.load(catalogue.SENTIMENT, device="cpu")
    task = choose.make("classify", model, choose.built_in("classify"))
    task.score()  # to warm up
    rows, loop, missed = _clicks(task, given.rounds)
    found, order_rows, late = _orders(task, given.orders, loop)
    report.show(
        f"{model.name}, {len(task)} sentences, medians of {given.rounds} rounds",
        ["figure", "plain loop / ours", "ours", "plain loop", "goal"],
        rows,
    )
    report.show(
        f"Orders, each once, nothing known before; the first curve on {SAMPLE} sentences",
        ["order", "plain loop / ours", "took", "said beforehand / took", "said beforehand", "first curve", "its steps", "goal"],
        order_rows,
    )
    if given.exhaustive and "greedy" in found:
        _apart(task, found["greedy"])
    return int(missed or late)


def _clicks(task: Task, rounds: int) -> tuple[list[list[str]], float, bool]:
    """Rows of the clicks, the seconds of one whole pass of the loop, and whether a goal was missed."""
    heads, layers = every(task.model), len(task.model.sites)
    runner = Runner(task.model)
    ours: dict[str, list[float]] = {}
    plain: dict[str, list[float]] = {}

    def loop(sets: list[Heads]) -> None:
        for some in sets:
            task.score(lambda batch, some=some: changes(task.model, some), runner=runner)

    for i in range(rounds):
        results, layer = TaskResults(task), i % layers
        across = frozenset(head for head in heads if head[0] in (layer, (layer + 1) % layers) and head[1] < 8)
        work: dict[str, tuple[Callable[[], object], list[Heads]]] = {
            "the first score": (results.score, [frozenset()]),
            "one head": (lambda r=results, at=layer: r.score(frozenset([(at, 0)])), [frozenset([(layer, 0)])]),
            "a layer": (
                lambda r=results, at=layer: r.score(frozenset(h for h in heads if h[0] == at)),
                [frozenset(h for h in heads if h[0] == layer)],
            ),
            "16 heads": (lambda r=results, some=across: r.score(some), [across]),
            "the single effects of 16 heads": (lambda r=results, some=across: r.single_effects(some), [frozenset([h]) for h in across]),
        }
        for what, (mine, sets) in work.items():
            ours.setdefault(what, []).append(_seconds(mine))
            # A loop takes the same time for every head: one stands for all.
            plain.setdefault(what, []).append(len(sets) * _seconds(lambda sets=sets: loop(sets[:1])))
    rows, missed = [], False
    for what in ours:
        mine, theirs = statistics.median(ours[what]), statistics.median(plain[what])
        goal = GOALS.get(what)
        missed |= goal is not None and mine > goal
        verdict = "" if goal is None else f"<= {goal:g} s: {report.verdict(mine, goal)}"
        rows.append([what, f"{theirs / mine:.2f}", f"{mine:.2f} s", f"{theirs:.2f} s", verdict])
    return rows, statistics.median(plain["one head"]), missed


def _orders(task: Task, orders: list[str], loop: float) -> tuple[dict[str, curves.Curve], list[list[str]], bool]:
    """The curves, a row of each, and whether a goal was missed."""
    found, rows, missed = {}, [], False
    sizes = curves.counts(len(every(task.model)))
    alone = len(every(task.model))
    passes = {"random": curves.SEEDS * (len(sizes) - 2) + 2, "exact": alone + len(sizes), "reversed": alone + len(sizes)}
    passes["greedy"] = sum(alone - size for size in sizes[:-1]) + len(sizes)
    for order in orders:
        results = TaskResults(task)
        said = results.cost(order)
        first = _seconds(lambda r=results, order=order: r.curve(order, sample=SAMPLE))
        took = _seconds(lambda r=results, order=order: found.update({order: r.curve(order)}))
        ratio = passes[order] * loop / took if order in passes else None
        bad = first > FIRST_GOAL or (order == "greedy" and ratio < GREEDY_GOAL)
        missed |= bad
        goal = f"first <= {FIRST_GOAL:g} s" + (f", >= {GREEDY_GOAL:g} times" if order == "greedy" else "")
        step = results.curve(order, sample=SAMPLE).step
        rows.append(
            [
                order,
                "" if ratio is None else f"{ratio:.2f}",
                f"{took:.1f} s",
                f"{said / took:.2f}",
                f"{said:.1f} s",
                f"{first:.1f} s",
                f"{step:.0%}",
                f"{goal}: {'MISSED' if bad else 'met'}",
            ]
        )
    return found, rows, missed


def _apart(task: Task, ours: curves.Curve) -> None:
    """Prints how far a greedy order is from the exhaustive one."""
    sizes = [point.removed for point in ours.points]
    start = time.perf_counter()
    whole = list(greedy.steps(Scorer(task), sizes, "zero", sure=float("inf")))
    print(f"\nAn exhaustive greedy order took {time.perf_counter() - start:.0f} s. Heads of each step that are the same:")
    theirs = [heads for heads, _scores in whole]
    for (before, size), point, (_heads, scores) in zip(pairwise(sizes), ours.points[1:], whole[1:], strict=True):
        same = len(set(ours.heads[before:size]) & set(theirs[-1][before:size]))
        loss = sum(scores["loss"]) / len(scores["loss"])
        accuracy = sum(scores["correct"]) / len(scores["correct"])
        print(f"{size:3} heads: {same} of {size - before}; loss {point.loss:.4f} / {loss:.4f}, accuracy {point.score:.4f} / {accuracy:.4f}")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
