"""Induction: a segment that repeats, and what followed the current symbol the last time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.toy.tasks.base import IGNORED, ToyTask, different, letters, need
from models.words import told


@dataclass(frozen=True)
class Induction(ToyTask):
    """A segment of different symbols, repeated to the end.

    How long the segment is differs from example to example, so no fixed offset tells what comes next. It takes two layers: one
    head passes on which symbol stood before, a second finds the place whose predecessor is the current symbol (Elhage et al.
    2021; Olsson et al. 2022).

    Attributes:
        length: tokens of an example.
        n_symbols: symbols to draw from.
        shortest, longest: length of the segment, drawn anew for each example.
    """

    name = "induction"
    about = "A random segment repeats; once a symbol comes again, say what followed it the first time."
    look_at = told(
        "In layer 0, a head with a clear line just below the diagonal: each token attends to the one before it. In layer 1, from the "
        "second copy on, a head with a stripe one segment back and one to the right: it attends to what came after the same symbol."
    )

    length: int = 24
    n_symbols: int = 20
    shortest: int = 4
    longest: int = 10

    def __post_init__(self) -> None:
        letters(self.n_symbols)
        need(
            2 <= self.shortest <= self.longest, told("The shortest segment is longer than the longest."), told("Choose 2 <= shortest <= longest.")
        )
        need(self.longest <= self.n_symbols, told("A segment needs more symbols than there are."), told("Choose longest <= n_symbols."))
        need(self.length > self.longest + 1, told("The longest segment does not come again."), told("Choose length > longest + 1."))

    @property
    def tokens(self) -> list[str]:
        return letters(self.n_symbols)

    @property
    def n_tokens(self) -> int:
        return self.length

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        segment = different(n, self.longest, self.n_symbols, generator)
        period = torch.randint(self.shortest, self.longest + 1, (n, 1), generator=generator)
        return segment.gather(1, torch.arange(self.length) % period), None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        n = input_ids.shape[1]
        same = (input_ids[:, :, None] == input_ids[:, None, :]).tril(-1)  # (batch, token, earlier token)
        last = torch.where(same, torch.arange(n, device=input_ids.device), -1).amax(dim=2)
        return torch.where(last >= 0, input_ids.gather(1, last.clamp(min=0) + (last >= 0)), IGNORED)
