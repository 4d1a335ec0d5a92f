"""Rewriting: a segment, a bar, and the segment again: as it is, backwards, or sorted."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from models.errors import InputError
from models.toy.tasks.base import IGNORED, ToyTask, letters, need
from models.words import told

BAR = "|"


@dataclass(frozen=True)
class Rewriting(ToyTask):
    """Symbols, a bar, and then, symbol by symbol, another order of the same symbols.

    Attributes:
        length: symbols before the bar.
        n_symbols: symbols to draw from; one may come twice.
    """

    length: int = 8
    n_symbols: int = 10

    def __post_init__(self) -> None:
        letters(self.n_symbols)
        need(self.length >= 2, told("One symbol has no order."), told("Choose length >= 2."))

    @property
    def tokens(self) -> list[str]:
        return [*letters(self.n_symbols), BAR]

    @property
    def n_tokens(self) -> int:
        return 2 * self.length

    @abstractmethod
    def rewritten(self, segment: Tensor) -> Tensor:
        """The segment (batch, length) in its other order."""

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        segment = torch.randint(self.n_symbols, (n, self.length), generator=generator)
        bar = torch.full((n, 1), self.n_symbols)
        return torch.cat([segment, bar, self.rewritten(segment)[:, :-1]], dim=1), None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        n = input_ids.shape[1] // 2
        is_bar = input_ids == self.n_symbols
        if input_ids.shape[1] % 2 or not is_bar[:, n].all() or is_bar.sum() != len(input_ids):
            raise InputError(told("{name} wants as many symbols before the bar as from the bar on.", name=self.name), told("Write b a c | c a."))
        nothing = torch.full_like(input_ids[:, :n], IGNORED)
        return torch.cat([nothing, self.rewritten(input_ids[:, :n])], dim=1)


class Copying(Rewriting):
    """The segment as it is: where to look is a matter of position alone."""

    name = "copying"
    about = "Write the symbols before the bar again."
    look_at = told("A head whose rows after the bar form a diagonal through the segment: the place is found by position, one layer is enough.")

    def rewritten(self, segment: Tensor) -> Tensor:
        return segment


class Reversal(Rewriting):
    """The segment backwards."""

    name = "reversal"
    about = "Write the symbols before the bar backwards."
    look_at = told("A head whose rows after the bar form a diagonal from the right to the left: each looks at the mirror place.")

    def rewritten(self, segment: Tensor) -> Tensor:
        return segment.flip(1)


class Sorting(Rewriting):
    """The segment in the order of the alphabet; a symbol that came twice is written twice."""

    name = "sorting"
    about = "Write the symbols before the bar in the order of the alphabet."
    look_at = told(
        "After the bar a row looks at symbols that are equal to the last one written, or come a little later in the alphabet, wherever "
        "they stand; smaller ones get next to nothing. Where to look is a matter of content here, not of position."
    )

    def rewritten(self, segment: Tensor) -> Tensor:
        return segment.sort(dim=1).values
