"""Q11: must heads times d_k be d_model?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, lines
from explorer.i18n import N_
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value
from explorer.lectures.words import Words
from explorer.lectures.work import counted_in
from models import attention
from models.seeded import seeded
from models.toy import ToyConfig
from models.toy.layers import ToyAttention
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training

HEADS = (1, 2, 4, 8, 16)
KINDS = ("split", "double", "averaged")
"""Widths of the heads: d_model divided among them, twice as much, or d_model for each with their outputs averaged."""
WIDE, LENGTH = 512, 100
"""Width and length of the layer that is counted."""
D_MODEL, STEPS, SEEDS = 16, 400, (1, 2)
"""Of the toys: so narrow that 16 heads are one number wide."""


def switches(kind: str, heads: int, d_model: int) -> dict[str, object]:
    """Fields of `ToyConfig` for one kind of head."""
    d_k = {"split": d_model // heads, "double": 2 * d_model // heads, "averaged": d_model}[kind]
    return {"heads": heads, "d_model": d_model, "d_k": d_k, "combine": "mean" if kind == "averaged" else "concat"}


def compute(models: Models, heads: int = 8, kind: str = "double") -> Result:
    """Counts a layer of one shape, and reads what toys of that shape learned.

    Args:
        models: is not needed.
        heads: how many.
        kind: one of `KINDS`.
    """
    counted = {which: {h: parameters(which, h) for h in HEADS} for which in KINDS}
    cost = {which: multiply_adds(which, heads) for which in KINDS}
    learned = shipped.read("q11_width").data
    accuracy = {which: {h: _mean(learned, which, h) for h in HEADS} for which in KINDS}
    of = switches(kind, heads, WIDE)
    measures = (
        Measure("width", heads * of["d_k"], {"split": 1, "double": 2, "averaged": heads}[kind] * WIDE, format=",d"),
        Measure("parameters", counted[kind][heads], expected_parameters(kind, heads), format=",d"),
        Measure("qkv", qkv_parameters(kind, heads) / qkv_parameters("split", heads), heads * of["d_k"] / WIDE, format=".3g"),
        Measure("cost", cost[kind], expected_cost(kind, heads), format=",d"),
        Measure("output", output_width(kind, heads), WIDE, format="d"),
        Measure("accuracy", accuracy[kind][heads], format=".3f"),
        Measure("one", accuracy["split"][1], 0.9, "above", format=".3f"),
        Measure("narrowest", accuracy["split"][HEADS[-1]], format=".3f"),
    )
    curves = {which: learned[which][str(heads)][0]["curve"] for which in KINDS}
    data = {"parameters": counted, "cost": cost, "accuracy": accuracy, "curves": curves, "heads": heads, "kind": kind}
    said = {"heads": str(heads), "d_k": str(of["d_k"]), "kind": kind, "narrow": str(switches(kind, heads, D_MODEL)["d_k"])}
    said["usual"] = f"{counted['split'][heads]:,d}"
    return Result(measures, data, said)


def _module(kind: str, heads: int) -> ToyAttention:
    config = ToyConfig(bias=False, causal=False, **switches(kind, heads, WIDE))
    config._attn_implementation = attention.NAME
    with torch.device("meta"):
        return ToyAttention(config)


def parameters(kind: str, heads: int) -> int:
    """Parameters of a layer's attention, counted from the module."""
    return sum(weight.numel() for weight in _module(kind, heads).parameters())


def qkv_parameters(kind: str, heads: int) -> int:
    return _module(kind, heads).qkv.weight.numel()


def expected_parameters(kind: str, heads: int) -> int:
    """By formula: queries, keys and values of all heads, and W_O from what is handed to it."""
    d_k = switches(kind, heads, WIDE)["d_k"]
    return 3 * WIDE * heads * d_k + WIDE * d_k * (1 if kind == "averaged" else heads)


def multiply_adds(kind: str, heads: int) -> int:
    """Multiply-adds of one layer on a text of `LENGTH` tokens, counted while it runs, without numbers."""
    module = _module(kind, heads)

    def layer() -> torch.Tensor:
        q, k, v = module._projected(torch.empty(1, LENGTH, WIDE, device="meta"), None)
        z = ((q @ k.transpose(-1, -2)).softmax(-1) @ v).transpose(1, 2)
        return module.output(z.mean(2) if module.averaged else z.flatten(2))

    return counted_in(layer)


