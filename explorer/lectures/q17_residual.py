"""Q17: what a residual connection does to the gradient, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, grid, lines
from explorer.lectures import deep, sublayers
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.reading import encode, read
from models import InputError
from models.words import told

DEPTHS = (2, 4, 8, 16, 32, 64, 96)
VIEWS = ("start", "trained", "paths")
DRAWN, COMPARED = ("pre", "bare", "plain"), ("pre", "plain_pre")
"""Kinds of networks whose gradient is drawn before any training, and whose trainings are compared: the residual is all that differs."""
LEARNED = 0.5
"""A loss that counts as learned, in nats."""
TEXT = (
    "The old man lived in a small house near the sea. Every morning he went down to the beach with his dog, and they looked for wood. "
    "One day they found a box. It was very heavy, and the old man could not open it."
)
BRANCHES = {"grow": 0.5, "identity": 0.0, "cancel": -0.5}
"""F(x) = c x, by what happens to 1 + c."""


def compute(models: Models, depth: int = 32, rate: float = 0.01, view: str = "start", cut: int = 2, model: str = "gpt2-mini") -> Result:
    """Gradients of deep toys with and without residual connections, what they learned, and a real model without one of its layers.

    Args:
        models: opens models.
        depth: layers of the untrained toys; of the trained ones the deepest that is not deeper.
        rate: learning rate.
        view: which pictures, one of `VIEWS`.
        cut: layer of the real model that is cut out, from 0; the last one there is, where it has fewer.
        model: a decoder.

    Raises:
        InputError: a model that predicts no next token, or whose layers cannot be told.
    """
    opened = models(model)
    if opened.view_only or opened.kind != "decoder" or opened.network.get_output_embeddings() is None or not sublayers.blocks(opened):
        raise InputError(told("The layers of {model} cannot be cut out.", model=opened.name), told("Choose a decoder, such as gpt2-mini."))
    begun = {kind: deep.begun(kind, depth) for kind in DRAWN}
    ratio = {kind: found.arriving[0] / found.arriving[-1] for kind, found in begun.items()}
    layers = deep.nearest(depth)
    runs = {kind: deep.trained(kind, layers, rate) for kind in COMPARED}
    curves = {kind: deep.curve(kind, layers, rate) for kind in COMPARED}
    last = {kind: deep.last(kind, layers, rate) for kind in COMPARED}
    tokens = read(opened, encode(opened, TEXT, limit=opened.max_length))
    losses = sublayers.losses(opened, tokens)
    states = sublayers.streams(opened, tokens)
    cut = min(cut, len(losses) - 2)
    chain = {name: through(c) for name, c in BRANCHES.items()}
    measures = (
        Measure("product", chain["cancel"][-1], 0.5**100, tolerance=1e-9 * 0.5**100, format=".1e"),
        Measure("alone", through(0.5, residual=False)[-1], 0.5**100, tolerance=1e-9 * 0.5**100, format=".1e"),
        Measure("plain", ratio["plain"], 1, "below", format=".1e"),
        Measure("bare", ratio["bare"], 1, "above", format=",.3g"),
        Measure("pre", ratio["pre"], format=",.3g"),
        Measure("loss_with", last["pre"], format=".2f"),
        Measure("loss_without", last["plain_pre"], format=".2f"),
        Measure("steps_with", _steps(curves["pre"]), format="d"),
        Measure("steps_without", _steps(curves["plain_pre"]), format="d"),
        Measure("branch_begun", float(np.mean(runs["pre"]["branch"][0])), format=".2f"),
        Measure("branch_after", float(np.mean(runs["pre"]["branch"][1])), format=".2f"),
        Measure("cosine", runs["pre"]["cosine"][1][-1], format=".2f"),
        Measure("paths", paths(len(losses) - 1), 4 ** (len(losses) - 1), format=",d"),
        Measure("whole", losses[0], format=".2f"),
        Measure("without", losses[1 + cut], format=".2f"),
    )
    data = {
        "begun": begun,
        "chain": chain,
        "runs": runs,
        "curves": curves,
        "final": {kind: [[deep.last(kind, d, r) for r in deep.RATES] for d in deep.DEPTHS] for kind in COMPARED},
        "at": (deep.DEPTHS.index(layers), deep.RATES.index(rate)),
        "losses": losses,
        "cut": cut,
        "branch": deep.added(states),
        "cosine": [float(torch.nn.functional.cosine_similarity(state, states[0], dim=-1).mean()) for state in states[1:]],
        "view": view,
    }
    said = {
        "depth": str(depth),
        "layers": str(layers),
        "rate": f"{rate:g}",
        "seeds": str(len(deep.SEEDS)),
        "model": opened.name,
        "cut": str(cut),
    }
    return Result(measures, data, said)


def _steps(curve: Sequence[float]) -> int:
    """After how many steps the loss is below `LEARNED`; all of them, where it never is."""
    return next((i + 1 for i, loss in enumerate(curve) if loss < LEARNED), len(curve)) * deep.EVERY


@cache
def through(c: float, residual: bool = True, layers: int = 100) -> list[float]:
    """The gradient of what so many layers x + c x, or c x, give, with respect to x, after 0, 1, .. layers."""
    found = []
    with torch.enable_grad():
        for n in range(layers + 1):
            x = y = torch.ones((), dtype=torch.float64, requires_grad=True)
            for _layer in range(n):
                y = y + c * y if residual else c * y
            found.append(float(torch.autograd.grad(y, x)[0]))
    return found


def paths(layers: int) -> int:
    """Ways from the first to the last of so many layers of two branches each: every branch doubles them."""
    ways = 1
    for _branch in range(2 * layers):
        ways += ways
    return ways


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains the grid of depths and learning rates, with and without residual connections and norms."""
    return deep.grid(("pre", "plain_pre", "plain", "bare"), 0, report)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return {"start": _start, "trained": _trained, "paths": _paths}[result.data["view"]](result, words, dark)


