"""Modular addition: a + b, on a clock."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.errors import InputError
from models.toy.tasks.base import IGNORED, ToyTask, need
from models.words import told


@dataclass(frozen=True)
class ModularAddition(ToyTask):
    """a + b = c modulo p. There are p^2 sums; a fixed share of them is held out, and nothing but the rule tells their results.

    Networks learn the trained sums by heart first and the rule later, with weight decay (Power et al. 2022); what they find are
    rotations on a few circles (Nanda et al. 2023).

    Attributes:
        modulus: p.
        held: share of the sums that is held out.
    """

    name = "addition"
    about = "Add two numbers, modulo the number of hours on the clock."
    look_at = told(
        "The row of = looks at the two numbers and at hardly anything else. Scrub through the snapshots: trained sums come right before "
        "held-out ones do."
    )

    modulus: int = 53
    held: float = 0.5

    def __post_init__(self) -> None:
        need(5 <= self.modulus <= 200, told("A modulus of {modulus} is out of reach.", modulus=self.modulus), told("Choose 5 to 200."))
        need(0.05 <= self.held <= 0.95, told("{held:.0%} of the sums cannot be held out.", held=self.held), told("Choose 0.05 to 0.95."))

    @property
    def held_out_share(self) -> float:  # type: ignore[override]
        return self.held

    @property
    def tokens(self) -> list[str]:
        return [*map(str, range(self.modulus)), "+", "="]

    @property
    def n_tokens(self) -> int:
        return 4

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        numbers = torch.randint(self.modulus, (n, 2), generator=generator)
        plus, equals = torch.full((n, 1), self.modulus), torch.full((n, 1), self.modulus + 1)
        return torch.cat([numbers[:, :1], plus, numbers[:, 1:], equals], dim=1), None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        p = self.modulus
        if input_ids.shape[1] != 4 or (input_ids[:, 1] != p).any() or (input_ids[:, 3] != p + 1).any() or (input_ids[:, [0, 2]] >= p).any():
            raise InputError(told("Addition wants two numbers."), told("Write 3 + 4 =."))
        targets = torch.full_like(input_ids, IGNORED)
        targets[:, 3] = (input_ids[:, 0] + input_ids[:, 2]) % p
        return targets
