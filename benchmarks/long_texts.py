"""What looking costs on long texts, against not looking: `python -m benchmarks.long_texts`.

Texts through a random GPT-2-small-shaped network of 16,384 positions, float32, on two threads. Ours is `explorer.capture`, tokenizing
included, after which any pattern of any head can be had; plain is the base model of a second network that transformers opens from the
same folder with its fast attention ("sdpa"), which gives no weights at all. Both take turns in one process, and the smallest time of each
counts: whatever else the machine does only adds. Then the small pictures of all heads, layer by layer, with mean and maximum of each
layer (`explorer.pooling`). Memory is how far the process rose above what it was with the model in it, in a process of its own.

With --smollm2, the same of SmolLM2-135M (30 layers x 9 heads, 8,192 positions, real weights); it is made where it can be (`benchmarks.real`).
With --page, one head under a window on the page *Attention*, in a second table (`benchmarks.long_views`).

Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers

import explorer
import models
from benchmarks import memory, real, report, shapes
from explorer import pooling
from models.opening import sites
from scripts.serve import ROOT

GOAL = 1.15
"""Largest time of a capture, in forward passes of sdpa."""
GOAL_MB = 3000
"""Largest peak of a capture of 16,384 tokens above the model, MB of 10^6 bytes."""
GRID = {4096: 5.0, 16384: 75.0}
"""Seconds for the pictures of all heads, by tokens."""
SIZE = 34
"""Pixels of a picture, as the page draws 12 x 14 of them."""
LONGEST = 16384


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="*", help="default: 512 2048 4096 16384; of SmolLM2 512 2048 8192")
    parser.add_argument("--smollm2", action="store_true", help="SmolLM2-135M instead of random weights")
    parser.add_argument("--turns", type=int, help="of both sides; default by length, 15 at 512 tokens and 2 at 16,384")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="the page instead: a tile in the server, a view in Chromium")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.child:
        print(json.dumps(_peak(given.folder, given.child, given.smollm2)))
        return 0
    rows, missed = [], False
    with tempfile.TemporaryDirectory() as made:
        folder = real.smollm2() if given.smollm2 else shapes.gpt2_small(Path(made) / "gpt2", positions=LONGEST)
        lengths = given.tokens or ([512, 2048, 8192] if given.smollm2 else [512, 2048, 4096, LONGEST])
        if given.page:
            return _page(folder, lengths)
        model = models.load(folder, device="cpu", dtype="float32")
        plain = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
        for n in lengths:
            text = _text(model, n, given.smollm2)
            ours, sdpa = _turns(model, plain, text, n, given.turns or max(2, min(15, 12288 // n)))
            drawn = _drawn(model, text)
            peak = _child(folder, n, given.threads, given.smollm2)
            checks = [ours / sdpa <= GOAL, given.smollm2 or drawn <= GRID.get(n, float("inf")), peak <= GOAL_MB]
            missed |= not all(checks)
            rows.append(
                [f"{n:,}", f"{ours / sdpa:.2f}", f"{ours:.2f}", f"{sdpa:.2f}", f"{peak:,.0f}", f"{drawn:.1f}", "" if all(checks) else "MISSED"]
            )
    of = "SmolLM2-135M" if given.smollm2 else "GPT-2 small shape, random weights"
    grid = "" if given.smollm2 else "".join(f", {seconds:g} s at {n:,}" for n, seconds in GRID.items())
    report.show(
        f"Capture against transformers' sdpa forward, {of}; goals: {GOAL} x, {GOAL_MB:,} MB{grid}",
        ["tokens", "capture / sdpa", "capture, s", "sdpa, s", "MB above the model", "all heads drawn small, s", ""],
        rows,
    )
    return int(missed)


def _page(folder: Path, tokens: list[int]) -> int:
    from benchmarks import long_views  # a browser, which the rest does without

    rows, missed = [], False
    model = models.load(folder, device="cpu", dtype="float32")
    for n in tokens:
        whole, near = long_views.tiles(model, n)
        seconds, sizes = long_views.clicks(folder, n)
        checks = [statistics.median(seconds) <= long_views.GOAL_S, max(sizes) <= long_views.GOAL_BYTES]
        missed |= not all(checks)
        times = [f"{1000 * of:.0f}" for of in (whole, near)] + [f"{of:.2f}" for of in (statistics.median(seconds), max(seconds))]
        rows.append([f"{n:,}", *times, f"{max(sizes) / 1000:.0f}", "" if all(checks) else "MISSED"])
    report.show(
        f"One head under a window, {long_views.VIEWS} views; goals: {long_views.GOAL_S} s (median), {long_views.GOAL_BYTES / 1000:.0f} kB a view",
        ["tokens", "tile of all, CPU ms", "nearer, median", "click to picture, s", "slowest", "largest view, kB", ""],
        rows,
    )
    return int(missed)


def _text(model: models.Model, n: int, real_words: bool) -> str:
    """A text of exactly so many tokens."""
    if not real_words:
        return shapes.gpt2_text(n)
    words = sorted(word[1:] for word in model.tokenizer.get_vocab() if word[:1] == "\u0120" and word[1:].isascii() and word[1:].isalpha())
    draw = random.Random(n)
    return " " + " ".join(draw.choice(words) for _ in range(n))


def _turns(model: models.Model, plain: torch.nn.Module, text: str, n: int, turns: int) -> tuple[float, float]:
    """Smallest seconds of a capture and of a plain forward pass."""
    given = sites.inputs_for(plain, **model.tokenizer(text, return_tensors="pt"))
    given.pop("token_type_ids", None)

    def forward() -> None:
        with torch.inference_mode():
            plain.base_model(**given)

    def looked() -> None:
        assert len(explorer.capture(model, text).tokens) == n

    times: dict = {looked: [], forward: []}
    for _turn in range(turns + 1):
        for work, seconds in times.items():
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    return min(times[looked][1:]), min(times[forward][1:])


def _drawn(model: models.Model, text: str) -> float:
    captured = explorer.capture(model, text)
    start = time.perf_counter()
    for site in captured.sites():
        pooling.of_layer(captured, site.layer, None, SIZE)
    return time.perf_counter() - start


def _peak(folder: Path, n: int, real_words: bool) -> float:
    model = models.load(folder, device="cpu", dtype="float32")
    explorer.capture(model, _text(model, 16, real_words))
    for weights in model.network.parameters():
        weights.sum()  # read from the file before, as they are the model's
    with memory.peak_memory() as found:
        captured = explorer.capture(model, _text(model, n, real_words))
    assert len(captured.tokens) == n
    return found["peak"] / 1e6


def _child(folder: Path, n: int, threads: int, real_words: bool) -> float:
    command = [sys.executable, "-m", "benchmarks.long_texts", "--child", str(n), "--folder", str(folder), "--threads", str(threads)]
    command += ["--smollm2"] if real_words else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
