"""Whether each preset reaches its goal, and in what time: `python -m benchmarks.presets`.

Trains every preset from scratch on the CPU, one after the other, and prints the held-out accuracy (share of held-out examples in
which every asked position is right) and the seconds of all steps, snapshots and evaluations included. The goal is 99 % within 60
seconds on two cores; for a contrast, to stay below its ceiling. Character modelling needs a text and has no goal.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

import torch

from benchmarks import report
from models.training.presets import PRESETS, WITHOUT_TEXT, Preset

SECONDS = 60


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--presets", nargs="+", choices=WITHOUT_TEXT, default=WITHOUT_TEXT, metavar="P", help=f"default: all ({', '.join(WITHOUT_TEXT)})"
    )
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="train each with the seeds 0 to N - 1 (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = [_row(PRESETS[name], seed) for name in given.presets for seed in range(given.seeds)]
    header = ["preset", "seed", "parameters", "steps", "held-out", "positions", "examples", "goal", "", "seconds", "of CPU", ""]
    report.show("Presets of the toy tasks", header, rows)
    return 0


def _row(preset: Preset, seed: int) -> list[str]:
    wall, cpu = time.perf_counter(), time.process_time()
    training = dataclasses.replace(preset, settings=dataclasses.replace(preset.settings, seed=seed)).training()
    while not training.finished:
        training.step()
    found = training.evaluate()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    reached = found.held_out_accuracy(training.task)
    print(f"{preset.name}, seed {seed}: {reached:.1%} in {wall:.0f} s", file=sys.stderr, flush=True)
    return [
        preset.name,
        str(seed),
        f"{training.network.num_parameters():,}",
        str(preset.settings.steps),
        f"{reached:.1%}",
        f"{found.accuracy:.1%}",
        str(found.examples),
        f"<= {preset.at_most:.0%}" if preset.is_contrast else f">= {preset.at_least:.0%}",
        "met" if preset.at_least <= reached <= preset.at_most else "MISSED",
        f"{wall:.1f}",
        f"{cpu:.1f}",
        report.verdict(wall, SECONDS),
    ]


if __name__ == "__main__":
    sys.exit(main())
