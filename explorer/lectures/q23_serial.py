"""Q23: a training step of a recurrent network and of a transformer over the length of the text: what waits for what, and what it costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import linear

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.lectures.work import Shape, counted, counted_in
from models.cores import computing_on
from models.seeded import seeded
from models.toy import ToyConfig, ToyModel
from models.toy.rnn import RnnConfig, ToyRnn

LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
KINDS = ("rnn", "transformer", "scan")
"""A recurrent network; attention; a linear recurrence, whose steps are combined in pairs (Blelloch 1990)."""
LAYERS, BATCH, TRIES = 2, 4, 7
COUNTED = {"n": 100, "d": 512}
"""The layer whose operations are counted."""
_SEED = 23
_DRAWN = 8
"""Tokens of the small graph that is drawn."""


def compute(models: Models, n: int = 1024, when: str = "training", layers: int = LAYERS) -> Result:
    """Counts what waits for what, and reads the times.

    Args:
        models: is not needed.
        n: tokens.
        when: "training", where all tokens are known, or "generating", where each is the output of the one before.
        layers: of the networks whose steps are counted; those that are timed have two.
    """
    times = {int(length): (rnn, transformer) for length, rnn, transformer in shipped.read("q23_serial").data["times"]}
    steps = {kind: serial_steps(kind, n, layers, generating=when == "generating") for kind in KINDS}
    training, generating = ({kind: serial_steps(kind, n, layers, generating=mode) for kind in KINDS} for mode in (False, True))
    growth = [after / before for before, after in zip(times[LENGTHS[-2]], times[LENGTHS[-1]], strict=True)]
    work = operations(**COUNTED)
    rounds, apart = scanned(n)
    measures = (
        Measure("rnn_steps", training["rnn"], n + layers - 1, format=",d"),
        Measure("transformer_steps", training["transformer"], layers, format=",d"),
        Measure("scan_steps", training["scan"], layers * math.ceil(math.log2(n)), format=",d"),
        Measure("scan_rounds", rounds, math.ceil(math.log2(n)), format=",d"),
        Measure("scan_apart", apart, 0, tolerance=1e-12, format=".1e"),
        Measure("generated", generating["transformer"], n * layers, format=",d"),
        Measure("rnn_doubles", growth[0], 1.5, "above", format=".2f"),
        Measure("transformer_doubles", growth[1], 1.2, "above", format=".2f"),
        Measure("rnn_work", work["rnn"], 2 * COUNTED["n"] * COUNTED["d"] ** 2, format=",d"),
        Measure("transformer_work", work["transformer"], 12 * 100 * 512**2 + 2 * 100**2 * 512, format=",d"),
        Measure("pairs", work["pairs"] / work["transformer"], format=".1%"),
    )
    said = {"n": f"{n:,}", "longest": f"{LENGTHS[-1]:,}", "half": f"{LENGTHS[-2]:,}", "layers": str(layers)}
    said |= {name: f"{1000 * seconds:.0f}" for name, seconds in zip(("rnn_ms", "transformer_ms"), times[n], strict=True)}
    said |= {"rnn_now": f"{steps['rnn']:,}", "transformer_now": f"{steps['transformer']:,}"}
    return Result(measures, {"n": n, "times": times, "steps": steps, "when": when, "work": work, "growth": growth}, said)


def ready(kind: str, n: int, layers: int, *, generating: bool = False) -> np.ndarray:
    """At which step each output can be there, if all that waits for nothing is done at once: int (layers, n).

    One step is one cell of a recurrent network, one layer of attention, or one combination of two pieces of a linear recurrence.
    """
    made = np.zeros((layers, n), dtype=int)
    wait = math.ceil(math.log2(n)) if kind == "scan" and not generating else 1
    for t in range(n):
        below = int(made[-1, t - 1]) if generating and t else 0
        for layer in range(layers):
            if kind == "transformer":
                # What comes before is ready in the layer below; the farthest it waits for is the last that became so.
                before = int(made[layer - 1, : t + 1].max()) if layer else 0
            elif kind == "rnn" or generating:
                before = int(made[layer, t - 1]) if t else 0
            else:
                before = int(made[layer - 1].max()) if layer else 0
            made[layer, t] = wait + max(below, before)
            below = int(made[layer, t])
    return made


def serial_steps(kind: str, n: int, layers: int, *, generating: bool = False) -> int:
    """The longest path through what waits for what. All but the last rows are regular, so that a few tokens tell of any number."""
    if kind == "transformer" and not generating:
        return int(ready(kind, 2, layers).max())
    if kind == "scan" and not generating:
        return layers * int(ready(kind, n, 1).max())
    first, second = (int(ready(kind, m, layers, generating=generating).max()) for m in (2, 3))
    return second + (n - 3) * (second - first)


def scanned(n: int) -> tuple[int, float]:
    """h_t = a_t h_(t-1) + b_t by doubling (Hillis & Steele 1986) and by a loop: rounds, and the largest difference."""
    random = np.random.default_rng(_SEED)
    a, b = random.uniform(0.5, 1, n), random.standard_normal(n)
    looped, h = np.empty(n), 0.0
    for t in range(n):
        h = a[t] * h + b[t]
        looped[t] = h
    rounds, step = 0, 1
    while step < n:
        earlier_a, earlier_b = (np.concatenate([np.full(step, fill), x[:-step]]) for fill, x in ((1.0, a), (0.0, b)))
        a, b = a * earlier_a, a * earlier_b + b
        rounds, step = rounds + 1, 2 * step
    return rounds, float(np.abs(b - looped).max())


def operations(n: int, d: int) -> dict[str, int]:
    """Multiply-adds of one layer: a plain recurrent one, a transformer's, and of that the part of all pairs."""
    x, w = torch.empty(1, d, device="meta"), torch.empty(d, d, device="meta")
    cell = counted_in(lambda: (linear(x, w), linear(x, w)))
    cost = counted(n, Shape(d=d, heads=8, layers=1, ffn=4 * d))
    products = {name: value for name, value in cost.items() if name != "softmax"}
    return {"rnn": n * cell, "transformer": sum(products.values()), "pairs": cost["scores"] + cost["weighted"]}


