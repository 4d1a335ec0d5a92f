"""Q6: a dictionary that can be trained: four lookups over the same keys, and which of them has a gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from explorer.bounded import BoundedCache, memory_of
from explorer.capture import capture
from explorer.charts.common.picture import Picture
from explorer.charts.lectures import SIZES, grid, lines
from explorer.lectures import shipped
from explorer.lectures.demo import Control, Demo, Door, Measure, Models, Result
from explorer.lectures.words import Words
from explorer.scores import null
from explorer.softmax import vectors
from models import Model, attention
from models.attention.normalisers import sparsemax
from models.surgery import cutting
from models.surgery.projections import matrices
from models.toy.layers import ToyAttention
from models.training import runs
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training

KEYS = ("apple", "orange", "banana")
QUERIES = {"apple": tuple(np.log([0.8, 0.15, 0.05]) - np.log(0.05)), "missing": (0.0, 0.0, 0.0)}
"""Scores of the keys: with softmax .8, .15, .05; and those of a query that has nothing in common with any key."""
LOOKUPS = ("hard", "soft", "sparse", "gumbel")
TEMPERATURES = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)
STEPS = (0, 24, 54, 96, 150, 216, 294, 384, 600)
"""Snapshots of the shipped run."""
TRAINED = ("soft", "hard", "cosine")
DRAWS = 4000
SHARP = 1e15
_ASYMMETRIES: BoundedCache[tuple[np.ndarray, np.ndarray | None]] = BoundedCache(2**20, memory_of)
"""By the model's number: nothing is drawn again at each step of the slider."""
_SEED = 6


def compute(models: Models, temperature: float = 1, query: str = "apple", step: int = 600, model: str = "gpt2-mini") -> Result:
    """Weights of three keys by four lookups, the gradient of the best key's weight, and a toy's map beside its table.

    Args:
        models: opens models.
        temperature: scores are divided by it.
        query: one of `QUERIES`.
        step: snapshot of the toy.
        model: whose W_Q W_K^T is compared with its transpose.
    """
    scores = torch.tensor(QUERIES[query], dtype=torch.float64)
    apple = torch.tensor(QUERIES["apple"], dtype=torch.float64)
    weights = {name: weigh(name, scores, temperature) for name in LOOKUPS}
    gradients = {name: gradient(name, scores, temperature) for name in LOOKUPS}
    p = apple.softmax(-1)
    formula = p[0] * (torch.eye(3, dtype=torch.float64)[0] - p)
    toy = recalled(step)
    last = recalled(STEPS[-1])
    opened = models(model)
    asymmetry, random = _ASYMMETRIES.get_or_compute(opened.number, lambda: _learned_and_random(opened))
    kept = shipped.read("q06_dictionary").data
    measures = (
        Measure("hard_gradient", float(gradient("hard", apple, temperature).abs().max()), 0.0, format=".3g"),
        Measure("soft_gradient", float(gradient("soft", apple, 1.0).norm()), 0.0, "above"),
        Measure("formula", float((gradient("soft", apple, 1.0) - formula).abs().max()), 0.0, tolerance=1e-9, format=".1e"),
        Measure("zeros", float((weigh("sparse", apple, 1.0) == 0).sum()), 1.0, "at least", format=".0f"),
        Measure("limit", float((weigh("soft", apple, 0.01) - weigh("hard", apple, 0.01)).abs().max()), 0.0, tolerance=1e-6, format=".1e"),
        Measure("drawn", float((noisy(apple).argmax(-1) == 0).double().mean()), 0.8, tolerance=0.03),
        Measure("absent", float(weigh("soft", torch.zeros(3, dtype=torch.float64), 1.0).max()), 1 / 3, tolerance=1e-9),
        Measure("recall", last["accuracy"], 0.99, "at least", format=".1%"),
        Measure("table", last["on_table"], 0.9, "at least", format=".1%"),
        Measure("trained_hard", kept["hard"][-1][2], kept["soft"][-1][2], "below", format=".1%"),
        Measure("moved", kept["moved"], 0.0, format=".3g"),
        Measure("asymmetry", float(asymmetry.mean()), 0.0, "above"),
        *([] if random is None else [Measure("asymmetry_random", float(random.mean()), 0.0, "above")]),
    )
    data = {"weights": weights, "gradients": gradients, "toy": toy, "trained": kept, "asymmetry": asymmetry, "temperature": temperature}
    said = {"now": f"{toy['accuracy']:.1%}", "trained_soft": f"{kept['soft'][-1][2]:.1%}"}
    return Result(measures, data | {"query": query}, said)


