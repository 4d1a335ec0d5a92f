"""Q21b: FlashAttention: the same function tile by tile, with fewer bytes moved and no table of weights in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.lectures import shipped, tiles
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, positive
from explorer.lectures.peak import peak
from explorer.lectures.q04_cost import exponent
from explorer.lectures.q21_cache import written
from explorer.lectures.words import Words
from explorer.lectures.work import counted_in
from models import InputError
from models.words import told

STEPS = tuple(range(1, 17))
TILES = (3, 4, 6)
"""Queries and keys of a tile that is played."""
LENGTHS = tuple(2**i for i in range(8, 17))
TOKENS = 12
LAYER, HEAD = 2, 0
WIDTH, BYTES, FAST = 64, 2, 192 * 1024
"""Of the head whose bytes are counted, in 16 bits; and bytes of the fast memory of an A100 beside each of its processors (Dao et al. 2022)."""
MEASURED = tuple(2**i for i in range(8, 13))
WAYS = ("standard", "tiled", "fused")
ROW = (1.0, 3.0, 2.0, 5.0)
"""A row of scores to do by hand, in two tiles."""
_APART = 1e-3


def compute(
    models: Models, step: int = 5, tile: int = 4, n: int = 4096, model: str = "bert-mini", slow: str = "1.5", fast: str = "19", text: str = ""
) -> Result:
    """Plays the tiles of a real head, and counts what is moved.

    Args:
        models: opens models.
        step: tiles that are done; the last one where there are fewer.
        tile: queries and keys of a tile.
        n: tokens, for bytes.
        model: whose head is read.
        slow, fast: terabytes a second of both memories.
        text: what is read, cut at 12 tokens.

    Raises:
        InputError: an empty text, a model that gives weights alone or whose weights are no softmax, or a bandwidth that is no number.
    """
    opened = models(model)
    captured = capture(opened, text, max_tokens=TOKENS)
    layer = min(LAYER, len(captured.sites()) - 1)
    record = captured.record(layer)
    values = record.value[0, HEAD // record.group].double().numpy()
    visible = captured.visible(layer)
    scores = np.where(visible, record.scores(HEAD).double().numpy(), -np.inf)
    weights = softmax(scores, axis=1)
    if record.normaliser != "softmax" or np.abs(weights - captured.pattern(layer, HEAD)).max() > _APART:
        raise InputError(told("The weights of {model} are not the softmax of its scores.", model=opened.name), told("Choose another model."))
    played = tiles.tiled(scores, values, tile)
    step = min(step, len(played))
    apart = [float(np.abs(one.outputs - _standard_so_far(scores, values, one.seen)).max()) for one in played]
    own = captured.outputs(layer, HEAD)
    side = tiles.fitting(WIDTH, BYTES, FAST)
    moved = {"standard": tiles.standard_bytes(n, WIDTH, BYTES), "tiled": tiles.tiled_bytes(n, WIDTH, BYTES, side)}
    large, counted = both_ways()
    peaks = measured_peaks()
    growth = exponents(peaks)
    rates = _rate(slow), _rate(fast)
    by_hand = tiles.running(ROW, 2)
    at = played[step - 1]
    measures = (
        Measure("each", max(apart), 0, tolerance=1e-9, format=".1e"),
        Measure("final", float(np.abs(played[-1].outputs - own).max()), 0, tolerance=1e-4, format=".1e"),
        Measure("large", large, 0, tolerance=1e-5, format=".1e"),
        Measure("products", counted["tiled"], counted["standard"], format=",d"),
        Measure("extra", side * WIDTH / (2 * side * side * WIDTH), format=".2%"),
        Measure("standard", moved["standard"], BYTES * (4 * n * n + 4 * n * WIDTH), format=",d"),
        Measure("tiled", moved["tiled"], moved["standard"], "below" if n > side else "at most", format=",d"),
        Measure("fewer", moved["standard"] / moved["tiled"], format=".1f"),
        Measure("tile_side", side, format="d"),
        Measure("peak_standard", growth["standard"], 1.8, "above", format=".2f"),
        Measure("peak_tiled", growth["tiled"], 1.2, "below", format=".2f"),
        Measure("peak_fused", growth["fused"], 1.2, "below", format=".2f"),
        Measure("first_sum", by_hand[0][1], 1 + np.exp(-2), tolerance=1e-9, format=".4f"),
        Measure("last_sum", by_hand[1][1], float(np.exp(np.array(ROW) - 5).sum()), tolerance=1e-9, format=".4f"),
    )
    last = peaks.iloc[-1]
    said = {
        "n": f"{n:,}",
        "moved_standard": written(moved["standard"]),
        "moved_tiled": written(moved["tiled"]),
        "longest": f"{int(last['n']):,}",
        "most_standard": written(last["standard"]),
        "most_tiled": written(last["tiled"]),
        "steps": str(len(played)),
    }
    # What is in the table of weights at this moment: of a query, the softmax of what it has seen.
    with np.errstate(invalid="ignore"):
        so_far = np.where(at.seen & visible, np.exp(scores - at.maximum[:, None]) / at.total[:, None], 0.0)
    data = {
        "labels": captured.queries().labels,
        "so_far": so_far,
        "visible": visible,
        "at": at,
        "apart": apart,
        "step": step,
        "steps": len(played),
        "n": n,
        "side": side,
        "peaks": peaks,
        "rates": rates,
        "moved": moved,
    }
    return Result(measures, data, said)


def both_ways() -> tuple[float, dict[str, int]]:
    """Attention over random vectors at once and tile by tile: the largest difference, and the multiply-adds of each."""
    q, k, v = torch.randn(3, 300, WIDTH, generator=torch.Generator().manual_seed(21)).unbind()
    ways = {"standard": tiles.standard, "tiled": tiles.by_tiles}
    return float((tiles.by_tiles(q, k, v) - tiles.standard(q, k, v)).abs().max()), {
        way: counted_in(lambda does=does: does(q, k, v)) for way, does in ways.items()
    }


def measured_peaks() -> pd.DataFrame:
    """Bytes at the peak of each way, by n."""
    return pd.DataFrame(shipped.read("q21b_flash").data["peaks"], columns=["n", *WAYS])


def exponents(peaks: pd.DataFrame) -> dict[str, float]:
    """With which power of n the peak of each way grows, from 512 tokens on."""
    long = peaks[peaks["n"] >= 512]
    return {way: exponent(long["n"], long[way]) for way in WAYS}


def _standard_so_far(scores: np.ndarray, values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Outputs of an ordinary softmax over the keys that were seen; 0 where none was."""
    part = torch.from_numpy(np.where(seen, scores, -np.inf)).softmax(-1).nan_to_num(0.0)
    return (part @ torch.from_numpy(values)).numpy()


