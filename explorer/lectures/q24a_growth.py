"""Q24a: from n squared towards n: what each way to look at fewer pairs costs, and what it keeps while it generates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.q04_cost import written
from explorer.lectures.q21_cache import written as in_bytes
from explorer.lectures.words import Words
from explorer.lectures.work import counted_in

LENGTHS = (1024, 4096, 16_384, 65_536, 100_000, 262_144, 1_048_576)
WAYS = ("full", "window", "strided", "global", "chunks", "linear")
"""All pairs; the nearest keys; those and every w-th (Child et al. 2019); those and a few global tokens (Beltagy et al. 2020); the own chunk
and one summary of each other one (Dai et al. 2020, among others); no pairs at all, but a state (Katharopoulos et al. 2020)."""
GLOBAL = 16
ASKED = {"n": 100_000, "d": 512, "w": 512}
_BYTES = 2
"""Of a number in half precision."""
_TRIED = {"n": 2048, "w": 64}
"""Of the masks whose pairs are counted one by one."""


def compute(models: Models, n: int = ASKED["n"], d: int = ASKED["d"], w: int = ASKED["w"]) -> Result:
    """Counts one product of attention, of one head.

    Args:
        models: is not needed.
        n: tokens.
        d: width of the head.
        w: keys of a window; the stride and the length of a chunk as well.
    """
    cost, kept = ({way: of(way, n, d, w) for way in WAYS} for of in (multiply_adds, numbers_kept))
    asked = {way: multiply_adds(way, **ASKED) for way in WAYS}
    counted = min(float(mask(way, **_TRIED).sum()) / pairs(way, **_TRIED) for way in WAYS if way != "linear")
    measures = (
        Measure("full", cost["full"], n * n * d, format=",d"),
        Measure("window", cost["window"], n * min(w, n) * d, format=",d"),
        Measure("linear", cost["linear"], n * d * d, format=",d"),
        Measure("times", cost["full"] / cost["linear"], n / d, tolerance=1e-9 * n / d, format=",.1f"),
        Measure("asked", asked["window"] - asked["linear"], 0, format=",d"),
        # Tokens near the ends have fewer neighbours than the formula gives them.
        Measure("ends", counted, 0.9, "above", format=".1%"),
        Measure("state", kept["linear"], d * d + d, format=",d"),
        Measure("cache", kept["full"] / kept["linear"], 2 * n / (d + 1), tolerance=1e-9 * n, format=",.1f"),
    )
    said = {
        "n": f"{n:,}",
        "d": f"{d:,}",
        "w": f"{w:,}",
        "cache_full": in_bytes(_BYTES * kept["full"]),
        "cache_linear": in_bytes(_BYTES * kept["linear"]),
    }
    said |= {f"{way}_g": written(cost[way]) for way in WAYS}
    return Result(measures, {"n": n, "d": d, "w": w, "cost": cost, "kept": kept}, said)


def pairs(way: str, n: int, w: int) -> int:
    """Pairs of a query and a key, where each query has as many keys as one far from the ends."""
    w = min(w, n)
    summaries = -(-n // w) - 1
    keys = {"full": n, "window": w, "strided": w + summaries, "global": min(n, w + GLOBAL), "chunks": w + summaries}[way]
    # Global tokens look at everything, too.
    return n * keys + (GLOBAL * (n - min(n, w + GLOBAL)) if way == "global" else 0)


def mask(way: str, n: int, w: int) -> np.ndarray:
    """Which keys each query sees, bool (n, keys); of chunks, the other chunks' summaries come as keys after the n tokens."""
    i, j = np.indices((n, n))
    near = (j - i >= -(w // 2)) & (j - i < w - w // 2)
    if way == "full":
        return np.ones((n, n), bool)
    if way == "window":
        return near
    if way == "strided":
        return near | (j % w == 0)
    if way == "global":
        return near | (j < GLOBAL) | (i < GLOBAL)
    own = i // w == j // w
    others = np.arange(n)[:, None] // w != np.arange(-(-n // w))[None]
    return np.concatenate([own, others], axis=1)


def multiply_adds(way: str, n: int, d: int, w: int) -> int:
    """Of one product: queries by keys (or weights by values, which cost the same); for linear attention keys by values, counted by torch."""
    if way == "linear":
        keys = torch.empty(n, d, device="meta")
        return counted_in(lambda: keys.mT @ keys)
    return pairs(way, n, w) * d


def numbers_kept(way: str, n: int, d: int, w: int) -> int:
    """What the next token needs of those before it: keys and values, or the state and its normaliser."""
    w = min(w, n)
    if way == "linear":
        return d * d + d
    tokens = {"full": n, "window": w, "strided": w + -(-n // w) - 1, "global": min(n, w + GLOBAL), "chunks": w + -(-n // w) - 1}[way]
    return 2 * tokens * d


def layers_to_see_all(way: str, n: int, w: int) -> int:
    """Layers until the last token can know of any other one."""
    if way in ("full", "linear"):
        return 1
    return -(-n // max(1, min(w, n) // 2)) if way == "window" else 2


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    n, d, w, cost = (result.data[name] for name in ("n", "d", "w", "cost"))
    names = [words.label(f"way.{way}") for way in WAYS]
    rows = [(length, multiply_adds(way, length, d, w), words.label(f"way.{way}")) for way in WAYS for length in (2**i for i in range(10, 21))]
    return [
        bars(
            names,
            [cost["full"] / cost[way] for way in WAYS],
            words.label("fewer").format(n=f"{n:,}"),
            words.label("factor"),
            marked=[WAYS.index("window"), WAYS.index("linear")],
            format=",.0f",
            across=True,
            size=SIZES[2],
            dark=dark,
        ),
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("growth").format(d=f"{d:,}", w=f"{w:,}"),
            words.label("tokens"),
            words.label("multiply_adds"),
            series=names,
            log_x=True,
            log_y=True,
            rules=[n],
            ticks=(1e3, 1e4, 1e5, 1e6),
            points=False,
            format="~s",
            legend_columns=3,
            size=(SIZES[2][0], SIZES[2][1] - 30),
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    n, w, kept = (result.data[name] for name in ("n", "w", "kept"))
    table = np.array([[kept[way] * _BYTES / 2**20, layers_to_see_all(way, n, w)] for way in WAYS])
    shown = np.log(table / table.min(axis=0)) / np.log(table / table.min(axis=0)).max(axis=0).clip(min=1e-9)
    return [
        grid(
            shown,
            [words.label(f"named.{way}") for way in WAYS],
            [words.label("column.kept"), words.label("column.layers")],
            words.label("stays").format(n=f"{n:,}"),
            top=1.6,
            numbers=table,
            format=",.4g",
            written=True,
            size=(640, 230),
            dark=dark,
        )
    ]


DEMO = Demo(
    id="Q24a",
    module="q24a_growth",
    chapter=6,
    compute=compute,
    pictures=pictures,
    more=more,
    right="C",
    door=Door("training", {"lab_preset": "recall", "lab_attention": "linear"}),
    controls=(
        Control("n", LENGTHS, ASKED["n"], main=True),
        Control("w", (64, 128, 256, 512, 1024, 2048), ASKED["w"]),
        Control("d", (64, 128, 256, 512, 1024), ASKED["d"]),
    ),
    source="Child et al. 2019; Beltagy et al. 2020; Zaheer et al. 2020; Dai et al. 2020; Katharopoulos et al. 2020; Choromanski et al. 2021",
)
