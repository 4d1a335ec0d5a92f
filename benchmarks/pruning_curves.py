"""How far the bundled classifiers can be cut on SST-2: `python -m benchmarks.pruning_curves`.

All single heads removed, and the curves of all six orders in steps of 5 %, on the 872 sentences of SST-2's dev part: of the fine-tuned
MiniLM, and of MiniLM under its linear probe. Prints, for each order, the share of heads that can go, one after the other, at less than
one point of accuracy. The reference is the order "random": what a pruner gets for nothing.

Where heads are ranked on the sentences that the curve is read on, the best orders are flattered. So each order is also ranked on one half of
the sentences and read on the other half, both ways.

Ctrl-C keeps what is done; the same command goes on from there. With --out DIR the tables are written as JSON, the heatmap and
the curves as PNG.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import models
from benchmarks import report
from benchmarks.real import SST2, cache
from explorer import export
from explorer.ablation import curves, importance
from explorer.ablation.heads import every
from explorer.ablation.published import PRUNING
from explorer.ablation.results import TaskResults
from explorer.ablation.resumable import Resumable
from explorer.ablation.sweep import sweep
from explorer.charts.common import board as board_charts
from explorer.charts.importance import curves as curve_charts
from explorer.tasks import choose
from explorer.tasks.base import Task
from explorer.tasks.data import Examples
from models.atomic import put_text, whole
from models.opening import catalogue

DROP = 0.01


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SST2, help="file of labelled sentences (default: SST-2's dev part in ../shared)")
    parser.add_argument("--limit", type=int, help="first N sentences only")
    parser.add_argument("--orders", nargs="+", choices=curves.ORDERS, default=curves.ORDERS, help="default: all")
    parser.add_argument("--models", nargs="+", default=[catalogue.SENTIMENT, catalogue.BUNDLED_BERT], help="default: %(default)s")
    parser.add_argument("--out", type=Path, help="folder for tables and pictures")
    given = parser.parse_args()
    examples = choose.named(str(given.data), "classify")
    for name in given.models:
        _of_model(models.load(name), examples.first(given.limit), given)
    return 0


def _of_model(model: models.Model, examples: Examples, given: argparse.Namespace) -> None:
    """Measures one model, and prints its table."""
    task = choose.make("classify", model, examples)
    about = {"model": model.name, "data": str(given.data), "limit": given.limit, "sentences": len(task)}
    kept = Resumable(cache() / f"pruning_curves.{model.short_name}.unfinished", about)

    start = time.perf_counter()
    exact = sweep(task, resumable=kept)
    print(f"all {len(exact.without)} heads alone: {time.perf_counter() - start:.0f} s", flush=True)
    found, across = {}, {}
    for order in given.orders:
        start = time.perf_counter()
        found[order] = curves.curve(task, order, exact=exact, resumable=kept)
        across[order] = _across(task, order)
        print(f"{order}: {time.perf_counter() - start:.0f} s", flush=True)

    by_exact = curves.from_sweep(exact)
    correlations = {by: importance.rank_correlation(getattr(importance, by)(task), by_exact) for by in ("gradient", "confidence")}
    rows = [_row(order, curve, found.get("random"), correlations, across[order]) for order, curve in found.items()]
    report.show(
        f"{model.name}, {len(task)} sentences of {given.data.name}, accuracy {exact.baseline.score:.4f}, loss {exact.baseline.mean_loss:.4f}; "
        f"heads that can go at less than {100 * DROP:.0f} point of accuracy",
        [
            *("order", "score at 50 % / random's", "share", "heads", "score at 50 %", "score without any head", "rank correlation with exact"),
            *("share, read on the other half", "score at 50 %, read on the other half"),
        ],
        rows,
    )
    if given.out:
        _write(given.out / model.short_name, model, exact, found)


def _across(task: Task, order: str) -> tuple[list[float], float]:
    """Heads ranked on one half of the sentences, and the curve read on the other: both shares that can go, and the mean score at 50 %."""
    draw = np.random.default_rng(0).permutation(len(task))
    halves = [task.subset(sorted(part.tolist())) for part in np.array_split(draw, 2)]
    sizes = curves.counts(len(every(task.model)))
    shares, scores = [], []
    for ranked_on, read_on in (halves, halves[::-1]):
        heads = curves.curve(ranked_on, order, seeds=1).heads if order in ("greedy", "random") else curves.order_of(ranked_on, order)
        results, points = TaskResults(read_on), []
        for size in sizes:
            found = results.score(frozenset(heads[:size]))
            points.append(curves.Point(size / sizes[-1], size, found.score, found.score, found.score, found.mean_loss))
        read = curves.Curve(order, tuple(points), tuple(heads), len(read_on))
        shares.append(read.largest_share(DROP))
        scores.append(_half(read))
    return shares, float(np.mean(scores))


def _row(
    order: str, curve: curves.Curve, chance: curves.Curve | None, correlations: dict[str, float], across: tuple[list[float], float]
) -> list[str]:
    share, half = curve.largest_share(DROP), _half(curve)
    return [
        order,
        f"{half / _half(chance):.2f}x" if chance else "",
        f"{share:.0%}",
        str(next(p.removed for p in curve.points if p.share == share)),
        f"{half:.4f}",
        f"{curve.points[-1].score:.4f}",
        f"{correlations[order]:+.2f}" if order in correlations else "",
        " and ".join(f"{share:.0%}" for share in across[0]),
        f"{across[1]:.4f}",
    ]


def _half(curve: curves.Curve) -> float:
    """Score with half of the heads removed."""
    return min(curve.points, key=lambda point: abs(point.share - 0.5)).score


def _write(folder: Path, model: models.Model, exact: curves.Sweep, found: dict[str, curves.Curve]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table = importance.table(curves.from_sweep(exact), list(model.sites))
    about = {"loss_rise": table.tolist(), "curves": {order: [vars(point) for point in curve.points] for order, curve in found.items()}}
    put_text(folder / "pruning.json", json.dumps(about, indent=1) + "\n")
    rows, sizes = [str(site.layer) for site in model.sites], [site.heads for site in model.sites]
    pictures = {
        "heads": lambda: board_charts.board(rows, sizes, (), values=table, title="rise of the loss", diverging=True, clickable=False),
        "curves": lambda: curve_charts.curves(tables, list(tables), landmarks=marks, width=980),
    }
    tables = {order: pd.DataFrame([vars(point) for point in curve.points]) for order, curve in found.items()}
    marks = [(mark.share, mark.caption) for mark in PRUNING]
    for name, make in pictures.items():
        with whole(folder / f"{name}.png") as beside:
            beside.write_bytes(export.picture(make, "png"))


if __name__ == "__main__":
    sys.exit(main())
