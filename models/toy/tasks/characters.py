"""Character language modelling of a text that the viewer supplies."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from models.toy.tasks.base import IGNORED, Batch, ToyTask, need
from models.words import told


@dataclass(frozen=True)
class Characters(ToyTask):
    """The next character of a text. Its last tenth is held out.

    Attributes:
        passage: the text.
        length: characters of an example.
    """

    name = "characters"
    split = "char"
    about = "Say the next character of a text."
    look_at = told("Heads that look at the character before, at the start of the word, at the last space; later layers look further back.")
    exact = False

    passage: str = field(default="", repr=False, metadata={"bulky": True})
    length: int = 64

    def __post_init__(self) -> None:
        need(self.length >= 2, told("One character has no next one."), told("Choose length >= 2."))
        enough = int(len(self.passage) * self.held_out_share) > self.length
        need(
            enough,
            told("A text of {n:,} characters is too short.", n=len(self.passage)),
            told("Give {least:,} or more.", least=10 * (self.length + 10)),
        )

    @property
    def tokens(self) -> list[str]:
        return self._alphabet

    @property
    def n_tokens(self) -> int:
        return self.length

    @cached_property
    def _alphabet(self) -> list[str]:
        return sorted(set(self.passage))

    @cached_property
    def _ids(self) -> Tensor:
        number = {character: i for i, character in enumerate(self._alphabet)}
        return torch.tensor([number[character] for character in self.passage])

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        return self._windows(self._ids, n, generator)[:, :-1], None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        return torch.cat([input_ids[:, 1:], torch.full_like(input_ids[:, :1], IGNORED)], dim=1)

    def batch(self, n: int, generator: torch.Generator, held_out: bool = False) -> Batch:
        window = self._windows(self._ids[self._cut :] if held_out else self._ids[: self._cut], n, generator)
        return Batch(window[:, :-1], window[:, 1:])

    def is_held_out(self, input_ids: Tensor) -> Tensor:
        """Whether a piece of text is nowhere in the part that is trained on, bool (batch,)."""
        trained = self.passage[: self._cut]
        return torch.tensor([self.text(ids) not in trained for ids in input_ids.tolist()])

    @property
    def _cut(self) -> int:
        return len(self.passage) - int(len(self.passage) * self.held_out_share)

    def _windows(self, ids: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """(n, length + 1)"""
        start = torch.randint(len(ids) - self.length, (n, 1), generator=generator)
        return ids[start + torch.arange(self.length + 1)]