def _rate(word: str) -> float:
    return positive(word, InputError(told("{word} is no number of terabytes a second.", word=word), told("Write one such as 1.5.")))


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """The most memory that each way holds at one time, by n, of one head, as torch's allocator counts it."""
    rows = []
    for i, n in enumerate(MEASURED):
        q, k, v = torch.randn(3, n, WIDTH, generator=torch.Generator().manual_seed(n)).unbind()
        ways = (
            lambda q=q, k=k, v=v: tiles.standard(q, k, v),
            lambda q=q, k=k, v=v: tiles.by_tiles(q, k, v),
            lambda q=q, k=k, v=v: torch.nn.functional.scaled_dot_product_attention(q[None, None], k[None, None], v[None, None]),
        )
        rows.append([n, *(peak(way) for way in ways)])
        report((i + 1) / len(MEASURED))
    return {"peaks": rows}


def right(result: Result) -> str:
    """By what was measured: another function, as much memory, or the same with less of it and fewer bytes moved."""
    if result["each"] > 1e-6 or result["large"] > 1e-4:
        return "B"
    return "D" if result["products"] <= 1.01 * next(m.expected for m in result.measures if m.name == "products") else "C"


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[3]
    labels, at = data["labels"], data["at"]
    tile = [(r, c) for r in range(at.rows.start, at.rows.stop) for c in range(at.columns.start, at.columns.stop)]
    known = np.isfinite(at.maximum)
    running = np.stack([np.where(known, at.maximum, 0), np.where(known, at.total, 0)], axis=1)
    now = [(r, c) for r in range(at.rows.start, at.rows.stop) for c in range(2)]
    return [
        grid(
            data["so_far"],
            labels,
            labels,
            words.label("tiles").format(step=data["step"], steps=data["steps"]),
            visible=at.seen & data["visible"],
            top=1,
            marked=tile,
            written=False,
            size=size,
            dark=dark,
        ),
        grid(
            running / np.abs(running).max(axis=0, initial=1e-9),
            labels,
            [words.label("maximum"), words.label("sum")],
            words.label("running").format(apart=f"{data['apart'][data['step'] - 1]:.0e}"),
            visible=np.stack([known, known], axis=1),
            signed=True,
            top=2.5,
            numbers=running,
            marked=now,
            written=True,
            size=size,
            dark=dark,
        ),
        _moved(result, words, size, dark),
    ]