def _start(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    rows = [
        (layer, max(value, 1e-40), words.label(f"kind.{kind}"))
        for kind, found in result.data["begun"].items()
        for layer, value in enumerate(found.arriving)
    ]
    chain = [
        (layer, value, words.label(f"chain.{name}"))
        for name, values in result.data["chain"].items()
        for layer, value in enumerate(values)
        if layer % 5 == 0
    ]
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label("gradient").format(depth=result.said["depth"]),
            words.label("layer"),
            words.label("norm"),
            series=[words.label(f"kind.{kind}") for kind in DRAWN],
            log_y=True,
            points=len(rows) < 60,
            format=".0e",
            size=SIZES[2],
            dark=dark,
        ),
        lines(
            pd.DataFrame(chain, columns=["x", "y", "series"]),
            words.label("chain"),
            words.label("after"),
            words.label("norm"),
            series=[words.label(f"chain.{name}") for name in BRANCHES],
            log_y=True,
            points=False,
            format=".0e",
            size=SIZES[2],
            dark=dark,
        ),
    ]


def _trained(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, series = result.data, [words.label(f"kind.{kind}") for kind in COMPARED]
    curves = [
        ((i + 1) * deep.EVERY, min(y, 3.0), words.label(f"kind.{kind}")) for kind, curve in data["curves"].items() for i, y in enumerate(curve)
    ]
    norms = [
        (layer, max(value, 1e-9), words.label(f"kind.{kind}"))
        for kind, run in data["runs"].items()
        for layer, value in enumerate(run["norms"][-1])
    ]
    row, column = data["at"]
    many = len(deep.DEPTHS)
    how = {"series": series, "size": SIZES[3], "dark": dark, "legend_columns": 1}
    return [
        lines(
            pd.DataFrame(curves, columns=["x", "y", "series"]),
            words.label("curves").format(layers=result.said["layers"], rate=result.said["rate"]),
            words.label("step"),
            words.label("loss"),
            points=False,
            ends=(0, 3),
            **how,
        ),
        lines(
            pd.DataFrame(norms, columns=["x", "y", "series"]),
            words.label("last_step"),
            words.label("layer"),
            words.label("norm"),
            log_y=True,
            format=".0e",
            **how,
        ),
        grid(
            np.array([line for kind in COMPARED for line in data["final"][kind]]),
            [words.label(f"row.{kind}").format(layers=layers) for kind in COMPARED for layers in deep.DEPTHS],
            [f"{rate:g}" for rate in deep.RATES],
            words.label("final"),
            x=words.label("rate"),
            top=2.5,
            marked=[(row, column), (many + row, column)],
            format=".2f",
            written=True,
            size=SIZES[3],
            dark=dark,
        ),
    ]


def _paths(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    names = [words.label("nothing"), *(str(layer) for layer in range(len(data["losses"]) - 1))]
    tables = {name: pd.DataFrame({"x": range(len(data[name])), "y": data[name]}) for name in ("branch", "cosine")}
    return [
        bars(
            names,
            data["losses"],
            words.label("losses").format(model=result.said["model"]),
            words.label("loss"),
            marked=[1 + data["cut"]],
            format=".2f",
            size=SIZES[3],
            dark=dark,
        ),
        lines(
            tables["branch"],
            words.label("branch"),
            words.label("layer"),
            words.label("ratio"),
            log_y=True,
            size=SIZES[3],
            dark=dark,
        ),
        lines(
            tables["cosine"],
            words.label("cosine_line"),
            words.label("layer"),
            words.label("cosine_axis"),
            ends=(min(0.0, *data["cosine"]), 1),
            format=".1f",
            size=SIZES[3],
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return _trained(result, words, dark) if result.data["view"] != "trained" else _start(result, words, dark)


DEMO = Demo(
    id="Q17",
    module="q17_residual",
    chapter=4,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("training", {"lab_preset": "copying", "lab_layers": "8", "lab_residual": "false"}),
    controls=(
        Control("depth", DEPTHS, 32, main=True),
        Control("rate", deep.RATES, 0.01),
        Control("view", VIEWS, "start"),
        Control("cut", (0, 1, 2, 3, 4, 5), 2),
        Control("model", ("gpt2-mini",), "gpt2-mini", model=True),
    ),
    make=make,
    more=more,
    source="He et al. 2015; Veit et al. 2016",
)
