"""Q19: attention moves information between positions, the feed-forward network works within one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines, whole
from explorer.i18n import N_
from explorer.lectures import deep, shipped, sublayers
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.lectures.work import GPT2_SMALL, multiply_adds, parameters
from explorer.reading import read
from models import InputError
from models.seeded import seeded
from models.toy.config import ToyConfig
from models.toy.layers import FeedForward
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training
from models.words import told

TEXT = "The cat sat on the mat"
TOKENS = 8
VIEWS = ("moves", "units", "width", "collapse")
WIDTHS = (0, 1, 2, 4, 8)
"""Of the feed-forward network of the toys, in units of the stream's width; 0 is none."""
STACKS = {
    "alone": {"residual": False, "ffn": 0.0},
    "skip": {"residual": True, "ffn": 0.0},
    "ffn": {"residual": False, "ffn": 4.0},
    "both": {"residual": True, "ffn": 4.0},
}
"""Attention alone, with skip connections, with a feed-forward network, and with both."""
DEPTH = 12
_SEED, _SEEDS, _STEPS, _UNITS = 19, (1, 2), 400, 7


def compute(models: Models, token: int = 2, view: str = "moves", layer: int = 2, text: str = TEXT, model: str = "gpt2-mini") -> Result:
    """Disturbs one token before a layer and sees which outputs move; looks at the units of its feed-forward network.

    Args:
        models: opens models.
        token: that is disturbed, its number in the text; the last one where a text is shorter.
        view: which pictures, one of `VIEWS`.
        layer: from 0; the last one there is, where a model has fewer.
        text: what is read, cut at 8 tokens.
        model: that reads it, a lone stack.

    Raises:
        InputError: an empty text, a model of two stacks, one that is view-only, or one whose layers cannot be told.
    """
    opened = models(model)
    if opened.view_only or opened.kind == "encoder-decoder":
        raise InputError(told("The layers of {model} cannot be run one by one.", model=opened.name), told("Choose an encoder or a decoder."))
    tokens = read(opened, text).shortened(TOKENS)
    count = len(sublayers.blocks(opened))
    if not count:
        raise InputError(told("The layers of {model} cannot be run one by one.", model=opened.name), told("Choose an encoder or a decoder."))
    at, layer = min(token, len(tokens) - 1), min(layer, count - 1)
    moved = sublayers.moves(opened, tokens, layer, at)
    if not moved["ffn"][at]:
        # Its attention adds the stream itself (ALBERT): what goes round it cannot be told from what goes through it.
        raise InputError(told("The layers of {model} cannot be run one by one.", model=opened.name), told("Choose an encoder or a decoder."))
    others = np.arange(len(tokens)) != at
    heard = int((moved["attention"][others] > 0).sum())
    fired = sublayers.units(opened, tokens)
    shares = [float((found > 0).mean()) for found in fired]
    of_toys = trained_toys()
    counted = parameters(GPT2_SMALL.d, GPT2_SMALL.heads)
    cost = multiply_adds(1024, GPT2_SMALL)
    attention = sum(cost[term] for term in ("projections", "output", "scores", "weighted"))
    sinking = {name: collapse(name) for name in STACKS}
    # Which positions a mask of the model's own lets hear of a token, is the model's business where it looks both ways.
    reach = {"expected": len(tokens) - 1 - at} if opened.kind == "decoder" else {"expected": len(tokens) - 1, "relation": "at most"}
    measures = (
        Measure("ffn_off", float(moved["ffn"][others].max(initial=0)), 0, format=".1g"),
        Measure("ffn_own", float(moved["ffn"][at]), 0, "above", format=".2f"),
        Measure("heard", heard, **reach, format="d"),
        Measure("convolution", convolution(), 0, tolerance=1e-5, format=".1e"),
        Measure("attention", counted["attention"], 4 * GPT2_SMALL.d**2 + 4 * GPT2_SMALL.d, format=",d"),
        Measure("ffn", counted["ffn"], 8 * GPT2_SMALL.d**2 + 5 * GPT2_SMALL.d, format=",d"),
        Measure("share", counted["ffn"] / sum(counted.values()), 2 / 3, tolerance=0.001, format=".1%"),
        Measure("times", cost["ffn"] / attention, 1.2, tolerance=0.01, format=".2f"),
        *([Measure("fire", shares[layer], format=".0%")] if shares else []),
        Measure("begun", float(np.mean(of_toys["begun"][1:])), 0.5, tolerance=0.1, format=".0%"),
        Measure("after", float(np.mean(of_toys["after"][1:])), float(np.mean(of_toys["begun"][1:])), "below", format=".0%"),
        Measure("alone", sinking["alone"][-1], 0.01, "below", format=".1e"),
        Measure("skip", sinking["skip"][-1], 0.01, "above", format=".2f"),
    )
    data = {
        "tokens": tokens.labels,
        "at": at,
        "moved": moved,
        "view": view,
        "counted": counted,
        "cost": cost,
        "fired": fired[layer] if fired else None,
        "shares": shares,
        "toys": of_toys,
        "sinking": sinking,
    }
    return Result(
        measures, data, {"model": opened.name, "layer": str(layer), "token": tokens.labels[at], "others": str(int(others.sum()))}, picks="token"
    )


