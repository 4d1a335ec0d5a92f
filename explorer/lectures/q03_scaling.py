"""Q3: why scores are divided by the square root of d_k."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, columns, lines
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.draws import entropy, histogram, softmax
from explorer.lectures.words import Words
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training

DIVISORS = {"none": lambda d: 1.0, "sqrt": lambda d: d**0.5, "d_k": float, "8": lambda d: 8.0}
PAIRS, KEYS, QUERIES = 4000, 64, 200
TRAINED = ("none", "sqrt", "d_k")
_SEED = 3


def compute(models: Models, d_k: int = 64, divisor: str = "none") -> Result:
    """Draws queries and keys with independent entries of mean 0 and variance 1.

    Args:
        models: is not needed.
        d_k: width of a head.
        divisor: what q . k is divided by.
    """
    random, by = np.random.default_rng(_SEED), DIVISORS[divisor](d_k)
    raw = np.einsum("pd,pd->p", *random.standard_normal((2, PAIRS, d_k), dtype=np.float32)).astype(np.float64)
    keys = random.standard_normal((KEYS, d_k), dtype=np.float32)
    queries = random.standard_normal((QUERIES, d_k), dtype=np.float32)
    weights = softmax((queries @ keys.T).astype(np.float64) / by)
    # d softmax / d q = J K / divisor: (keys, keys) @ (keys, d_k), for each query.
    norms = np.array([np.linalg.norm((np.diag(p) - np.outer(p, p)) @ keys / by) for p in weights])
    measures = (
        Measure("variance", raw.var(), d_k, tolerance=0.1 * d_k),
        Measure("after", (raw / by).var(), d_k / by**2, tolerance=0.1 * d_k / by**2),
        Measure("largest", weights.max(axis=1).mean()),
        Measure("entropy", entropy(weights).mean()),
        Measure("jacobian", (1 - (weights**2).sum(axis=1)).mean()),
        Measure("deviation", jacobian_deviation(weights[0]), 0, tolerance=1e-6, format=".1e"),
        Measure("median", float(np.median(norms))),
        Measure("mean", norms.mean()),
    )
    kept = shipped.read("q03_scaling").data
    spread = 3.5 * max(1.0, d_k**0.5)
    data = {"scores": histogram(raw / by, -spread, spread), "weights": weights[0], "trained": kept["losses"]}
    return Result(measures, data, {"d_k": f"{d_k:,}", "keys": str(KEYS)})


def jacobian_deviation(p: np.ndarray) -> float:
    """Largest difference between diag(p) - p p^T and what automatic differentiation gives at scores log p."""
    scores = torch.from_numpy(np.log(np.maximum(p, 1e-30)))
    found = torch.autograd.functional.jacobian(lambda s: s.softmax(-1), scores)
    return float((found - torch.from_numpy(np.diag(p) - np.outer(p, p))).abs().max())


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains three toys that differ in the divisor alone; losses by step."""
    losses: dict[str, list] = {}
    preset = PRESETS["recall"]
    settings = Settings(steps=600, learning_rate=5e-3, seed=_SEED)
    for i, divisor in enumerate(TRAINED):
        task = preset.toy_task()
        training = Training(task, preset.config(task, scale=divisor, d_k=256, init_std=0.2), settings)
        while not training.finished:
            training.step()
            report((i + training.done / settings.steps) / len(TRAINED))
        losses[divisor] = [[m.step, round(m.loss, 5), round(m.accuracy, 4)] for m in training.history[::4]]
    return {"losses": losses}


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    edges, shares = result.data["scores"]
    weights = np.sort(result.data["weights"])[::-1]
    trained = pd.DataFrame(
        [(step, loss, words.label(f"divisor.{name}")) for name, rows in result.data["trained"].items() for step, loss, _right in rows],
        columns=["x", "y", "series"],
    )
    size = SIZES[3]
    return [
        columns(edges, [shares], words.label("scores"), words.label("score"), words.label("share"), size=size, dark=dark),
        bars(
            [str(i) for i in range(len(weights))],
            weights,
            words.label("weights"),
            words.label("weight"),
            ends=(0, 1),
            size=size,
            dark=dark,
        ),
        lines(
            trained,
            words.label("trained"),
            words.label("step"),
            words.label("loss"),
            series=[words.label(f"divisor.{n}") for n in TRAINED],
            log_y=True,
            points=False,
            size=size,
            dark=dark,
        ),
    ]


DEMO = Demo(
    id="Q3",
    module="q03_scaling",
    chapter=1,
    compute=compute,
    pictures=pictures,
    right="C",
    door=Door("softmax", {"softmax": "vectors"}),
    controls=(
        Control("d_k", (1, 4, 16, 64, 256, 1024, 4096), 64, main=True),
        Control("divisor", tuple(DIVISORS), "none"),
    ),
    make=make,
    source="Vaswani et al. 2017, section 3.2.1",
)
