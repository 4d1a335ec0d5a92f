"""Q3: why scores are divided by the square root of d_k."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.special import erf, softmax

from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, bars, columns, lines
from explorer.i18n import N_
from explorer.lectures import scales, shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result, Value, positive
from explorer.lectures.words import Words
from explorer.softmax.heads import SATURATED, entropies
from explorer.softmax.scale import FACTORS, ScaleCurve
from explorer.tasks import choose
from models import InputError, attention, load
from models.toy.tasks import Batch
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training
from models.words import told

DIVISORS = {"none": lambda d: 1.0, "sqrt": lambda d: d**0.5, "d_k": float, "8": lambda d: 8.0}
PAIRS, KEYS, QUERIES = 4000, 64, 200
TRAINED = ("none", "sqrt", "d_k")
D_K = (1, 4, 16, 64, 256, 512, 1024, 4096)
TABLE = (64, 256, 512, 1024)
"""Widths that stand in a table."""
VIEWS = ("drawn", "widths", "real", "hand")
WITHIN = 3
"""Standard deviations; of a normal variable 99.7 % lie inside."""
REAL = "minilm-sst2"
"""The model whose own scale is multiplied, at factors that are shipped."""
_SEED, _BINS, _ENDS = 3, 61, 60
_REAL_D_K = 32
"""Of `REAL`; its scale is one over the square root of it."""


def compute(models: Models, d_k: int = 64, divisor: str = "none", view: str = "drawn", model: str = REAL) -> Result:
    """Draws queries and keys with independent entries of mean 0 and variance 1.

    Args:
        models: opens the model that is looked at.
        d_k: width of a head.
        divisor: what q . k is divided by: one of `DIVISORS`, or a number.
        view: "drawn" for these, "widths" for a table of them, "real" for a real model whose q . k is divided by the same, "hand" for three
            scores by hand.
        model: the real one.

    Raises:
        InputError: a divisor that is no number above 0; a model whose scores cannot be multiplied.
    """
    by = DIVISORS[divisor](d_k) if divisor in DIVISORS else positive(divisor, _no_divisor(divisor))
    random, raw = drawn(d_k)
    keys = random.standard_normal((KEYS, d_k), dtype=np.float32)
    queries = random.standard_normal((QUERIES, d_k), dtype=np.float32)
    weights = softmax((queries @ keys.T).astype(np.float64) / by, axis=-1)
    norms = gradient_norms(queries, keys, by)
    measures = (
        Measure("variance", raw.var(), d_k, tolerance=0.1 * d_k),
        Measure("after", (raw / by).var(), d_k / by**2, tolerance=0.1 * d_k / by**2),
        # Narrow heads have longer tails than a normal variable.
        Measure("within", within(raw, d_k), erf(WITHIN / 2**0.5), tolerance=0.02, format=".1%"),
        Measure("largest", weights.max(axis=1).mean()),
        Measure("entropy", entropies(weights).mean()),
        Measure("jacobian", (1 - (weights**2).sum(axis=1)).mean()),
        Measure("deviation", jacobian_deviation(weights[0]), 0, tolerance=1e-6, format=".1e"),
        Measure("median", float(np.median(norms))),
        Measure("mean", norms.mean()),
    )
    kept = shipped.read("q03_scaling").data
    # The axis stays where it is, so that a wider head is seen to spread; what lies beyond it is counted in the shares all the same.
    counts, edges = np.histogram(raw / by, bins=_BINS, range=(-_ENDS, _ENDS))
    by_divisor = {name: gradient_norms(queries, keys, DIVISORS[name](d_k)) for name in TRAINED}
    data = {"scores": (edges, counts / PAIRS), "weights": weights[0], "norms": by_divisor, "view": view, **kept}
    opened = models(model) if view == "real" else None
    if view == "widths":
        data["widths"] = np.array([table_row(width) for width in TABLE])
    elif view == "hand":
        further, data["hand"] = scales.by_hand()
        measures += further
    elif opened is not None:
        further, data["real"] = scales.real(opened, by, kept["factors"] if opened.name == REAL else None)
        measures += further
    return Result(measures, data, {"d_k": f"{d_k:,}", "keys": str(KEYS), "most": f"{1 - 1 / KEYS:.4g}"})


def _no_divisor(word: str) -> InputError:
    return InputError(told("{word} is nothing that q·k can be divided by.", word=word), told("Type a number above 0, such as 8."))


def drawn(d_k: int) -> tuple[np.random.Generator, np.ndarray]:
    """q . k of `PAIRS` random pairs; and where the random numbers have come to."""
    random = np.random.default_rng(_SEED)
    return random, np.einsum("pd,pd->p", *random.standard_normal((2, PAIRS, d_k), dtype=np.float32)).astype(np.float64)


def within(raw: np.ndarray, d_k: int) -> float:
    """Share of scores within `WITHIN` roots of the width."""
    return float((np.abs(raw) < WITHIN * d_k**0.5).mean())


def table_row(d_k: int) -> tuple[float, ...]:
    """Variance of q . k, its standard deviation, the share within `WITHIN` roots of the width, and the variance after each divisor."""
    _random, raw = drawn(d_k)
    return raw.var(), raw.std(), within(raw, d_k), *((raw / DIVISORS[name](d_k)).var() for name in ("sqrt", "d_k"))


def gradient_norms(queries: np.ndarray, keys: np.ndarray, by: float) -> np.ndarray:
    """(queries,): Frobenius norm of d softmax / d q = J K / divisor, J (keys, keys), K (keys, d_k)."""
    # In double precision: where one key has nearly all weight, what is left is the difference of two large numbers.
    queries, keys = queries.astype(np.float64), keys.astype(np.float64)
    weights = softmax(queries @ keys.T / by, axis=-1)
    # |J K|^2 = sum_i p_i^2 |k_i - sum_j p_j k_j|^2, without a Jacobian for each query.
    mean = weights @ keys
    squares = (keys**2).sum(axis=1)[None] - 2 * mean @ keys.T + (mean**2).sum(axis=1)[:, None]
    return np.sqrt(np.maximum((weights**2 * squares).sum(axis=1), 0)) / by


def jacobian_deviation(p: np.ndarray) -> float:
    """Largest difference between diag(p) - p p^T and what automatic differentiation gives at scores log p."""
    scores = torch.from_numpy(np.log(np.maximum(p, 1e-30)))
    found = torch.autograd.functional.jacobian(lambda s: s.softmax(-1), scores)
    return float((found - torch.from_numpy(np.diag(p) - np.outer(p, p))).abs().max())


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains three toys that differ in the divisor alone, and multiplies the scale of a real model.

    Returns:
        losses: by divisor, rows of step, loss in nats, share of right answers; saturated: by divisor, rows of step and the share of rows of
        attention with a weight above `SATURATED`; factors: rows of factor, score, loss, share of saturated rows of the real model.
    """
    losses, saturated = {}, {}
    for i, divisor in enumerate(TRAINED):
        losses[divisor], saturated[divisor] = _trained(divisor, lambda share, at=i: report((at + share) / (len(TRAINED) + 1)))
    model = load(REAL, "cpu")
    curve = ScaleCurve(choose.make("classify", model, choose.built_in("classify")))
    # Between the factors of the curve are those that the two controls give.
    reached = {float(f"{_REAL_D_K**0.5 / by(d_k):.4g}") for d_k in D_K for by in DIVISORS.values()}
    points = curve.compute(sorted({*FACTORS, *reached}), lambda share: report((len(TRAINED) + share) / (len(TRAINED) + 1)))
    rows = [[point.factor, round(point.score, 4), round(point.loss, 4), round(point.saturated, 4)] for point in points]
    return {"losses": losses, "saturated": saturated, "factors": rows}