def right(result: Result) -> str:
    """By the growth over the longest doubling."""
    rnn, transformer = result.data["growth"]
    if transformer < 1.2:
        return "A"
    if min(rnn, transformer) > 3.2:
        return "D"
    return "B" if abs(transformer - rnn) < 0.1 else "C"


def networks() -> dict[str, torch.nn.Module]:
    """Two that read from left to right, of two layers and as many parameters."""
    with seeded(_SEED):
        config = ToyConfig(vocab_size=64, layers=LAYERS, heads=4, d_model=64, ffn=4.0, positions="rope", max_length=LENGTHS[-1])
        return {"rnn": ToyRnn(RnnConfig.like(config)), "transformer": ToyModel(config)}


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Times a training step (forward and backward, the true tokens given) on one thread; the shortest of several tries each."""
    made = networks()
    random = torch.Generator().manual_seed(_SEED)
    rows, done, total = [], 0, TRIES * len(made) * sum(LENGTHS)
    with computing_on(1):
        for n in LENGTHS:
            tokens = torch.randint(64, (BATCH, n), generator=random)
            row: list[float] = [n]
            for network in made.values():
                found = []
                for _try in range(TRIES):
                    start = time.process_time()
                    network(input_ids=tokens, labels=tokens).loss.backward()
                    found.append(time.process_time() - start)
                    done += n
                    report(done / total)
                row.append(float(f"{min(found):.4g}"))
            rows.append(row)
    return {"times": rows, "parameters": {name: sum(weight.numel() for weight in network.parameters()) for name, network in made.items()}}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    n, times, steps = (result.data[name] for name in ("n", "times", "steps"))
    series = [words.label(f"kind.{kind}") for kind in KINDS[:2]]
    rows = [(length, 1000 * both[i], series[i]) for length, both in times.items() for i in range(2)]
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("times"),
            words.label("n"),
            words.label("ms"),
            series=series,
            log_x=True,
            log_y=True,
            base=2,
            ticks=LENGTHS,
            rules=[n],
            format=",.0f",
            size=SIZES[2],
            dark=dark,
        ),
        bars(
            [words.label(f"kind.{kind}") for kind in KINDS],
            [steps[kind] for kind in KINDS],
            words.label(f"steps.{result.data['when']}").format(n=f"{n:,}"),
            words.label("serial"),
            format=",.0f",
            size=SIZES[2],
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """The step at which each output of a small text is ready, and the operations of a layer."""
    work, size = result.data["work"], SIZES[3]
    tables = {kind: ready(kind, _DRAWN, LAYERS, generating=result.data["when"] == "generating") for kind in KINDS[:2]}
    top = max(int(table.max()) for table in tables.values())
    return [
        *(
            grid(
                table[::-1],
                [words.label("layer").format(layer=layer) for layer in reversed(range(LAYERS))],
                [str(t + 1) for t in range(_DRAWN)],
                words.label("ready").format(kind=words.label(f"kind.{kind}")),
                x=words.label("token"),
                top=1.3 * top,
                format=".0f",
                written=True,
                size=size,
                dark=dark,
            )
            for kind, table in tables.items()
        ),
        bars(
            [words.label("kind.rnn"), words.label("kind.transformer"), words.label("kind.pairs")],
            [work["rnn"] / 1e6, work["transformer"] / 1e6, work["pairs"] / 1e6],
            words.label("work").format(**COUNTED),
            words.label("millions"),
            format=".0f",
            size=size,
            dark=dark,
        ),
    ]


DEMO = Demo(
    id="Q23",
    module="q23_serial",
    chapter=6,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    door=Door("training", {"lab_preset": "recall"}, {"layers": "lab_layers"}),
    controls=(
        Control("n", LENGTHS, 1024, main=True),
        Control("when", ("training", "generating"), "training"),
        Control("layers", (1, 2, 4, 12), LAYERS),
    ),
    make=make,
    source=N_("Vaswani et al. 2017, table 1; Blelloch 1990; Martin & Cundy 2018"),
)
