"""Q18: what the place of the layer norm does to the stream, to gradients, and to what a deep network learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines
from explorer.lectures import deep, sublayers
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.q17_residual import LEARNED, TEXT
from explorer.lectures.words import Words
from explorer.reading import Tokens, encode, read
from models import InputError, Model
from models.words import told

KINDS = ("pre", "post")
DEPTHS = (2, 4, 8, 12, 16, 32, 64, 96)
WARM_UPS = {0: "", deep.WARM_UP: "_warm"}
"""Steps in which the rate rises, and what stands behind the names of such trainings."""
VIEWS = ("start", "trained", "model")
SHARP = 0.99
"""A row with such a weight looks at one token alone."""
WIDTH = 64
"""Of the untrained networks."""


def compute(models: Models, depth: int = 12, rate: float = 0.01, warm_up: int = 0, view: str = "start", model: str = "gpt2-mini") -> Result:
    """Sizes and gradients of untrained deep toys, what trained ones learned, and the norms, stream and scores of a real model.

    Args:
        depth: layers of the untrained toys; of the trained ones the deepest that is not deeper.
        rate: learning rate.
        warm_up: steps in which the rate rises.
        view: which pictures, one of `VIEWS`.
        model: an encoder or a decoder.

    Raises:
        InputError: a model whose layers cannot be told.
    """
    opened = models(model)
    if opened.view_only or opened.kind not in ("encoder", "decoder") or not sublayers.blocks(opened):
        raise InputError(told("The layers of {model} cannot be run one by one.", model=opened.name), told("Choose an encoder or a decoder."))
    begun = {kind: deep.begun(kind, depth, width=WIDTH) for kind in KINDS}
    layers, behind = deep.nearest(depth), WARM_UPS[warm_up]
    final = {steps: losses(name) for steps, name in WARM_UPS.items()}
    row, column = deep.DEPTHS.index(layers), deep.RATES.index(rate)
    learned = (final[warm_up] < LEARNED).sum(axis=(1, 2))
    tokens = read(opened, encode(opened, TEXT, limit=opened.max_length))
    sizes = [float(state.pow(2).mean().sqrt()) for state in sublayers.streams(opened, tokens)]
    place, norm = sublayers.norms(opened, tokens)
    low, high, sharp = scores(opened, tokens)
    pre, post = (begun[kind] for kind in KINDS)
    measures = (
        Measure("first", pre.sizes[1], 1, "above", format=".1f"),
        Measure("last_pre", pre.sizes[-1], pre.sizes[1], "above", format=".1f"),
        Measure("within", float(np.mean([low <= size <= high for size, (low, high) in _bounded(pre.sizes)])), 1, format=".0%"),
        Measure("last_post", post.sizes[-1], 1, tolerance=1e-3, format=".1f"),
        Measure("gradient", post.weights[-1] / pre.weights[-1], 1, "above", format=".1f"),
        Measure("loss_pre", final[warm_up][0, row, column], format=".2f"),
        Measure("loss_post", final[warm_up][1, row, column], format=".2f"),
        Measure("learned_pre", int(learned[0]), int(learned[1]), "above", format="d"),
        Measure("learned_post", int(learned[1]), int(learned[0]), "below", format="d"),
        Measure("deep_pre", min(float(table[0, -1].min()) for table in final.values()), LEARNED, "below", format=".2f"),
        Measure("deep_post", min(float(table[1, -1].min()) for table in final.values()), LEARNED, "above", format=".2f"),
        Measure("model_first", sizes[0], format=".2f"),
        Measure("model_last", sizes[-1], format=".2f"),
        Measure("low", min(low), format=".1f"),
        Measure("high", max(high), format=".1f"),
        Measure("sharp", float(np.mean(sharp)), format=".1%"),
    )
    data = {
        "begun": begun,
        "curves": {kind: deep.curve(kind + behind, layers, rate) for kind in KINDS},
        "final": final,
        "at": (warm_up, row, column),
        "sizes": sizes,
        "scores": {"high": high, "low": low},
        "sharp": sharp,
        "place": place,
        "view": view,
    }
    said = {
        "depth": str(depth),
        "layers": str(layers),
        "rate": f"{rate:g}",
        "warm_up": str(warm_up),
        "cells": str(final[warm_up][0].size),
        "learned": f"{LEARNED:g}",
        "seeds": str(len(deep.SEEDS)),
        "model": opened.name,
        "norm": norm,
    }
    return Result(measures, data, said)


def bounds(layer: int) -> tuple[float, float]:
    """Between which sizes the Pre-LN stream lies after so many layers, untrained: Lemma 2 of Xiong et al. 2020, whose E |x|^2 is d times
    the mean square, at least 1 + l / 2 and at most 1 + 3 l / 2."""
    return (1 + layer / 2) ** 0.5, (1 + 3 * layer / 2) ** 0.5


def _bounded(sizes: Sequence[float]) -> list[tuple[float, tuple[float, float]]]:
    """The size after each layer, and its bounds."""
    return [(size, bounds(layer)) for layer, size in enumerate(sizes) if layer]


def losses(behind: str) -> np.ndarray:
    """Last losses of the trainings with such a word behind their names, (kinds, depths, rates)."""
    return np.array([[[deep.last(kind + behind, depth, rate) for rate in deep.RATES] for depth in deep.DEPTHS] for kind in KINDS])


def scores(model: Model, tokens: Tokens) -> tuple[list[float], list[float], list[float]]:
    """Of each layer the lowest and the highest score that is seen, and the share of rows with a weight above `SHARP`.

    A row that sees one key alone has no choice, and does not count.
    """
    captured = capture(model, tokens)
    low, high, sharp = [], [], []
    for site in captured.sites():
        record, seen = captured.record(site.layer), captured.visible(site.layer)
        told_ = np.stack([record.scores(head).numpy() for head in range(record.heads)])
        seen = np.broadcast_to(seen, told_.shape)
        low.append(float(told_[seen].min()))
        high.append(float(told_[seen].max()))
        free = seen.sum(axis=-1) > 1
        sharp.append(float((captured.patterns(site.layer).max(axis=-1)[free] > SHARP).mean()))
    return low, high, sharp


def right(result: Result) -> str:
    """Which option the stream at the last layer speaks for."""
    grown, size = result["last_pre"] / result["first"], result["last_pre"]
    if abs(size - 1) < 0.02:
        return "D"
    return "B" if grown > 1.1 else "C" if grown < 0.9 else "A"


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains the grid of depths and learning rates: Post-LN, and both with warm-up; Q17 has Pre-LN without."""
    found = deep.grid(("post",), 0, lambda share: report(share / 3))
    warm = deep.grid(KINDS, deep.WARM_UP, lambda share: report((1 + 2 * share) / 3))
    return found | {kind + WARM_UPS[deep.WARM_UP]: cells for kind, cells in warm.items()}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return {"start": _start, "trained": _trained, "model": _model}[result.data["view"]](result, words, dark)


