"""Units on workers of Dask: `python -m benchmarks.cluster`, and `--kill` for workers that are killed meanwhile.

Measured: the sweep of all heads (`ablate`) of a model on some sentences by one worker and by several, each a process on one thread of this
machine's cores, started beforehand; and what a unit costs that is there already, which is what scheduler, driver and disk take for it.

Simulated: the same job and the greedy order (`prune --order greedy`) on up to 256 workers, from the measured seconds of their units. A
simulated worker opens the model first; the driver hands units out one after the other and reads their results one after the other; a phase
begins when the one before is over. Not in it: a disk or a network that many workers fill. So it says where a job stops to scale for
reasons of its own: too few units, one long one, phases, the driver.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # of this process and of the workers, before torch is loaded

import psutil
import torch

import models
from benchmarks import report
from explorer.ablation.scorer import Scorer
from explorer.tasks import choose
from explorer.tasks.data import Asked
from explorer.units import ablation, store, work
from explorer.units.bench import Bench
from explorer.units.executors import Here
from explorer.units.job import PLAN
from explorer.units.on_dask import OnDask, asking
from explorer.units.plan import Planner, device_of
from models.opening import catalogue

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclasses.dataclass(frozen=True)
class Costs:
    """What a unit takes besides its work, in seconds.

    Attributes:
        opening: until a worker that has started has the model open.
        handing: of the driver and the scheduler, for each unit.
        reading: of the driver, for each result.
    """

    opening: float
    handing: float
    reading: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=catalogue.SENTIMENT)
    parser.add_argument("--examples", type=int, default=284, help="sentences of our own (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="that are measured against one (default: %(default)s)")
    parser.add_argument("--times", type=int, default=1, help="measure so often and take the fastest (default: %(default)s)")
    parser.add_argument("--kill", action="store_true", help="kill a worker after each quarter of the units; its nanny starts another")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as made:
        bench = opened(given.model, given.examples)
        alone, costs, phases = measured(given, Path(made), bench)
        report.show("Every head removed alone, in units", ["workers", "seconds", "times one worker", "processor seconds"], alone)
        print(f"a worker opens the model in {costs.opening:.1f} s; a unit costs {1e3 * costs.handing:.1f} ms to hand out, ", end="")
        print(f"{1e3 * costs.reading:.1f} ms to read")
        phases["prune --order greedy"] = greedy(Path(made) / "greedy", bench)
        for job, seconds in phases.items():
            simulation(job, seconds, costs)
    return 0


def opened(name: str, examples: int) -> Bench:
    """A model and our own sentences."""
    model = models.load(name, "cpu")
    on = device_of(model.device, model.network.dtype) | {"task": "classify", "method": "zero", "data": None, "limit": examples}
    on["asked"] = dataclasses.asdict(Asked())
    task = choose.make("classify", model, choose.named(None, "classify", model).first(examples))
    return Bench(on, model, task=task)


def measured(given: argparse.Namespace, folder: Path, bench: Bench) -> tuple[list[list[str]], Costs, dict[str, list[list[float]]]]:
    """Rows of the table, what units cost, and seconds of the units of each phase."""
    from distributed import LocalCluster

    rows, fastest, opening, handing, phases = [], {}, 0.0, 0.0, {}
    how = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": logging.ERROR}
    for workers in (1, given.workers):
        with LocalCluster(n_workers=workers, **how) as cluster:
            executor = OnDask(cluster.scheduler_address, lambda text: print(text, file=sys.stderr))
            opening = _warm(cluster, bench, folder / f"warm {workers}") if workers == 1 else opening
            if workers > 1:
                _warm(cluster, bench, folder / f"warm {workers}")
            for time_ in range(given.times):
                place = folder / f"{workers} {time_}"
                planner = Planner("ablate", bench, place, executor)
                before, begun = _processor(cluster), time.perf_counter()
                killer = _Killer(cluster) if given.kill and workers > 1 else None
                ablation.swept(planner, bench.task, "zero", killer)
                seconds, used = time.perf_counter() - begun, _processor(cluster) - before
                if workers not in fastest or seconds < fastest[workers][0]:
                    fastest[workers] = seconds, used
                if workers == 1:
                    # Several that share cores take longer for each unit than those who have a core each, as the simulated ones do.
                    phases["ablate"] = seconds_of(place)
            # Again: all is there, and a worker only looks.
            units = [unit for digest in _digests(place)[-1] if (found := store.read_any(place, digest)) for unit in [found[0]]]
            # So many at once that nobody waits for an answer: what is left is what each costs.
            executor.ahead, again = 64, units * max(1, 256 // len(units))
            begun = time.perf_counter()
            for first in range(0, len(again), len(units)):
                executor.run(again[first : first + len(units)], place, lambda done: None)
            handing = (time.perf_counter() - begun) / len(again)
            executor.close()
        seconds, used = fastest[workers]
        rows.append([str(workers), f"{seconds:.1f}", f"{fastest[1][0] / seconds:.2f}", f"{used:.1f}" if not given.kill else "?"])
    begun = time.perf_counter()
    for unit in units:
        store.read(place, unit)
    return rows, Costs(opening, handing, (time.perf_counter() - begun) / len(units)), phases


def greedy(folder: Path, bench: Bench) -> list[list[float]]:
    """Seconds of the units of a greedy order, by phase, in this process."""
    ablation.curve(Planner("prune greedy", bench, folder, Here()), Scorer(bench.task), "greedy", "zero", 1)
    return seconds_of(folder)


def seconds_of(folder: Path) -> list[list[float]]:
    """Seconds of each unit, by phase."""
    return [[found[1].seconds for digest in digests if (found := store.read_any(folder, digest))] for digests in _digests(folder)]


def simulated(phases: Sequence[Sequence[float]], workers: int, costs: Costs) -> float:
    """Seconds from the start of the workers to the last result, by events: who is free first takes the next unit."""
    free, now = [costs.opening] * workers, 0.0
    for units in phases:
        handed = now
        heapq.heapify(free)
        for seconds in units:
            handed += costs.handing
            heapq.heappush(free, max(heapq.heappop(free), handed) + seconds)
        # Those that did none of this phase's units were free before.
        now = max(handed, *free) + costs.reading * len(units) if units else now
    return now


def limits(phases: Sequence[Sequence[float]], workers: int, costs: Costs) -> dict[str, float]:
    """Seconds that a job takes at least, by what makes it so."""
    n = sum(map(len, phases))
    return {
        "the work itself": sum(map(sum, phases)) / workers,
        "opening the model": costs.opening,
        "handing out and reading": n * (costs.handing + costs.reading),
        "the longest unit of each phase": sum(max(units, default=0.0) for units in phases),
    }


def simulation(job: str, phases: Sequence[Sequence[float]], costs: Costs) -> None:
    """Prints a table up to the largest number of workers, for the job as it is and for one with sixteen times its examples."""
    for times in (1, 16):
        longer = [list(units) * times for units in phases]
        one, rows = simulated(longer, 1, costs), []
        for workers in WORKERS:
            seconds = simulated(longer, workers, costs)
            bound, _least = max(limits(longer, workers, costs).items(), key=lambda item: item[1])
            rows.append([str(workers), f"{seconds:.1f}", f"{one / seconds:.1f}", f"{one / seconds / workers:.0%}", bound])
        n = sum(map(len, longer))
        title = f"Simulated: {job}, {n} units in {len(longer)} phases" + (f", {times} times the examples" if times > 1 else "")
        report.show(title, ["workers", "seconds", "times one", "of each worker", "most of it"], rows)


class _Killer:
    """Ends a worker after each quarter of the units, as a machine that breaks down does."""

    def __init__(self, cluster: object) -> None:
        self.cluster, self.killed = cluster, 0

    def __call__(self, share: float) -> None:
        if share * 4 > self.killed + 1 and share < 1:
            nannies = list(self.cluster.workers.values())
            psutil.Process(nannies[self.killed % len(nannies)].pid).kill()
            self.killed += 1


def _warm(cluster: object, bench: Bench, folder: Path) -> float:
    """Has every worker open the model, and gives the seconds of the slowest."""
    from distributed import Client

    planner = Planner("warming up", bench, folder, Here())
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(len(cluster.workers))
        addresses = list(client.nthreads())
        units = planner.units("sweep", [{"members": [0]} for _worker in addresses])
        begun = time.perf_counter()
        given = [
            client.submit(asking(), unit.to_json(), str(planner.job.folder), workers=[at]) for unit, at in zip(units, addresses, strict=True)
        ]
        answers = client.gather(given)
        assert {answer["state"] for answer in answers} == {work.DONE}, answers
        return time.perf_counter() - begun


def _processor(cluster: object) -> float:
    """Processor seconds that the workers have used."""
    return sum(sum(psutil.Process(nanny.pid).cpu_times()[:2]) for nanny in cluster.workers.values())


def _digests(folder: Path) -> list[list[str]]:
    return [json.loads(plan.read_text(encoding="utf-8"))["units"] for plan in sorted((folder / PLAN).glob("*.json"))]


if __name__ == "__main__":
    sys.exit(main())