def _moved(result: Result, words: Words, size: tuple[int, int], dark: bool) -> Picture:
    side = result.data["side"]
    rows = [
        row
        for n in LENGTHS
        for row in (
            (n, tiles.standard_bytes(n, WIDTH, BYTES), words.label("way.standard")),
            (n, tiles.tiled_bytes(n, WIDTH, BYTES, side), words.label("way.tiled")),
        )
    ]
    return lines(
        pd.DataFrame(rows, columns=["x", "y", "series"]),
        words.label("moved").format(n=f"{result.data['n']:,}"),
        words.label("n"),
        words.label("bytes"),
        series=[words.label("way.standard"), words.label("way.tiled")],
        log_x=True,
        log_y=True,
        ticks=(1000, 10_000),
        rules=[result.data["n"]],
        format="~s",
        legend_columns=1,
        size=(size[0], size[1] - 35),
        dark=dark,
    )


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, size = result.data, SIZES[2]
    peaks = [(n, value, words.label(f"way.{way}")) for way in WAYS for n, value in zip(data["peaks"]["n"], data["peaks"][way], strict=True)]
    slow, fast = data["rates"]
    inside = data["moved"]["standard"] - data["moved"]["tiled"]
    seconds = {
        "standard": (data["moved"]["standard"] / slow, 0.0),
        "tiled": (data["moved"]["tiled"] / slow, max(0.0, inside) / fast),
    }
    kinds = [words.label("memory.slow"), words.label("memory.fast")]
    return [
        lines(
            pd.DataFrame(peaks, columns=["x", "y", "series"]),
            words.label("peaks"),
            words.label("tokens"),
            words.label("peak_bytes"),
            series=[words.label(f"way.{way}") for way in WAYS],
            log_x=True,
            log_y=True,
            base=2,
            ticks=MEASURED,
            format="~s",
            legend_columns=2,
            size=(size[0], size[1] - 25),
            dark=dark,
        ),
        bars(
            [words.label(f"way.{way}") for way in seconds for _kind in kinds],
            [part / 1e6 for parts in seconds.values() for part in parts],
            words.label("times").format(n=f"{data['n']:,}"),
            words.label("microseconds"),
            of=[kind for _way in seconds for kind in kinds],
            series=kinds,
            stacked=True,
            size=size,
            dark=dark,
        ),
    ]


DEMO = Demo(
    id="Q21b",
    module="q21b_flash",
    chapter=5,
    compute=compute,
    pictures=pictures,
    more=more,
    right=right,
    door=Door("attention", {"layer": str(LAYER), "head": str(HEAD)}, {"model": "model", "text": "text"}),
    controls=(
        Control("step", STEPS, 5, main=True),
        Control("tile", TILES, 4),
        Control("n", LENGTHS, 4096),
        Control("model", ("bert-mini", "gpt2-mini", "all-MiniLM-L6-v2"), "bert-mini", model=True),
        Control("slow"),
        Control("fast"),
        Control("text"),
    ),
    make=make,
    source="Dao et al. 2022; Milakov & Gimelshein 2018; Rabe & Staats 2021",
)
