"""A small network that knows facts, and is then taught others: as it comes, with replay, with elastic weight consolidation, with LoRA.

A fact is (subject, relation) -> object. Three tasks ask for other relations of the same subjects, so that one network has room for all of
them and still uses the same weights for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.seeded import seeded
from models.toy import ToyConfig, ToyModel
from models.training.optimiser import adamw

SUBJECTS, RELATIONS, OBJECTS = 32, 2, 16
"""Of these relations each task has its own."""
TASKS = ("A", "B", "C")
STEPS, EVERY = 300, 10
"""Steps of each training, all facts of a task in each; accuracy is measured every so many."""
_RATE, _LORA_RATE = 5e-3, 1e-2
Weights = Mapping[str, Tensor]
Adapter = Mapping[str, tuple[Tensor, Tensor]]
"""B and A of each matrix, by its name."""


@dataclass(frozen=True, eq=False)
class Facts:
    """All facts of a task: asked (facts, 2), a subject and a relation; answers (facts,)."""

    asked: Tensor
    answers: Tensor

    def first(self, n: int) -> Facts:
        return Facts(self.asked[:n], self.answers[:n])

    def __len__(self) -> int:
        return len(self.answers)


def tasks(seed: int) -> dict[str, Facts]:
    """The facts of each task, drawn, in random order."""
    random = torch.Generator().manual_seed(seed)
    made = {}
    for number, name in enumerate(TASKS):
        pairs = torch.cartesian_prod(torch.arange(SUBJECTS), SUBJECTS + number * RELATIONS + torch.arange(RELATIONS))
        answers = SUBJECTS + len(TASKS) * RELATIONS + torch.randint(OBJECTS, (len(pairs),), generator=random)
        made[name] = Facts(pairs[torch.randperm(len(pairs), generator=random)], answers)
    return made


def network(seed: int = 0) -> ToyModel:
    """One that knows nothing yet."""
    size = SUBJECTS + len(TASKS) * RELATIONS + OBJECTS
    with seeded(seed):
        return ToyModel(ToyConfig(vocab_size=size, layers=1, heads=2, d_model=32, ffn=2.0, tie_embeddings=False, max_length=8, init_std=0.1))


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in net.named_parameters()}


def rounded(weights: Weights) -> dict[str, Tensor]:
    """As 16 bits hold them: as they are shipped."""
    return {name: weight.detach().half().float() for name, weight in weights.items()}


def logits(net: nn.Module, weights: Weights, asked: Tensor) -> Tensor:
    """Of the answer, with these weights in the place of the network's own, (facts, vocabulary)."""
    return functional_call(net, dict(weights), kwargs={"input_ids": asked}).logits[:, -1]


@torch.no_grad()
def accuracy(net: nn.Module, weights: Weights, facts: Facts) -> float:
    """Share of the facts that are known."""
    return float((logits(net, weights, facts.asked).argmax(-1) == facts.answers).float().mean())


def loss(net: nn.Module, weights: Weights, facts: Facts) -> Tensor:
    return nn.functional.cross_entropy(logits(net, weights, facts.asked), facts.answers)


def learn(learned: Sequence[Tensor], error: Callable[[], Tensor], watch: Callable[[], object], rate: float = _RATE) -> list[object]:
    """Takes `STEPS` steps down the error; what `watch` says before the first step, every `EVERY` steps and after the last."""
    optimiser = adamw(learned, rate, 0.0, (0.9, 0.98))
    said = []
    for step in range(STEPS):
        if step % EVERY == 0:
            said.append(watch())
        optimiser.zero_grad()
        error().backward()
        optimiser.step()
    return [*said, watch()]


def trained(
    net: nn.Module,
    start: Weights,
    facts: Facts,
    watched: Sequence[Facts],
    replayed: Facts | None = None,
    penalty: Callable[[Weights], Tensor] | None = None,
) -> tuple[dict[str, Tensor], list[list[float]]]:
    """All weights trained on facts, from a start; and the accuracy on what is watched, over the steps.

    Args:
        replayed: old facts that are asked for, too, and count as much.
        penalty: is added to the loss.
    """
    weights = {name: weight.clone().requires_grad_() for name, weight in start.items()}

    def error() -> Tensor:
        total = loss(net, weights, facts)
        total = total if replayed is None else (total + loss(net, weights, replayed)) / 2
        return total if penalty is None else total + penalty(weights)

    curve = learn(list(weights.values()), error, lambda: [accuracy(net, weights, one) for one in watched])
    return {name: weight.detach() for name, weight in weights.items()}, curve


def fisher(net: nn.Module, weights: Weights, asked: Tensor) -> dict[str, Tensor]:
    """The diagonal of the Fisher information, F_i = E (d log p(y) / d theta_i)^2, over the network's own answers y, all of them by their
    probability rather than drawn; mean over the questions."""

    def log_p(given: Weights, one: Tensor) -> Tensor:
        return logits(net, given, one[None])[0].log_softmax(-1)

    found = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for part in asked.split(16):
        # torch's faster kernels have no derivative of many outputs at once.
        with sdpa_kernel(SDPBackend.MATH):
            gradients = vmap(jacrev(log_p), (None, 0))(dict(weights), part)
            p = vmap(log_p, (None, 0))(dict(weights), part).exp()
        for name, gradient in gradients.items():
            found[name] += torch.einsum("nv,nv...->...", p, gradient**2) / len(asked)
    return {name: value.detach() for name, value in found.items()}


def consolidation(strength: float, importance: Weights, old: Weights, weights: Weights) -> Tensor:
    """The penalty of elastic weight consolidation, lambda / 2 * sum F_i (theta_i - theta*_i)^2 (Kirkpatrick et al. 2017)."""
    return strength / 2 * sum((importance[name] * (weights[name] - old[name]) ** 2).sum() for name in importance)


def adapted_names(net: nn.Module) -> list[str]:
    """The matrices of the layer: W_Q, W_K and W_V in one, W_O, and both of the feed-forward layer."""
    return [name for name, weight in net.named_parameters() if ".layers." in name and weight.dim() == 2]


def adapted(weights: Weights, adapter: Adapter) -> dict[str, Tensor]:
    """W0 + B A in the place of each matrix that has an adapter (Hu et al. 2021)."""
    return {**weights, **{name: weights[name] + b @ a for name, (b, a) in adapter.items()}}


def fresh_adapter(net: nn.Module, rank: int, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
    """B is 0, so that nothing is changed at first; A is random."""
    random = torch.Generator().manual_seed(seed)
    shapes = {name: weight.shape for name, weight in net.named_parameters() if name in adapted_names(net)}
    return {
        name: (torch.zeros(rows, rank), torch.randn(rank, columns, generator=random) / columns**0.5) for name, (rows, columns) in shapes.items()
    }


def adapt(
    net: nn.Module, start: Weights, facts: Facts, watched: Sequence[Facts], rank: int, seed: int
) -> tuple[dict[str, tuple[Tensor, Tensor]], list[list[float]]]:
    """An adapter trained on facts, rounded, where all other weights stay; and the accuracy with it on what is watched, over the steps."""
    adapter = fresh_adapter(net, rank, seed)
    learned = [part.requires_grad_() for pair in adapter.values() for part in pair]
    curve = learn(
        learned,
        lambda: loss(net, adapted(start, adapter), facts),
        lambda: [accuracy(net, adapted(start, adapter), one) for one in watched],
        _LORA_RATE,
    )
    return {name: tuple(part.detach().half().float() for part in pair) for name, pair in adapter.items()}, curve