def expected_cost(kind: str, heads: int) -> int:
    """By formula: a multiply-add for each parameter and token, and 2 n^2 d_k for each head."""
    return LENGTH * expected_parameters(kind, heads) + 2 * LENGTH**2 * heads * switches(kind, heads, WIDE)["d_k"]


def output_width(kind: str, heads: int) -> int:
    """Numbers per token that the layer really gives back, for the residual connection to add."""
    config = ToyConfig(bias=False, causal=False, **switches(kind, heads, WIDE))
    config._attn_implementation = attention.NAME
    with seeded(0), torch.inference_mode():
        return ToyAttention(config)(torch.zeros(1, 2, WIDE))[0].shape[-1]


def _mean(learned: Mapping[str, Mapping[str, list]], kind: str, heads: int) -> float:
    runs = learned[kind][str(heads)]
    return sum(run["accuracy"] for run in runs) / len(runs)


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains a toy of each shape."""
    preset = PRESETS["recall"]
    task = preset.toy_task()
    # With one head all of the first and the last kind is the same network.
    runs = [(kind, heads) for kind in KINDS for heads in HEADS if (kind, heads) != ("averaged", 1)]
    made: dict[str, dict[str, list]] = {kind: {} for kind in KINDS}
    for i, (kind, heads) in enumerate(runs):
        for j, seed in enumerate(SEEDS):
            settings = Settings(steps=STEPS, learning_rate=5e-3, seed=seed, snapshot_every=10**6)
            training = Training(task, preset.config(task, **switches(kind, heads, D_MODEL)), settings)
            while not training.finished:
                training.step()
                report((i + (j + training.done / STEPS) / len(SEEDS)) / len(runs))
            curve = [[m.step, round(m.accuracy, 3)] for m in training.history[9::10]]
            found = {"accuracy": round(training.now().evaluation.accuracy, 4), "curve": curve}
            made[kind].setdefault(str(heads), []).append(found)
    made["averaged"]["1"] = made["split"]["1"]
    return made


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    heads, kind, size = result.data["heads"], result.data["kind"], SIZES[3]
    series = [words.label(f"short.{which}") for which in KINDS]
    millions = [result.data["parameters"][which][heads] / 1e6 for which in KINDS]
    learned = pd.DataFrame(
        [(h, y, words.label(f"short.{which}")) for which in KINDS for h, y in result.data["accuracy"][which].items()],
        columns=["x", "y", "series"],
    )
    over = pd.DataFrame(
        [(step, y, words.label(f"short.{which}")) for which in KINDS for step, y in result.data["curves"][which]], columns=["x", "y", "series"]
    )
    return [
        bars(
            [words.label(f"short.{which}") for which in KINDS],
            millions,
            words.label("counted"),
            words.label("millions"),
            marked=[KINDS.index(kind)],
            format=".2f",
            size=size,
            dark=dark,
        ),
        lines(
            learned,
            words.label("learned"),
            words.label("heads"),
            words.label("right_share"),
            series=series,
            log_x=True,
            base=2,
            ticks=HEADS,
            rules=[heads],
            ends=(0, 1),
            size=size,
            dark=dark,
        ),
        lines(
            over,
            words.label("curves").format(heads=heads),
            words.label("step"),
            words.label("right_share"),
            series=series,
            points=False,
            ends=(0, 1),
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    names = [words.label(f"short.{which}") for which in KINDS]
    cost = [result.data["cost"][which] / 1e6 for which in KINDS]
    return [bars(names, cost, words.label("costs"), words.label("millions"), format=",.0f", size=SIZES[1], dark=dark)]


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    return {f"lab_{name}": str(value) for name, value in switches(str(chosen["kind"]), int(chosen["heads"]), D_MODEL).items()}


DEMO = Demo(
    id="Q11",
    module="q11_width",
    chapter=2,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("training", {"lab_preset": "recall"}, translated=_door),
    controls=(Control("heads", HEADS, 8, main=True), Control("kind", KINDS, "double")),
    make=make,
    more=more,
    source=N_("Vaswani et al. 2017, table 3 (A); Raffel et al. 2020"),
)
