"""Sums of digits, with and without a scratch pad: what Q24d ships."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.seeded import seeded
from models.toy import ToyConfig, ToyModel
from models.training.optimiser import adamw

WAYS = ("steps", "direct")
"""With all partial sums written before the answer, or the answer at once."""
DIGITS = (2, 4, 6, 8)
EXAMPLES = (30, 100, 300, 1000, 3000)
"""Sums of `_COUNTED` digits that are all there is to train on, with steps."""
STEPS, BATCH, TESTED = 500, 64, 500
_COUNTED = 4
_EQUALS = 10
_SEED = 24


def sums(n: int, digits: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """n rows of digits, and their partial sums modulo 10, the last of which is the answer; both (n, digits)."""
    drawn = torch.randint(10, (n, digits), generator=generator)
    return drawn, drawn.cumsum(1) % 10


def written(drawn: Tensor, partial: Tensor, way: str) -> Tensor:
    """What the network reads and is to go on with: digits, "=", and the partial sums or the answer alone."""
    equals = torch.full((len(drawn), 1), _EQUALS)
    return torch.cat([drawn, equals, partial if way == "steps" else partial[:, -1:]], dim=1)


def trained(way: str, digits: int, report: Callable[[float], None], examples: int | None = None) -> float:
    """Accuracy of the answer on new sums, the network's own steps before it.

    Args:
        way: one of `WAYS`.
        digits: of a sum.
        report: told the share that is done.
        examples: how many different sums are trained on; ever new ones where None.
    """
    with seeded(_SEED):
        network = ToyModel(ToyConfig(vocab_size=11, layers=2, heads=4, d_model=64, ffn=4.0, max_length=2 * max(DIGITS) + 1, tie_embeddings=False))
    random = torch.Generator().manual_seed(_SEED)
    fixed = None if examples is None else sums(examples, digits, random)
    optimizer = adamw(network.parameters(), 3e-3, 0.01, (0.9, 0.98))
    for step in range(STEPS):
        if fixed is None:
            drawn, partial = sums(BATCH, digits, random)
        else:
            rows = torch.randint(examples, (BATCH,), generator=random)
            drawn, partial = (part[rows] for part in fixed)
        tokens = written(drawn, partial, way)
        logits = network(input_ids=tokens[:, :-1]).logits[:, digits:]
        optimizer.zero_grad()
        cross_entropy(logits.flatten(0, 1), tokens[:, digits + 1 :].flatten()).backward()
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1, (step + 1) / 50) * (1 - step / STEPS)
        optimizer.step()
        report((step + 1) / STEPS)
    return round(accuracy(network.eval(), way, digits), 4)


@torch.no_grad()
def accuracy(network: nn.Module, way: str, digits: int) -> float:
    """Share of sums, drawn anew, whose answer is right; the network writes all that comes after "=" itself, the likeliest each time."""
    drawn, partial = sums(TESTED, digits, torch.Generator().manual_seed(_SEED + 1))
    tokens = written(drawn, partial, way)[:, : digits + 1]
    for _step in range(digits if way == "steps" else 1):
        tokens = torch.cat([tokens, network(input_ids=tokens).logits[:, -1:].argmax(-1)], dim=1)
    return float((tokens[:, -1] == partial[:, -1]).float().mean())


def all_runs(report: Callable[[float], None]) -> dict[str, object]:
    """Both ways for each number of digits, and with steps for each number of examples."""
    runs = [(way, digits, None) for digits in DIGITS for way in WAYS] + [("steps", _COUNTED, n) for n in EXAMPLES]
    found: dict[str, object] = {"by_digits": {way: [] for way in WAYS}, "by_examples": []}
    for i, (way, digits, examples) in enumerate(runs):
        reached = trained(way, digits, lambda share, i=i: report((i + share) / len(runs)), examples)
        (found["by_digits"][way] if examples is None else found["by_examples"]).append(reached)
    return found