def noisy(scores: Tensor) -> Tensor:
    """Scores with Gumbel noise, (draws, keys): the largest is a draw from their softmax (Jang et al. 2017)."""
    return scores + torch.from_numpy(vectors.gumbel(_SEED, DRAWS, len(scores)))


def weigh(name: str, scores: Tensor, temperature: float) -> Tensor:
    """Weights of the keys by one of `LOOKUPS`; of "gumbel" the mean over all draws. A hard lookup finds nothing where no key matches at all."""
    if name == "hard":
        found = nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).to(scores)
        return found * (scores > 0).any()
    if name == "gumbel":
        return (noisy(scores) / temperature).softmax(-1).mean(0)
    return (sparsemax if name == "sparse" else lambda t: t.softmax(-1))(scores / temperature)


def gradient(name: str, scores: Tensor, temperature: float) -> Tensor:
    """Of the best key's weight with respect to all scores, (keys,). A hard lookup has no graph: its weight is moved by hand, and stays."""
    best = int(scores.argmax())
    if name == "hard":
        small = 1e-4 * torch.eye(len(scores), dtype=scores.dtype)
        # Moved up and down from scores that match: at a tie, any move is one from one key to the other.
        at = scores if (scores > 0).any() else scores - 1
        return torch.stack([weigh(name, at + one, temperature)[best] - weigh(name, at - one, temperature)[best] for one in small]) / 2e-4
    moved = scores.clone().requires_grad_(True)
    return torch.autograd.grad(weigh(name, moved, temperature)[best], moved)[0]


@cache
def recalled(step: int) -> dict[str, object]:
    """The shipped toy at a snapshot: its map on an example, where the table says that it should look, and how often it is right."""
    run = runs.load(runs.SHIPPED / "recall")
    frame = next(snapshot for snapshot in run.snapshots if snapshot.step == step)
    model, task = run.model(frame), run.task
    batch = max(task.held_out(64), key=len)
    pairs = task.pairs
    keys, _values, asked = task._read(batch.input_ids)
    right = asked[:, :, None] == keys[:, None, :]  # (example, asked, pair)
    with torch.inference_mode(), attention.attending(model.sites_of) as seen:
        logits = model.network(**batch.inputs).logits
    rows = torch.stack([seen.records[0].patterns(example=i)[0, pairs:] for i in range(len(batch))])
    wanted = batch.targets[:, pairs:]
    tokens = capture(model, task.text(batch.input_ids[0])).tokens
    return {
        "map": rows[0, :, :pairs].numpy(),
        "right": right[0].numpy(),
        "asked": tokens[pairs:],
        "pairs": tokens[:pairs],
        "accuracy": float((logits[:, pairs:].argmax(-1) == wanted).double().mean()),
        "on_table": float((rows[:, :, :pairs] * right).sum(-1).mean()),
    }