def _trained(divisor: str, report: Callable[[float], None]) -> tuple[list, list]:
    preset = PRESETS["recall"]
    settings = Settings(steps=600, learning_rate=5e-3, seed=_SEED)
    task = preset.toy_task()
    # Wide heads and large first weights, so that the scores are spread as far as those of the slider.
    training = Training(task, preset.config(task, scale=divisor, d_k=256, init_std=0.2), settings)
    looked_at = task.batch(64, torch.Generator().manual_seed(_SEED))
    saturated = []
    while not training.finished:
        if training.done % 25 == 0:
            saturated.append([training.done, round(_saturated(training.network, looked_at), 4)])
        training.step()
        report(training.done / settings.steps)
    saturated.append([training.done, round(_saturated(training.network, looked_at), 4)])
    return [[m.step, round(m.loss, 5), round(m.accuracy, 4)] for m in training.history[::4]], saturated


@torch.no_grad()
def _saturated(network: torch.nn.Module, batch: Batch) -> float:
    """The share of rows that see two keys or more and have a weight above `SATURATED`."""
    tops: list[torch.Tensor] = []

    def observe(_site: int | None, _rows: slice, weights: torch.Tensor, _mask: torch.Tensor | None) -> None:
        tops.append(weights.amax(dim=-1)[..., 1:].flatten())

    # Training takes torch's own function, which shows nobody its weights.
    before = network.config._attn_implementation
    network.set_attn_implementation(attention.NAME)
    with attention.attending(observe=observe):
        network(**batch.inputs)
    network.set_attn_implementation(before)
    return float((torch.cat(tops) > SATURATED).float().mean())


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    if result.data["view"] == "hand":
        return scales.hand_pictures(result.data["hand"], words, dark)
    if result.data["view"] == "real":
        return scales.real_pictures(result.data["real"], words, dark)
    if result.data["view"] == "widths":
        return scales.table_pictures(result.data["widths"], TABLE, PAIRS, words, dark)
    edges, shares = result.data["scores"]
    weights = np.sort(result.data["weights"])[::-1]
    size = SIZES[3]
    names = [words.label(f"divisor.{name}") for name in TRAINED]
    return [
        columns(edges, [shares], words.label("scores"), words.label("score"), words.label("share"), size=size, dark=dark),
        bars(
            *([str(i) for i in range(len(weights))], weights, words.label("weights"), words.label("weight")),
            **{"ends": (0, 1), "size": size, "dark": dark},
        ),
        lines(
            *(_over_steps(result.data["losses"], words), words.label("trained"), words.label("step"), words.label("loss")),
            **{"series": names, "log_y": True, "points": False, "size": size, "dark": dark},
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    """Gradients for three divisors, saturation while training, and a real model whose scale is multiplied."""
    size, names = SIZES[3], [words.label(f"divisor.{name}") for name in TRAINED]
    norms = result.data["norms"]
    kinds = [words.label("gradient.median"), words.label("gradient.mean")]
    factors = [row[:2] for row in result.data["factors"] if row[0] >= min(FACTORS)]
    real = pd.DataFrame(factors, columns=["x", "y"])
    return [
        bars(
            *([name for name in names for _ in kinds], [f(norms[n]) for n in TRAINED for f in (np.median, np.mean)]),
            *(words.label("gradients"), words.label("norm")),
            **{"of": kinds * len(names), "series": kinds, "across": True, "size": size, "dark": dark},
        ),
        lines(
            *(_over_steps(result.data["saturated"], words), words.label("saturation"), words.label("step"), words.label("saturated")),
            **{"series": names, "points": False, "format": "%", "size": size, "dark": dark},
        ),
        lines(
            *(real, words.label("real"), words.label("factor"), words.label("accuracy")),
            **{"log_x": True, "ticks": (0.1, 1, 10), "rules": (1,), "format": "%", "size": size, "dark": dark},
        ),
    ]


def _over_steps(rows: Mapping[str, list], words: Words) -> pd.DataFrame:
    made = [(row[0], row[1], words.label(f"divisor.{name}")) for name in TRAINED if name in rows for row in rows[name]]
    return pd.DataFrame(made, columns=["x", "y", "series"])


def _door(chosen: Mapping[str, Value]) -> Mapping[str, str]:
    return {"softmax": "model", "look": "scale", "model": str(chosen["model"])} if chosen["view"] == "real" else {"softmax": "vectors"}


DEMO = Demo(
    id="Q3",
    module="q03_scaling",
    chapter=1,
    compute=compute,
    pictures=pictures,
    more=more,
    right="C",
    first="AB",
    door=Door("softmax", translated=_door),
    controls=(
        Control("d_k", D_K, 64, main=True),
        Control("divisor", tuple(DIVISORS), "none", free=True),
        Control("view", VIEWS, "drawn"),
        Control("model", (REAL, "bert-mini", "gpt2-mini"), REAL, model=True),
    ),
    make=make,
    source=N_("Vaswani et al. 2017, section 3.2.1"),
)
