"""Deep toys with and without residual connections and norms: their gradients before any training, and a grid of trainings (Q17, Q18)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from explorer.lectures import shipped
from models import ModelError
from models.seeded import seeded
from models.toy.model import ToyModel
from models.toy.tasks import ToyTask
from models.training.presets import PRESETS
from models.training.settings import Settings
from models.training.toy import Training

KINDS = {
    "pre": {"norm": "pre", "residual": True},
    "post": {"norm": "post", "residual": True},
    "bare": {"norm": "none", "residual": True},
    "plain_pre": {"norm": "pre", "residual": False},
    "plain": {"norm": "none", "residual": False},
}
"""What is between two layers: x + F(norm(x)), norm(x + F(x)), x + F(x), F(norm(x)), F(x)."""
DEPTHS, RATES = (2, 4, 8, 16), (0.001, 0.003, 0.01, 0.03)
"""Of the trainings."""
STEPS, WARM_UP, BATCH, EVERY = 120, 40, 16, 5
"""Steps of a training; those in which the rate rises, where it does; examples of a step; steps that one point of a curve is the mean of."""
HIGHEST = 9.99
"""A loss that is kept: what went astray has no number, or a huge one."""
SEEDS = (17, 18, 19)
"""Of the trainings of a cell; norms and sizes that are shown are those of the first."""
_LENGTH, _WIDTH, _SEED = 6, 32, SEEDS[0]
_SMALL = {"heads": 2, "ffn": 2.0}


def task() -> ToyTask:
    return PRESETS["copying"].toy_task(length=_LENGTH)


@torch.no_grad()
def preserve(network: ToyModel, seed: int) -> None:
    """Weights with which a matrix keeps the variance of what goes in, and embeddings of variance 1: a branch is then as large as the stream."""
    embedding = network.transformer.embedding
    with seeded(seed):
        for module in network.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5)
        for table in (embedding.token, embedding.position):
            nn.init.normal_(table.weight, std=2**-0.5)


@dataclass(frozen=True, eq=False)
class Begun:
    """A network before any training, on one batch.

    Attributes:
        arriving: norm of the gradient of the loss with respect to the stream before each layer, and after the last one.
        weights: norm of the gradient of the weights of each layer.
        sizes: root mean square of the stream before each layer, and after the last one.
    """

    arriving: Sequence[float]
    weights: Sequence[float]
    sizes: Sequence[float]


@lru_cache(maxsize=64)
def begun(kind: str, depth: int, width: int = _WIDTH, ffn: float = 4.0) -> Begun:
    """Gradients and sizes of a network that has not learned anything."""
    copying = task()
    preset = PRESETS["copying"]
    network = ToyModel(preset.config(copying, layers=depth, d_model=width, heads=2, ffn=ffn, attn_implementation="sdpa", **KINDS[kind]))
    preserve(network, _SEED)
    # Of double precision: what is multiplied a hundred times leaves float32 at either end.
    network.double()
    batch = copying.batch(8, torch.Generator().manual_seed(_SEED))
    # The fused kernel rounds where scores are huge, and its exponentials leave float64.
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        made = network(**batch.inputs, output_hidden_states=True)
        # Not `loss`, which is computed in float32.
        loss = nn.functional.cross_entropy(made.logits.flatten(0, 1), batch.targets.flatten(), ignore_index=-100)
        layers = [list(layer.parameters()) for layer in network.transformer.stack.layers]
        found = torch.autograd.grad(loss, [*made.hidden_states, *(weight for layer in layers for weight in layer)])
    streams, rest = found[: depth + 1], list(found[depth + 1 :])
    weights = []
    for layer in layers:
        weights.append(_norm(rest[: len(layer)]))
        del rest[: len(layer)]
    sizes = [float(state.detach().pow(2).mean().sqrt()) for state in made.hidden_states]
    return Begun([float(gradient.norm()) for gradient in streams], weights, sizes)


def _norm(tensors: Sequence[Tensor]) -> float:
    return float(torch.stack([tensor.norm() for tensor in tensors]).norm())


def grid(kinds: Sequence[str], warm_up: int, report: Callable[[float], None]) -> dict[str, object]:
    """Trainings of each kind, depth and rate: `{kind: {depth: {rate: run}}}`. A run is that of the first seed, with the curves of all."""
    cells = [(kind, depth, rate, seed) for kind in kinds for depth in DEPTHS for rate in RATES for seed in SEEDS]
    total, done = sum(depth for _kind, depth, _rate, _seed in cells), 0
    made: dict[str, dict] = {kind: {str(depth): {} for depth in DEPTHS} for kind in kinds}
    for kind, depth, rate, seed in cells:
        run = train(kind, depth, rate, warm_up, lambda share, done=done, depth=depth: report((done + share * depth) / total), seed)
        cell = made[kind][str(depth)].setdefault(str(rate), {**run, "curves": []})
        cell["curves"].append(run["curve"])
        done += depth
    for cell in (cell for depths in made.values() for rates in depths.values() for cell in rates.values()):
        del cell["curve"]
    return made


def train(
    kind: str, depth: int, rate: float, warm_up: int, report: Callable[[float], None] = lambda _share: None, seed: int = _SEED
) -> dict[str, object]:
    """One training; first weights and batches are those of a seed.

    Returns:
        curve: the mean loss of each few steps; norms: of the gradient of the weights of each layer, in the first, the middle and the last step;
        branch: norm of what the layers add over that of the stream, by layer, before and after; cosine: of the stream after each layer with
        the embeddings, before and after.
    """
    copying, preset = task(), PRESETS["copying"]
    settings = Settings(
        steps=STEPS, batch=BATCH, learning_rate=rate, warm_up=warm_up, decay=False, seed=seed, snapshot_every=STEPS, weight_decay=0.0
    )
    training = Training(copying, preset.config(copying, layers=depth, d_model=_WIDTH, **_SMALL, **KINDS[kind]), settings)
    preserve(training.network, seed)
    batch = copying.batch(32, torch.Generator().manual_seed(_SEED))
    streams = [_streams(training.network, batch.inputs)]
    losses: list[float] = []
    norms: list[list[float]] = []
    for step in range(STEPS):
        try:
            metrics = training.step()
        except ModelError:
            # No number any more: the rest of the curve stays where no loss is read.
            losses += [HIGHEST] * (STEPS - len(losses))
            break
        losses.append(min(metrics.loss, HIGHEST))
        if step in (0, STEPS // 2, STEPS - 1):
            norms.append([_short(metrics.gradient_norm[f"layer {layer}"]) for layer in range(depth)])
        report((step + 1) / STEPS)
    curve = [round(float(np.mean(losses[at : at + EVERY])), 3) for at in range(0, STEPS, EVERY)]
    streams.append(_streams(training.network, batch.inputs))
    return {"curve": curve, "norms": norms, "branch": [a for a, _b in streams], "cosine": [b for _a, b in streams]}


@torch.inference_mode()
def _streams(network: nn.Module, inputs: dict[str, Tensor]) -> tuple[list[float], list[float]]:
    """What layers add, over the stream that they add it to, and the cosine of the stream after each with the embeddings; means over tokens."""
    states = network(**inputs, output_hidden_states=True).hidden_states
    return added(states), [_short(float(nn.functional.cosine_similarity(state, states[0], dim=-1).mean())) for state in states[1:]]


def added(states: Sequence[Tensor]) -> list[float]:
    """Norm of the difference that each layer makes, over the norm of the stream before it, a mean over tokens."""
    return [_short(float(((b - a).norm(dim=-1) / a.norm(dim=-1)).mean())) for a, b in itertools.pairwise(states)]


def _short(value: float) -> float:
    return float(f"{value:.4g}") if math.isfinite(value) else 0.0


def trained(name: str, depth: int, rate: float) -> dict[str, object]:
    """A shipped training: of a kind, and "_warm" behind its name where the rate rose first."""
    module = "q17_residual" if name in ("pre", "bare", "plain_pre", "plain") else "q18_norm"
    return shipped.read(module).data[name][str(depth)][str(rate)]


def curve(name: str, depth: int, rate: float) -> list[float]:
    """The loss of a shipped training over its steps, a mean of its seeds."""
    return np.mean(trained(name, depth, rate)["curves"], axis=0).tolist()


def last(name: str, depth: int, rate: float) -> float:
    """The loss of the last steps of a shipped training, a mean of its seeds."""
    return float(np.mean(curve(name, depth, rate)[-2:]))


def nearest(depth: int) -> int:
    """The deepest network that was trained and is not deeper than this one."""
    return max([trained_ for trained_ in DEPTHS if trained_ <= depth], default=DEPTHS[0])


def untrained(**switches: object) -> tuple[Tensor, ...]:
    """The stream of a network that has not learned anything, in double precision: before the first layer, and after each, (1, n, width) each."""
    copying = task()
    network = ToyModel(PRESETS["copying"].config(copying, d_model=64, heads=2, attn_implementation="sdpa", **switches))
    preserve(network, _SEED)
    batch = copying.batch(1, torch.Generator().manual_seed(_SEED))
    with torch.inference_mode():
        return network.double()(**batch.inputs, output_hidden_states=True).hidden_states
