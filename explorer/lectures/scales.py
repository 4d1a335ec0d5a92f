"""More looks at the divisor of Q3: a table of widths, scores of a real model, and three scores by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from explorer.bounded import BoundedCache, memory_of
from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, columns, grid, lines
from explorer.lectures.demo import Measure
from explorer.lectures.words import Words
from explorer.softmax.scale import ScaleCurve
from explorer.tasks import choose
from models import Model

TEXT = "The film was a wonderful surprise, and never dull."
SCORES, TIMES = (2.0, 1.0, 0.5), (1, 2, 4, 8)
"""Three scores, and what they are multiplied by."""
FAR = 25
"""And once more, until nothing is left: 50, 25 and 12.5."""
PRECISIONS = {"fp16": torch.float16, "fp32": torch.float32, "fp64": torch.float64}
OWN_TASKS = ("classify", "masked", "next")
"""Tasks of a model that there are examples of our own for."""
AROUND, PASSAGES = (0.25, 0.5, 1.0, 2.0, 4.0), 6
"""Factors on the scale, and examples of a text, where a model is measured while a class waits."""
_CURVES: BoundedCache[ScaleCurve | None] = BoundedCache(2**26, memory_of)
"""By the model's number: what is measured once is kept."""
_LAYER, _BINS = 2, 41


def real(model: Model, by: float, factors: Sequence[Sequence[float]] | None) -> tuple[tuple[Measure, ...], Mapping[str, object]]:
    """q . k of one layer of a real model, all heads and pairs of `TEXT`, divided by `by` in the place of its own divisor.

    Args:
        model: of one part; what it adds to the scores, such as a bias of position, stays.
        by: what q . k is divided by.
        factors: rows of factor on the model's own scale and score of its task, as shipped; measured here where there are none.

    Raises:
        InputError: attention without a scale.
    """
    captured = capture(model, TEXT)
    layer = min(_LAYER, len(captured.sites()) - 1)
    record, seen = captured.record(layer), captured.visible(layer)
    keys = record.key[0].double().repeat_interleave(record.group, dim=0)
    raw = torch.einsum("hqd,hkd->hqk", record.query[0].double(), keys).numpy()
    own = float(record.scale.flatten()[0])
    told_ = np.stack([record.scores(head).double().numpy() for head in range(record.heads)])
    added = np.where(seen, told_ - raw * own, -np.inf)
    weights = softmax(raw / by + added, axis=-1)
    factor, pairs = 1 / by / own, raw[:, seen]
    rows = curve(model, factor) if factors is None else [list(row[:2]) for row in factors]
    if factors is not None and not any(math.isclose(at, factor, rel_tol=1e-3) for at, _score in rows):
        rows = sorted([*rows, *_measured(model, [factor])])
    score = [score for at, score in rows if math.isclose(at, factor, rel_tol=1e-3)]
    measures = (
        Measure("real_variance", pairs.var()),
        Measure("real_after", (pairs / by).var()),
        Measure("real_own", _own_deviation(captured, layer, raw * own + added), 0, tolerance=1e-5, format=".1e"),
        *(Measure("real_score", found, format=".1%") for found in score[:1]),
    )
    counts, edges = np.histogram(pairs / by, bins=_BINS)
    # A row that sees itself alone has no choice.
    several = np.flatnonzero(seen.sum(axis=-1) > 1)
    head = int(weights[:, several].max(axis=-1).mean(axis=1).argmax())
    row = int(several[weights[head, several].max(axis=-1).argmax()])
    return measures, {
        "edges": edges,
        "shares": counts / pairs.size,
        "weights": weights[head, row],
        "keys": captured.source.labels,
        "asks": captured.source.labels[row],
        "factor": factor,
        "factors": rows,
        "model": model.name,
    }


def curve(model: Model, factor: float) -> list[list[float]]:
    """Rows of factor on the model's own scale and score, at a few factors and this one; none where it has no task of ours."""
    return _measured(model, sorted({*AROUND, factor}))


def _measured(model: Model, factors: Sequence[float]) -> list[list[float]]:
    kept = _CURVES.get_or_compute(model.number, lambda: _curve_of(model))
    return [] if kept is None else [[point.factor, point.score] for point in kept.compute(factors)]


def _curve_of(model: Model) -> ScaleCurve | None:
    kind = next((kind for kind in OWN_TASKS if model.kind in ("encoder", "decoder") and kind in choose.possible(model)), None)
    if kind is None:
        return None
    task = choose.make(kind, model, choose.built_in(kind))
    # All sentences of the sentiment task, which are short; of a text the beginning.
    return ScaleCurve(task if kind == "classify" else task.subset(range(min(PASSAGES, len(task)))))


def _own_deviation(captured: Capture, layer: int, scores: np.ndarray) -> float:
    """Of the softmax of these scores from the model's own weights."""
    told_ = np.stack([captured.record(layer).pattern(head).double().numpy() for head in range(len(scores))])
    return float(np.abs(softmax(scores, axis=-1) - told_).max())


