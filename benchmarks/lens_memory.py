"""Memory that the logit lens takes: `python -m benchmarks.lens_memory`.

1,024 tokens through a random GPT-2-small-shaped model (12 layers, 50,257 words), opened with `models.load`, and read after each layer by
`explorer.lens.layers.lens`. Each measurement has a process of its own, warmed up on a short text; peak is how far the resident memory
rose above what it was just before, as in `benchmarks.capture_memory`. Medians of several processes. Exits 1 where the goal is missed.

All weights are read before the measurement: safetensors maps its file into memory, and rows of the embedding that nobody asked for yet
would count as memory of the lens. Logits of all tokens at one layer alone would take 206 MB.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import models
from benchmarks import report, shapes
from benchmarks.memory import peak_memory
from explorer.lens import layers
from scripts.serve import ROOT

TOKENS = 1024
GOAL_MB = 150
"""Largest peak, MB of 10^6 bytes."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="processes, default 3")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(_measured(given.child)))
        return 0
    with tempfile.TemporaryDirectory() as made:
        folder = shapes.gpt2_small(Path(made) / "gpt2")
        runs = [_child(folder) for _repeat in range(given.repeats)]
    peaks, seconds = ([run[what] for run in runs] for what in ("peak", "seconds"))
    peak = statistics.median(peaks)
    report.show(
        f"The logit lens on {TOKENS:,} tokens, GPT-2 small shape, random weights; medians of {given.repeats} processes",
        ["figure", "median", "range", "goal"],
        [
            ["MB added to the process at the peak", f"{peak:.0f}", _range(peaks), f"<= {GOAL_MB}: {report.verdict(peak, GOAL_MB)}"],
            ["seconds", f"{statistics.median(seconds):.1f}", _range(seconds, 1), ""],
        ],
    )
    return int(peak > GOAL_MB)


def _measured(folder: Path) -> dict[str, float]:
    """In a process of its own: MB at the peak, and seconds."""
    model = models.load(folder, device="cpu")
    layers.lens(model, shapes.gpt2_text(16))
    for parameter in model.network.parameters():
        parameter.sum()
    gc.collect()
    start = time.perf_counter()
    with peak_memory() as found:
        result = layers.lens(model, shapes.gpt2_text(TOKENS))
    assert len(result.labels) == TOKENS, len(result.labels)
    return {"peak": found["peak"] / 1e6, "seconds": time.perf_counter() - start}


def _child(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.lens_memory", "--child", str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _range(values: list[float], digits: int = 0) -> str:
    return f"{min(values):.{digits}f} .. {max(values):.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