def asymmetries(network: nn.Module) -> np.ndarray:
    """How far W_Q^T W_K of each head is from a similarity, which is symmetric: the odd part's share of its length, (layers, heads)."""
    found = []
    for projections in cutting.head_projections(network):
        query, key, *_rest = (t[:-1].permute(1, 0, 2) for t in matrices(projections)[:3])  # (heads, d_model, d_k), without the bias
        key = key.repeat_interleave(len(query) // len(key), dim=0)
        product = query @ key.mT
        found.append(((product - product.mT) / 2).flatten(1).norm(dim=1) / product.flatten(1).norm(dim=1))
    return torch.stack(found).numpy()


def _learned_and_random(model: Model) -> tuple[np.ndarray, np.ndarray | None]:
    """The same of a model, and of one with random weights, where one can be drawn."""
    random = null.drawn(model)
    return asymmetries(model.network), None if random is None else asymmetries(random.network)


def make(report: Callable[[float], None]) -> Mapping[str, object]:
    """Trains three toys on recall: softmax; the best key alone; softmax of cosines that nothing can change."""
    made: dict[str, object] = {}
    for i, name in enumerate(TRAINED):
        training = begun(name)
        module = next(found for found in training.network.modules() if isinstance(found, ToyAttention))
        first = module.qkv.weight.detach()[: 2 * module.d_k].clone()
        sites, curve = {id(module): (0,)}, []
        # A softmax of scores so much larger is the best key alone: weights are 0 and 1 to the bit, and so is their gradient 0.
        sharp = {0: attention.Change(scale=SHARP)}
        while not training.finished:
            with attention.attending(sites, changes=sharp, record=False) if name == "hard" else nullcontext():
                metrics = training.step()
            if name == "cosine":
                fix_cosine(training)
            if training.done % 20 == 0:
                curve.append([training.done, round(metrics.loss, 5), round(metrics.accuracy, 4)])
            report((i + training.done / training.settings.steps) / len(TRAINED))
        with attention.attending(sites, changes=sharp, record=False) if name == "hard" else nullcontext():
            evaluation = training.evaluate()
        made[name] = [*curve, [training.done, round(evaluation.loss, 5), round(evaluation.accuracy, 4)]]
        if name == "hard":
            made["moved"] = float((module.qkv.weight.detach()[: 2 * module.d_k] - first).abs().max())
    return made


def begun(name: str) -> Training:
    """A training on recall before its first step; of all but the best key's, without decay of weights that get no gradient."""
    preset = PRESETS["recall"]
    task = preset.toy_task()
    training = Training(task, preset.config(task), Settings(steps=600, learning_rate=5e-3, seed=_SEED, weight_decay=0.0))
    if name == "hard":
        training.network.set_attn_implementation(attention.NAME)
    if name == "cosine":
        fix_cosine(training)
    return training


@torch.no_grad()
def fix_cosine(training: Training) -> None:
    """Queries and keys are the normed tokens themselves, so that a score is their cosine times a constant."""
    layer = training.network.transformer.stack.layers[0]
    width = layer.attention.d_k
    layer.attention.qkv.weight[: 2 * width] = torch.eye(width).repeat(2, 1)
    layer.attention.qkv.bias[: 2 * width] = 0
    layer.attention_norm.weight.fill_(1)
    layer.attention_norm.bias.fill_(0)


def pictures(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    data = result.data
    keys = [words.label(f"key.{key}") for key in KEYS]
    kinds = [words.label(f"lookup.{name}") for name in LOOKUPS]
    toy, size = data["toy"], SIZES[3]
    return [
        grid(
            np.stack([data["weights"][name].numpy() for name in LOOKUPS]),
            kinds,
            keys,
            words.label("weights").format(query=words.label(f"query.{data['query']}")),
            top=1.0,
            written=True,
            size=size,
            dark=dark,
        ),
        grid(
            np.stack([data["gradients"][name].numpy() for name in LOOKUPS]),
            kinds,
            keys,
            words.label("gradient"),
            signed=True,
            top=0.25,
            written=True,
            size=size,
            dark=dark,
        ),
        grid(
            toy["map"],
            toy["asked"],
            toy["pairs"],
            words.label("map").format(accuracy=result.said["now"]),
            x=words.label("pairs"),
            y=words.label("asked"),
            top=1.0,
            marked=[(int(r), int(c)) for r, c in np.argwhere(toy["right"])],
            written=False,
            size=size,
            dark=dark,
        ),
    ]


def more(result: Result, words: Words, dark: bool) -> Sequence[Picture]:
    kinds = {name: words.label(f"trained.{name}") for name in TRAINED}
    trained = pd.DataFrame(
        [(step, right, kinds[name]) for name in TRAINED for step, _loss, right in result.data["trained"][name]], columns=["x", "y", "series"]
    )
    asymmetry = result.data["asymmetry"]
    layers, heads = ([str(i) for i in range(n)] for n in asymmetry.shape)
    axes = {"x": words.label("head"), "y": words.label("layer")}
    return [
        lines(
            trained,
            words.label("trained"),
            words.label("steps"),
            words.label("accuracy"),
            series=list(kinds.values()),
            ends=(0, 1),
            points=False,
            format="~p",
            size=SIZES[2],
            dark=dark,
        ),
        grid(asymmetry, layers, heads, words.label("odd"), **axes, top=1.0, size=SIZES[2], dark=dark),
    ]


DEMO = Demo(
    id="Q6",
    module="q06_dictionary",
    chapter=1,
    compute=compute,
    pictures=pictures,
    more=more,
    right="C",
    door=Door("softmax", {"softmax": "lookups"}),
    controls=(
        Control("temperature", TEMPERATURES, 1, main=True),
        Control("query", tuple(QUERIES), "apple"),
        Control("step", STEPS, 600),
        Control("model", ("gpt2-mini", "bert-mini"), "gpt2-mini", model=True),
    ),
    make=make,
    source="Martins & Astudillo 2016; Jang et al. 2017",
)
