"""Toys that learn apart and are averaged, and a start from which a few steps are enough: what Q24c ships; and what a gradient gives away."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import mse_loss

from models.seeded import seeded
from models.toy import ToyModel
from models.toy.model import loss_of
from models.toy.tasks import Batch
from models.training.optimiser import adamw
from models.training.presets import PRESETS
from models.training.runs import evaluate

CLIENTS, EXAMPLES, ROUNDS, LOCAL = 4, 8, 24, 4
"""Toys; examples that each of them has and shows to nobody; rounds of averaging; steps of each toy between two of them."""
SHOTS, INNER, OUTER, META_STEPS = 10, 10, 2500, (0, 1, 2, 5, 10, 20)
"""Points of a wave that are seen; steps on one wave; waves of the meta-training; steps after which a new wave is tested."""
_SEED = 24


def federated(report: Callable[[float], None]) -> dict[str, list[float]]:
    """Held-out accuracy after each round: the average of all toys (McMahan et al. 2017), the mean of toys that stay alone, and one toy that
    is given all examples."""
    preset = PRESETS["order"]
    task = preset.toy_task()
    with seeded(_SEED):
        start = ToyModel(preset.config(task))
    shares = [task.batch(EXAMPLES, torch.Generator().manual_seed(_SEED + i)) for i in range(CLIENTS)]
    pooled = Batch(torch.cat([one.input_ids for one in shares]), torch.cat([one.targets for one in shares]))
    test = task.held_out(500, seed=_SEED)
    shared, alone, central = start, [copy.deepcopy(start) for _ in shares], copy.deepcopy(start)
    makers = [adamw(one.parameters(), 5e-3, 0.0, (0.9, 0.98)) for one in alone]
    of_all = adamw(central.parameters(), 5e-3, 0.0, (0.9, 0.98))
    draws = torch.Generator().manual_seed(_SEED)
    curves: dict[str, list[float]] = {"averaged": [], "alone": [], "together": []}
    for round_ in range(ROUNDS + 1):
        curves["averaged"].append(_accuracy(shared, test))
        curves["alone"].append(round(sum(_accuracy(one, test) for one in alone) / CLIENTS, 4))
        curves["together"].append(_accuracy(central, test))
        if round_ == ROUNDS:
            break
        locals_ = [copy.deepcopy(shared) for _ in shares]
        for one, share, kept, maker in zip(locals_, shares, alone, makers, strict=True):
            _steps(one, adamw(one.parameters(), 5e-3, 0.0, (0.9, 0.98)), share, draws)
            _steps(kept, maker, share, draws)
        _steps(central, of_all, pooled, draws)
        shared = averaged(locals_)
        report((round_ + 1) / ROUNDS)
    return curves


def averaged(networks: list[nn.Module]) -> nn.Module:
    """A network each of whose weights is the mean of theirs."""
    made = copy.deepcopy(networks[0])
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.copy_(torch.stack([dict(one.named_parameters())[name] for one in networks]).mean(0))
    return made


def _steps(network: nn.Module, optimizer: torch.optim.Optimizer, examples: Batch, draws: torch.Generator) -> None:
    network.train()
    for _step in range(LOCAL):
        rows = torch.randint(len(examples.input_ids), (32,), generator=draws)
        batch = examples.rows(rows)
        optimizer.zero_grad()
        loss_of(network(**batch.inputs).logits, batch.targets).backward()
        optimizer.step()
    network.eval()


def _accuracy(network: nn.Module, examples: list[Batch]) -> float:
    with torch.no_grad():
        return round(evaluate(network, examples).accuracy, 4)


def few_steps(report: Callable[[float], None]) -> dict[str, list[float]]:
    """Mean squared error on new sine waves after a few steps on ten of their points (Finn et al. 2017, section 5.1), from a usual start and
    from one that was learned over many waves (Reptile, Nichol et al. 2018)."""
    with seeded(_SEED):
        network = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
    usual = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    start, waves = dict(usual), _waves(torch.Generator().manual_seed(_SEED))
    for i in range(OUTER):
        x, y = next(waves)
        adapted = _adapted(network, start, x, y, INNER)[-1]
        rate = 0.5 * (1 - i / OUTER)
        start = {name: weight + rate * (adapted[name] - weight) for name, weight in start.items()}
        if i % 50 == 0:
            report(i / OUTER)
    report(1.0)
    tests = _waves(torch.Generator().manual_seed(_SEED + 1))
    losses: dict[str, list[list[float]]] = {"usual": [], "learned": []}
    for _wave in range(50):
        x, y = next(tests)
        for name, begun in (("usual", usual), ("learned", start)):
            path = _adapted(network, begun, x[:SHOTS], y[:SHOTS], max(META_STEPS))
            losses[name].append([float(mse_loss(functional_call(network, path[step], x), y)) for step in META_STEPS])
    return {name: [round(float(value), 4) for value in torch.tensor(rows).mean(0)] for name, rows in losses.items()}


def _waves(random: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Points of waves of an amplitude of .1 to 5 and any phase, in no order."""
    while True:
        amplitude, phase = torch.rand(2, generator=random) * torch.tensor([4.9, math.pi]) + torch.tensor([0.1, 0.0])
        x = torch.rand(50, 1, generator=random) * 10 - 5
        yield x, amplitude * torch.sin(x + phase)


def _adapted(network: nn.Module, weights: dict[str, Tensor], x: Tensor, y: Tensor, steps: int) -> list[dict[str, Tensor]]:
    """The weights before the first and after each step of plain gradient descent on these points."""
    path = [weights]
    for _step in range(steps):
        here = {name: weight.detach().requires_grad_() for name, weight in path[-1].items()}
        slopes = torch.autograd.grad(mse_loss(functional_call(network, here, x), y), list(here.values()))
        path.append({name: (weight - 0.02 * slope).detach() for (name, weight), slope in zip(here.items(), slopes, strict=True)})
    return path


def given_away(x: Tensor, outputs: int = 3) -> Tensor:
    """The input of a linear layer, read off its gradient alone: dL/dW is dL/db times the input (Zhu et al. 2019). Of x's shape (d,)."""
    with seeded(_SEED):
        layer = nn.Linear(len(x), outputs).to(x.dtype)
    layer(x).square().sum().backward()
    row = int(layer.bias.grad.abs().argmax())
    return layer.weight.grad[row] / layer.bias.grad[row]
