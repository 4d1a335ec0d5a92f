"""Two more looks at the divisor of Q3: scores of a real model, and three scores by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from explorer.capture import Capture, capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, columns, grid, lines
from explorer.lectures.demo import Measure, Models
from explorer.lectures.words import Words

TEXT = "The film was a wonderful surprise, and never dull."
SCORES, TIMES = (2.0, 1.0, 0.5), (1, 2, 4, 8)
"""Three scores, and what they are multiplied by."""
PRECISIONS = {"fp16": torch.float16, "fp32": torch.float32, "fp64": torch.float64}
_LAYER, _BINS = 2, 41


def real(models: Models, name: str, by: float, factors: Sequence[Sequence[float]]) -> tuple[tuple[Measure, ...], Mapping[str, object]]:
    """q . k of one layer of a real model, all heads and pairs of `TEXT`, divided by `by` in the place of its own divisor.

    Args:
        name: of the model.
        by: what q . k is divided by.
        factors: rows of factor on the model's own scale and score of its task; one of them is what `by` makes of that scale.
    """
    captured = capture(models(name), TEXT)
    record = captured.record(_LAYER)
    raw = torch.einsum("hqd,hkd->hqk", record.query[0].double(), record.key[0].double()).numpy()
    own = float(record.scale.flatten()[0])
    weights = softmax(raw / by, axis=-1)
    factor = 1 / by / own
    score = next(score for at, score, *_rest in factors if math.isclose(at, factor, rel_tol=1e-3))
    measures = (
        Measure("real_variance", raw.var()),
        Measure("real_after", (raw / by).var()),
        Measure("real_own", _own_deviation(captured, raw, own), 0, tolerance=1e-5, format=".1e"),
        Measure("real_score", score, format=".1%"),
    )
    counts, edges = np.histogram(raw / by, bins=_BINS)
    head = int(weights.max(axis=-1).mean(axis=1).argmax())
    row = int(weights[head].max(axis=-1).argmax())
    return measures, {
        "edges": edges,
        "shares": counts / raw.size,
        "weights": weights[head, row],
        "keys": captured.source.labels,
        "asks": captured.source.labels[row],
        "factor": factor,
    }


def _own_deviation(captured: Capture, raw: np.ndarray, own: float) -> float:
    """From the model's own weights, at its own scale."""
    told = np.stack([captured.record(_LAYER).pattern(head).double().numpy() for head in range(len(raw))])
    return float(np.abs(softmax(raw * own, axis=-1) - told).max())


def real_pictures(found: Mapping[str, object], factors: Sequence[Sequence[float]], words: Words, dark: bool) -> Sequence[Picture]:
    """Scores of the layer, weights of its sharpest row, and the model's task over the factor on its scale."""
    size, factor = SIZES[3], found["factor"]
    order = np.argsort(found["weights"])[::-1][:8]
    return [
        columns(found["edges"], [found["shares"]], words.label("real_scores"), words.label("score"), words.label("share"), size=size, dark=dark),
        bars(
            # A text may have a token twice, and bars of one name would stand together: spaces that nobody sees tell them apart.
            *([f"{found['keys'][i]} " + " " * i for i in order], found["weights"][order]),
            *(words.label("real_weights").format(token=found["asks"]), words.label("weight")),
            **{"ends": (0, 1), "across": True, "format": ".2f", "size": size, "dark": dark},
        ),
        lines(
            *(
                pd.DataFrame([row[:2] for row in factors], columns=["x", "y"]),
                words.label("real"),
                words.label("factor"),
                words.label("accuracy"),
            ),
            **{"log_x": True, "ticks": (0.001, 0.01, 0.1, 1, 10), "rules": (factor,), "format": "%", "points": False, "size": size, "dark": dark},
        ),
    ]


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
