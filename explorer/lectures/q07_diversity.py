"""Q7: more heads at one width cost the same, and see more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch.nn.functional import conv1d

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.clock import shortest
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.lectures.work import Shape, counted
from models import attention
from models.seeded import seeded
from models.toy.config import ToyConfig
from models.toy.layers import ToyAttention

D_MODEL = 512
HEADS = (1, 2, 4, 8, 16, 32)
_SHOWN = 12
"""Tokens of the picture of patterns: more cells would be too small."""
_SEED = 7
_SPREAD = 0.05
"""Of the weights of the layer that is drawn: large enough that heads are not all nearly uniform before any training."""


def compute(models: Models, heads: int = 8, n: int = 100) -> Result:
    """Counts and runs the attention of one layer, its width divided into heads.

    Args:
        models: is not needed.
        heads: that the width is divided into.
        n: tokens.
    """
    costs = {h: counted(n, Shape(D_MODEL, h, 1, 4 * D_MODEL)) for h in HEADS}
    layer, states = layer_of(heads), drawn(n)
    patterns = patterns_of(layer, states)
    kept = shipped.read("q07_diversity").data
    times = {int(h): seconds for h, seconds in kept["times"]}
    maps = torch.empty(heads, n, n).nbytes
    measures = (
        Measure("scores", costs[heads]["scores"], n**2 * D_MODEL, format=",d"),
        Measure("weighted", costs[heads]["weighted"], n**2 * D_MODEL, format=",d"),
        Measure("same", max(cost["scores"] for cost in costs.values()) - min(cost["scores"] for cost in costs.values()), 0, format="d"),
        Measure("patterns", different(patterns), heads, format="d"),
        Measure("bytes", maps, heads * n**2 * 4, format=",d"),
        Measure("grouped", grouped_deviation(layer, states), 0, tolerance=1e-5, format=".1e"),
        Measure("time", times[heads] * 1e3, format=",.3g"),
        Measure("time_one", times[1] * 1e3, format=",.3g"),
    )
    said = {"heads": str(heads), "n": str(n), "d_k": str(D_MODEL // heads), "per_product": f"{n**2 * D_MODEL:,}", "timed": str(kept["n"])}
    few = patterns_of(layer, drawn(_SHOWN))[:, -1]
    data = {"costs": costs, "heads": heads, "n": n, "patterns": few / few.max(axis=1, keepdims=True), "times": times}
    return Result(measures, data, said)


def layer_of(heads: int) -> ToyAttention:
    """The attention of a toy of that many heads, whose weights are those of all others: only the reshape differs."""
    with seeded(_SEED):
        layer = ToyAttention(ToyConfig(d_model=D_MODEL, heads=heads, bias=False, attn_implementation=attention.NAME))
        for weight in layer.parameters():
            torch.nn.init.normal_(weight, std=_SPREAD)
    return layer.eval()


def drawn(n: int) -> torch.Tensor:
    """States of n tokens, (1, n, D_MODEL)."""
    return torch.randn(1, n, D_MODEL, generator=torch.Generator().manual_seed(_SEED))


def patterns_of(layer: ToyAttention, states: torch.Tensor) -> np.ndarray:
    """Weights of all heads, (heads, n, n)."""
    with torch.inference_mode(), attention.attending() as run:
        layer(states)
    return run.records[0].patterns().numpy()


def different(patterns: np.ndarray, least: float = 1e-3) -> int:
    """How many heads give the last token another row than all heads before them: no weight within `least` of each other everywhere."""
    kept: list[np.ndarray] = []
    for row in patterns[:, -1]:
        if all(np.abs(row - other).max() > least for other in kept):
            kept.append(row)
    return len(kept)


def grouped_deviation(layer: ToyAttention, states: torch.Tensor) -> float:
    """The output projection as a 1x1 convolution in one group per head, summed over heads, against the matrix itself."""
    weight = layer.output.weight  # (d_model, heads x d_k)
    d_model, heads = weight.shape[0], layer.heads
    joined = states.mT  # (1, heads x d_k, n)
    filters = weight.detach().unflatten(1, (heads, -1)).transpose(0, 1).flatten(0, 1)[..., None]  # (heads x d_model, d_k, 1)
    grouped = conv1d(joined, filters, groups=heads).unflatten(1, (heads, d_model)).sum(1)
    return float((grouped.mT - states @ weight.detach().T).abs().max() / (states @ weight.detach().T).abs().max())


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Times scores, softmax and weighted sum of one layer by its number of heads, processor time, the shortest of several."""
    n, rows = 512, []
    states = drawn(n)
    for i, heads in enumerate(HEADS):
        q, k, v = (torch.randn(heads, n, D_MODEL // heads, generator=torch.Generator().manual_seed(s)) for s in range(3))
        seconds = shortest(lambda q=q, k=k, v=v: (q @ k.mT).softmax(-1) @ v, tries=9)
        rows.append([heads, float(f"{seconds:.4g}")])
        report((i + 1) / len(HEADS))
    return {"n": len(states[0]), "times": rows}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    costs, heads, size = data["costs"], data["heads"], SIZES[3]
    names = [str(h) for h in costs]
    marked = [names.index(str(heads))]
    million = [cost["scores"] / 1e6 for cost in costs.values()]
    mebibytes = [h * data["n"] ** 2 * 4 / 2**20 for h in costs]
    how = {"marked": marked, "size": size, "dark": dark}
    return [
        bars(names, million, words.label("cost"), words.label("million"), **how),
        bars(names, mebibytes, words.label("maps"), words.label("mib"), format=".2~g", **how),
        grid(
            data["patterns"],
            [str(i + 1) for i in range(heads)],
            [""] * data["patterns"].shape[1],
            words.label("seen").format(heads=heads),
            written=False,
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    times, heads = result.data["times"], result.data["heads"]
    names = [str(h) for h in times]
    return [
        bars(
            names,
            [seconds * 1e3 for seconds in times.values()],
            words.label("timed").format(n=result.said["timed"]),
            words.label("ms"),
            marked=[names.index(str(heads))],
            size=SIZES[1],
            dark=dark,
        )
    ]


DEMO = Demo(
    id="Q7",
    module="q07_diversity",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("training", {"lab_preset": "recall", "lab_d_model": "64"}, {"heads": "lab_heads"}),
    controls=(
        Control("heads", HEADS, 8, main=True),
        Control("n", (50, 100, 200, 400), 100),
    ),
    make=make,
    more=more,
    source=N_("Vaswani et al. 2017, section 3.2.2"),
)
