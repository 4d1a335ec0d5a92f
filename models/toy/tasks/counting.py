"""Counting: how deep brackets are nested, and which of two symbols has the majority."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.errors import InputError
from models.toy.tasks.base import IGNORED, ToyTask, need
from models.words import told


@dataclass(frozen=True)
class Brackets(ToyTask):
    """How many brackets are open after each one. All of them count alike: the head that is needed is a mean.

    Attributes:
        length: brackets of an example.
        deepest: no more than so many are open at a time.
    """

    name = "brackets"
    about = "After each bracket, say how many are open."
    look_at = told("A head with even rows: each bracket looks at all earlier ones alike, and the mean over them tells closed from open.")

    length: int = 16
    deepest: int = 6

    def __post_init__(self) -> None:
        need(self.length >= 8, told("There are too few strings of so few brackets."), told("Choose length >= 8."))
        need(2 <= self.deepest <= 50, told("A depth of {deepest} is out of reach.", deepest=self.deepest), told("Choose 2 to 50."))

    @property
    def tokens(self) -> list[str]:
        return ["(", ")", *map(str, range(self.deepest + 1))]

    @property
    def n_tokens(self) -> int:
        return self.length

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        closes = torch.rand(n, self.length, generator=generator) < 0.5
        depth = torch.zeros(n, dtype=torch.long)
        ids = torch.empty(n, self.length, dtype=torch.long)
        for i in range(self.length):
            ids[:, i] = torch.where(depth == 0, 0, torch.where(depth == self.deepest, 1, closes[:, i].long()))
            depth += 1 - 2 * ids[:, i]
        return ids, None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        depth = (1 - 2 * input_ids).cumsum(dim=1)
        if (input_ids > 1).any() or (depth < 0).any() or (depth > self.deepest).any():
            raise InputError(
                told("Brackets want ( and ), none closed that is not open, and at most {deepest} open.", deepest=self.deepest),
                told("Write ( ( ) ( ) )."),
            )
        return depth + 2


@dataclass(frozen=True)
class Majority(ToyTask):
    """Which of two symbols comes more often.

    Attributes:
        length: symbols of an example; odd, so that there is always a majority.
    """

    name = "majority"
    kind = "encoder"
    about = "Say which symbol comes more often."
    look_at = told("The row of the question mark: it looks at all symbols of the string, near and far ones alike.")

    length: int = 15

    def __post_init__(self) -> None:
        need(self.length >= 9 and self.length % 2 == 1, told("A vote wants an odd number of symbols, 9 or more."), told("Choose 9, 11, 13, .."))

    @property
    def tokens(self) -> list[str]:
        return ["a", "b", "?"]

    @property
    def n_tokens(self) -> int:
        return self.length + 1

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        votes = torch.randint(2, (n, self.length), generator=generator)
        return torch.cat([votes, torch.full((n, 1), 2)], dim=1), None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        votes = input_ids[:, :-1]
        if (votes > 1).any() or (input_ids[:, -1] != 2).any() or votes.shape[1] % 2 == 0:
            raise InputError(told("Majority wants an odd number of symbols and a question mark."), told("Write a b b ?."))
        targets = torch.full_like(input_ids, IGNORED)
        targets[:, -1] = (2 * votes.sum(dim=1) > votes.shape[1]).long()
        return targets
