"""What the fused kernel changed, before and after in one run: `python -m benchmarks.kernel`.

The same code computes the same twice, in turns: with the kernel of `models.attention.kernel`, and with the blocks of rows that alone computed
attention before it, and still do where somebody looks at every weight. A random GPT-2-small-shaped network, float32: the capture of a text; the
small pictures of all heads, their mean and maximum (before: from the weights of each head; now: from pooled scores); every head removed alone
(`sweep`); and all scores of the bundled BERT's heads, which look at every weight and so are computed in blocks both times. What both ways give is
compared. The smallest time of each counts.

Exits 1 where the two ways differ by more than `TOLERANCE`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import explorer
import models
from benchmarks import head_scores, report, shapes
from benchmarks.long_texts import LONGEST, SIZE
from explorer import pooling
from explorer.ablation.sweep import Sweep, sweep
from explorer.capture import Capture
from explorer.scores import measure
from explorer.tasks.data import Examples, Labelled
from explorer.tasks.language import Next
from models.attention import kernel
from models.opening import catalogue

TOLERANCE = 1e-4
"""Largest difference of a weight, a loss or a score, of numbers up to about ten."""


@contextmanager
def in_blocks() -> Iterator[None]:
    """A block in which no call is left to the kernel."""
    with mock.patch.object(kernel, "serves", lambda *_given: False):
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="*", default=[512, 2048, 4096], help="of the captures and pictures")
    parser.add_argument("--sentences", type=int, default=8, help="of 64 tokens, for the sweep; for the scores 25 times as many")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as made:
        model = models.load(shapes.gpt2_small(Path(made) / "gpt2", positions=LONGEST), device="cpu", dtype="float32")
        for n in given.tokens:
            text = shapes.gpt2_text(n)
            turns = max(2, min(given.turns, 12288 // n))
            rows.append(_row(f"capture, {n:,} tokens", lambda text=text: explorer.capture(model, text), _last_row, turns))
            rows.append(_pictures(explorer.capture(model, text), n))
        texts = [shapes.gpt2_text(64 + i) for i in range(given.sentences)]
        task = Next(model, Examples("made up", tuple(Labelled(text, 0) for text in texts), ("no class",)))
        rows.append(_row(f"every head removed alone, {len(texts)} texts", lambda: sweep(task), _losses, given.turns))
    bert = models.load(catalogue.BUNDLED_BERT, device="cpu")
    sentences = head_scores.sentences(25 * given.sentences, 25)
    rows.append(_row(f"all scores, {len(sentences)} sentences", lambda: measure.on_texts(bert, sentences), _scores, given.turns))
    report.show("In blocks of rows (before) and by the fused kernel", ["what", "before, s", "now, s", "before / now", "largest difference"], rows)
    return int(any(float(row[-1]) > TOLERANCE for row in rows))


def _row(what: str, work: Callable[[], object], numbers: Callable[[object], np.ndarray], turns: int) -> list[str]:
    before, now, found = [], [], {}
    for turn in range(turns + 1):
        with in_blocks():
            before.append(_seconds(work, found, "before"))
        now.append(_seconds(work, found, "now"))
        if not turn:
            # The first ones warm up.
            before.clear()
            now.clear()
    return _told(what, min(before), min(now), float(np.nanmax(np.abs(numbers(found["before"]) - numbers(found["now"])))))


def _seconds(work: Callable[[], object], found: dict, name: str) -> float:
    start = time.perf_counter()
    found[name] = work()
    return time.perf_counter() - start


def _pictures(captured: Capture, n: int) -> list[str]:
    """Once each: they take long, and nothing of them has to warm up."""
    edges, differ, before, now = pooling.edges(n, SIZE)[:-1], 0.0, 0.0, 0.0
    for site in captured.sites():
        start = time.perf_counter()
        # Head by head, as all weights of a layer at once have no room at 4,096 tokens and above.
        slow = [_small(captured.pattern(site.layer, head), edges) for head in range(site.heads)]
        slow += [_small(whole(site.layer), edges) for whole in (captured.mean, captured.maximum)]
        before += time.perf_counter() - start
        start = time.perf_counter()
        fast = pooling.of_layer(captured, site.layer, None, SIZE)
        now += time.perf_counter() - start
        differ = max(differ, float(np.abs(np.stack(slow) - np.stack([*fast.heads, fast.mean, fast.maximum])).max()))
    return _told(f"pictures of all heads, {n:,} tokens", before, now, differ)


def _small(weights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.maximum.reduceat(np.maximum.reduceat(weights, edges, axis=0), edges, axis=1)


def _last_row(captured: Capture) -> np.ndarray:
    last = np.array([len(captured.tokens) - 1])
    return np.stack([captured.pattern(site.layer, head, rows=last) for site in captured.sites() for head in range(site.heads)])


def _losses(found: Sweep) -> np.ndarray:
    return np.stack([np.asarray(scores.loss, dtype=float) for scores in found.without.values()])


def _scores(found: measure.HeadScores) -> np.ndarray:
    return np.stack(list(found.values.values()))


def _told(what: str, before: float, now: float, differ: float) -> list[str]:
    return [what, f"{before:.2f}", f"{now:.2f}", f"{before / now:.2f}", f"{differ:.1e}"]


if __name__ == "__main__":
    sys.exit(main())