def real_pictures(found: Mapping[str, object], words: Words, dark: bool) -> Sequence[Picture]:
    """Scores of the layer, weights of its sharpest row, and the model's task, where it has one, over the factor on its scale."""
    factor, rows = found["factor"], found["factors"]
    size = SIZES[3 if rows else 2]
    order = np.argsort(found["weights"])[::-1][:8]
    drawn = [
        columns(found["edges"], [found["shares"]], words.label("real_scores"), words.label("score"), words.label("share"), size=size, dark=dark),
        bars(
            # A text may have a token twice, and bars of one name would stand together: spaces that nobody sees tell them apart.
            *([f"{found['keys'][i]} " + " " * i for i in order], found["weights"][order]),
            *(words.label("real_weights").format(token=found["asks"]), words.label("weight")),
            **{"ends": (0, 1), "across": True, "format": ".2f", "size": size, "dark": dark},
        ),
    ]
    if rows:
        table, ticks = pd.DataFrame(rows, columns=["x", "y"]), (0.001, 0.01, 0.1, 1, 10)
        how = {"log_x": True, "ticks": ticks, "rules": (factor,), "format": "%", "points": False, "size": size, "dark": dark}
        drawn.append(lines(table, words.label("real_curve").format(model=found["model"]), words.label("factor"), words.label("accuracy"), **how))
    return drawn


def table_pictures(table: np.ndarray, widths: Sequence[int], pairs: int, words: Words, dark: bool) -> Sequence[Picture]:
    """Random q and k of several widths, a row each."""
    shades = np.column_stack([table[:, :1] / table[:, 0].max(), table[:, 1:2] / table[:, 1].max(), np.zeros((len(table), 3))])
    names = [words.label(f"column.{name}") for name in ("variance", "deviation", "within", "sqrt", "d_k")]
    rows = [f"d_k = {width:,}" for width in widths]
    formats = (",.4g", ".4g", ".1%", ".3g", ".2g")
    said = np.array([[f"{value:{format}}" for value, format in zip(row, formats, strict=True)] for row in table])
    how = {"numbers": table, "said": said, "top": 1.3, "size": SIZES[1], "dark": dark}
    return [grid(shades, rows, names, words.label("widths").format(pairs=f"{pairs:,}"), **how)]


def by_hand() -> tuple[tuple[Measure, ...], Mapping[str, np.ndarray]]:
    """Softmax of `SCORES` times each of `TIMES`, the largest entry of its Jacobian's diagonal, and where exp overflows.

    Returns:
        Measures, and tables: weights (times, scores); gains (times, 2): max p (1 - p), with respect to the scaled and the unscaled scores;
        limits (precisions, 3): the largest score whose exp is finite, the weight of a larger one, and the same after the maximum is subtracted.
    """
    weights = softmax(np.outer(TIMES, SCORES), axis=-1)
    largest = (weights * (1 - weights)).max(axis=1)
    gains = np.stack([largest, largest * np.asarray(TIMES)], axis=1)
    limits = np.array([_limits(dtype) for dtype in PRECISIONS.values()])
    measures = [Measure(f"gain_{times}", gain, format=".3g") for times, gain in zip(TIMES, largest, strict=True)]
    p = softmax(FAR * np.array(SCORES))
    measures.append(Measure(f"gain_{FAR}", (p * (1 - p)).max(), format=".1e"))
    return (*measures, Measure("overflow", limits[0, 0], format=".2f")), {"weights": weights, "gains": gains, "limits": limits}


def _limits(dtype: torch.dtype) -> tuple[float, float, float]:
    limit = math.log(torch.finfo(dtype).max)
    scores = torch.tensor([limit + 1, 0], dtype=dtype)
    naive, safe = scores.exp(), (scores - scores.max()).exp()
    return limit, float((naive / naive.sum())[0]), float((safe / safe.sum())[0])


def hand_pictures(tables: Mapping[str, np.ndarray], words: Words, dark: bool) -> Sequence[Picture]:
    size, rows = SIZES[3], [f"× {times}" for times in TIMES]
    limits = tables["limits"]
    seen = np.nan_to_num(limits[:, 1:]) * 0.6
    return [
        grid(tables["weights"], rows, [f"{score:g}" for score in SCORES], words.label("hand_weights"), top=1, format=".3f", size=size, dark=dark),
        grid(
            *(tables["gains"], rows, [words.label("scaled"), words.label("unscaled")], words.label("hand_gains")),
            **{"format": ".2g", "size": size, "dark": dark},
        ),
        grid(
            *(np.column_stack([np.zeros(len(seen)), seen]), list(PRECISIONS), [words.label(f"limit.{i}") for i in range(3)]),
            words.label("hand_limits"),
            **{"numbers": limits, "top": 1, "format": ".4g", "size": size, "dark": dark},
        ),
    ]