def _start(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    begun, depth = result.data["begun"], result.said["depth"]
    tables = {
        "size": [(layer, y, words.label(f"kind.{kind}")) for kind, one in begun.items() for layer, y in enumerate(one.sizes)],
        "gradient": [(layer + 1, y, words.label(f"kind.{kind}")) for kind, one in begun.items() for layer, y in enumerate(one.weights)],
    }
    kinds, edges = [words.label(f"kind.{kind}") for kind in KINDS], [words.label(f"bound.{name}") for name in ("most", "least")]
    for layer in range(1, int(depth) + 1):
        least, most = bounds(layer)
        tables["size"] += [(layer, most, edges[0]), (layer, least, edges[1])]
    return [
        lines(
            pd.DataFrame(rows, columns=["x", "y", "series"]),
            words.label(f"{name}_title").format(depth=depth),
            words.label("layer"),
            words.label(f"{name}_axis"),
            series=[*kinds, *edges] if name == "size" else kinds,
            log_y=name == "gradient",
            legend_columns=2,
            points=int(depth) < 30,
            ends=(0, max(y for _x, y, _s in rows) * 1.05) if name == "size" else None,
            size=SIZES[2],
            dark=dark,
        )
        for name, rows in tables.items()
    ]


def _trained(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, said = result.data, result.said
    curves = [
        ((i + 1) * deep.EVERY, min(y, 3.0), words.label(f"kind.{kind}")) for kind, curve in data["curves"].items() for i, y in enumerate(curve)
    ]
    warm_up, row, column = data["at"]
    drawn = [
        lines(
            pd.DataFrame(curves, columns=["x", "y", "series"]),
            words.label("curves").format(layers=said["layers"], rate=said["rate"]),
            words.label("step"),
            words.label("loss"),
            series=[words.label(f"kind.{kind}") for kind in KINDS],
            points=False,
            ends=(0, 3),
            size=SIZES[3],
            dark=dark,
        )
    ]
    many = len(deep.DEPTHS)
    for steps, table in data["final"].items():
        drawn.append(
            grid(
                table.reshape(2 * many, -1),
                [words.label(f"row.{kind}").format(layers=layers) for kind in KINDS for layers in deep.DEPTHS],
                [f"{rate:g}" for rate in deep.RATES],
                words.label("final_warm" if steps else "final"),
                x=words.label("rate"),
                top=2.5,
                marked=[(row, column), (many + row, column)] if steps == warm_up else [],
                format=".2f",
                written=True,
                size=SIZES[3],
                dark=dark,
            )
        )
    return drawn


def _model(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data, said = result.data, result.said
    ranges = [(layer, y, words.label(f"series.{name}")) for name, values in data["scores"].items() for layer, y in enumerate(values)]
    how = {"size": SIZES[3], "dark": dark}
    return [
        lines(
            pd.DataFrame({"x": range(len(data["sizes"])), "y": data["sizes"]}),
            words.label(f"place.{data['place']}").format(model=said["model"], norm=said["norm"]),
            words.label("layer"),
            words.label("size_axis"),
            ends=(0, max(data["sizes"]) * 1.05),
            **how,
        ),
        lines(
            pd.DataFrame(ranges, columns=["x", "y", "series"]),
            words.label("scores"),
            words.label("layer"),
            words.label("score"),
            series=[words.label("series.high"), words.label("series.low")],
            legend_columns=1,
            **how,
        ),
        lines(
            pd.DataFrame({"x": range(len(data["sharp"])), "y": data["sharp"]}),
            words.label("sharp_title"),
            words.label("layer"),
            words.label("share"),
            ends=(0, max(0.01, *data["sharp"]) * 1.05),
            format=".0%",
            **how,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    return _trained(result, words, dark) if result.data["view"] != "trained" else _start(result, words, dark)


DEMO = Demo(
    id="Q18",
    module="q18_norm",
    chapter=4,
    compute=compute,
    pictures=pictures,
    right=right,
    door=Door(
        "training",
        {"lab_preset": "copying", "lab_norm": "post"},
        carried={"rate": "lab_learning_rate", "warm_up": "lab_warm_up"},
        translated=lambda chosen: {"lab_layers": str(deep.nearest(int(chosen["depth"])))},
    ),
    controls=(
        Control("depth", DEPTHS, 12, main=True),
        Control("rate", deep.RATES, 0.01),
        Control("warm_up", tuple(WARM_UPS), 0),
        Control("view", VIEWS, "start"),
        Control("model", ("gpt2-mini", "bert-mini"), "gpt2-mini", model=True),
    ),
    make=make,
    more=more,
    source="Xiong et al. 2020; Takase et al. 2022",
)