def trained_toys() -> dict[str, list[float]]:
    """The loss of the trained toys, and the share of their units that fire before and after; means over the seeds, by width."""
    kept = shipped.read("q19_ffn").data
    return {name: [float(np.mean([run[name] for run in kept[str(width)]])) for width in WIDTHS] for name in ("loss", "begun", "after")}


def convolution() -> float:
    """A feed-forward network against two convolutions of kernel 1 with its weights, as a share of the largest output."""
    with seeded(_SEED):
        network = FeedForward(ToyConfig(d_model=64))
        x = torch.randn(1, 12, 64)
    with torch.inference_mode():
        conv = nn.functional.conv1d(x.mT, network.widen.weight[..., None], network.widen.bias)
        conv = nn.functional.conv1d(network.activation(conv), network.narrow.weight[..., None], network.narrow.bias)
        wanted = network(x)
        return float((conv.mT - wanted).abs().max() / wanted.abs().max())


@lru_cache(maxsize=8)
def collapse(stack: str) -> tuple[float, ...]:
    """How much the tokens of an untrained network differ, before the first layer and after each: ||X - 1 mean|| / ||X|| (Dong et al. 2021)."""
    states = deep.untrained(layers=DEPTH, norm="none", causal=False, **STACKS[stack])
    return tuple(float((x - x.mean(dim=1, keepdim=True)).norm() / x.norm()) for x in states)


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains toys with feed-forward networks of several widths; their loss, and how many units fire before and after."""
    preset = PRESETS["brackets"]
    task = preset.toy_task()
    seen = task.batch(128, torch.Generator().manual_seed(_SEED))
    made: dict[str, list] = {str(width): [] for width in WIDTHS}
    runs = [(width, seed) for width in WIDTHS for seed in _SEEDS]
    for i, (width, seed) in enumerate(runs):
        config = preset.config(task, d_model=16, layers=1, ffn=float(width), activation="relu")
        training = Training(task, config, Settings(steps=_STEPS, batch=32, learning_rate=5e-3, seed=seed, snapshot_every=_STEPS))
        begun = firing(training.network, seen.inputs)
        while not training.finished:
            training.step()
            report((i + training.done / _STEPS) / len(runs))
        loss = training.evaluate().loss
        made[str(width)].append({"loss": round(loss, 5), "begun": round(begun, 4), "after": round(firing(training.network, seen.inputs), 4)})
    return made


def firing(network: nn.Module, inputs: Mapping[str, Tensor]) -> float:
    """Share of the units of all feed-forward networks that are above 0, over all tokens; 0 where there are none."""
    found: list[Tensor] = []
    with ExitStack() as hooks, torch.inference_mode():
        for module in network.modules():
            if isinstance(module, FeedForward):
                hooks.callback(module.activation.register_forward_hook(lambda _m, _a, output: found.append((output > 0).float().mean())).remove)
        network(**inputs)
    return float(torch.stack(found).mean()) if found else 0.0


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return {"moves": _moves, "units": _units, "width": _width, "collapse": _collapse}[result.data["view"]](result, words, dark)


def _moves(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    names = [f"{i} {token}" for i, token in enumerate(data["tokens"])]
    how = {"marked": [data["at"]], "format": ".2f", "across": True, "size": SIZES[3], "dark": dark}
    return [
        bars(names, found, words.label(f"moved.{which}"), words.label("change"), ends=(0, 1.25 * max(1e-9, float(found.max()))), **how)
        for which, found in data["moved"].items()
    ]


def _units(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    shares = [
        bars(
            [str(i) for i in range(len(data["shares"]))],
            [100 * share for share in data["shares"]],
            words.label("firing"),
            words.label("percent"),
            marked=[int(result.said["layer"])],
            ends=(0, 60),
            format=".0f",
            size=SIZES[2],
            dark=dark,
        )
    ]
    if data["fired"] is None:
        return _moves(result, words, dark)
    values = data["fired"]
    # The unit that a token moves most against all others, for each token; the strongest first where two tokens have the same.
    best = list(dict.fromkeys(int(i) for i in (values - values.mean(axis=0)).argmax(axis=1)))[:_UNITS]
    return [
        grid(
            np.maximum(values[:, best], 0),
            data["tokens"],
            [str(unit) for unit in best],
            words.label("units").format(layer=result.said["layer"]),
            x=words.label("unit"),
            format=".1f",
            marked=[(data["at"], c) for c, unit in enumerate(best) if values[data["at"], unit] == values[:, unit].max()],
            written=True,
            picks=True,
            size=SIZES[2],
            dark=dark,
        ),
        *shares,
    ]


def _width(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    toys, series = result.data["toys"], [words.label("begun.line"), words.label("after.line")]
    names = [words.label("times_wide").format(width=width) for width in WIDTHS]
    return [
        bars(names, toys["loss"], words.label("loss"), words.label("nats"), format=".3f", size=SIZES[2], dark=dark),
        bars(
            names[1:] * 2,
            [100 * share for which in ("begun", "after") for share in toys[which][1:]],
            words.label("relu"),
            words.label("percent"),
            of=[name for name in series for _width in WIDTHS[1:]],
            series=series,
            ends=(0, 70),
            format=".0f",
            size=SIZES[2],
            dark=dark,
        ),
    ]


def _collapse(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    rows = [
        (layer, max(value, 1e-16), words.label(f"stack.{name}"))
        for name, values in result.data["sinking"].items()
        for layer, value in enumerate(values)
    ]
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("collapse"),
            words.label("depth"),
            words.label("differ"),
            series=[words.label(f"stack.{name}") for name in STACKS],
            log_y=True,
            format=".0e",
            size=SIZES[1],
            dark=dark,
        )
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    counted, cost = result.data["counted"], result.data["cost"]
    names = [words.label(f"part.{name}") for name in ("projections", "scores", "ffn")]
    return [
        whole(
            [words.label("part.attention"), names[2]],
            [counted["attention"], counted["ffn"]],
            [words.label("part.attention"), words.label("part.ffn")],
            words.label("parameters"),
            words.label("parameters_axis"),
            size=SIZES[2],
            dark=dark,
        ),
        bars(
            names,
            [(cost["projections"] + cost["output"]) / 1e9, (cost["scores"] + cost["weighted"]) / 1e9, cost["ffn"] / 1e9],
            words.label("cost"),
            words.label("billion"),
            format=".2f",
            size=SIZES[2],
            dark=dark,
        ),
    ]


DEMO = Demo(
    id="Q19",
    module="q19_ffn",
    chapter=4,
    compute=compute,
    pictures=pictures,
    right="B",
    door=Door("training", {"lab_preset": "brackets", "lab_ffn": "4.0"}),
    controls=(
        Control("token", tuple(range(TOKENS)), 2, main=True),
        Control("view", VIEWS, "moves"),
        Control("layer", (0, 1, 2, 3, 4, 5), 2),
        Control("text"),
        Control("model", ("gpt2-mini", "bert-mini", "all-MiniLM-L6-v2"), "gpt2-mini", model=True),
    ),
    make=make,
    more=more,
    source=N_("Vaswani et al. 2017, section 3.3; Geva et al. 2021; Dong et al. 2021"),
)
