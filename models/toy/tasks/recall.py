"""Key-value recall: a dictionary that is written anew in each example, and keys to look up in it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.errors import InputError
from models.toy.tasks.base import IGNORED, ToyTask, different, letters, need
from models.words import told


@dataclass(frozen=True)
class Recall(ToyTask):
    """Pairs of a key and a value, then all keys in another order: what is the value of each?

    Where a pair is one token (a=3), one head of one layer is enough and its map is the lookup table itself. Where it is two (a 3),
    a layer has to tell each value its key first, as for induction (associative recall: Ba et al. 2016; Arora et al. 2023).

    Attributes:
        pairs: pairs of an example, with different keys.
        n_keys, n_values: keys and values to draw from.
        joined: whether a pair is one token.
    """

    name = "recall"
    about = "A dictionary of keys and values, then keys: say the value of each."
    look_at = told("The rows of the keys at the end: each has one strong cell, in the column of its pair. The map is the lookup table.")

    pairs: int = 6
    n_keys: int = 8
    n_values: int = 8
    joined: bool = True

    def __post_init__(self) -> None:
        letters(self.n_keys)
        need(1 <= self.pairs <= self.n_keys, told("An example needs more keys than there are."), told("Choose pairs <= n_keys."))
        need(2 <= self.n_values <= 100, told("{n_values} values cannot be drawn.", n_values=self.n_values), told("Choose 2 to 100."))

    @property
    def tokens(self) -> list[str]:
        keys, values = letters(self.n_keys), [str(i) for i in range(self.n_values)]
        return [*keys, *values, *((f"{key}={value}" for key in keys for value in values) if self.joined else ())]

    @property
    def n_tokens(self) -> int:
        return (2 if self.joined else 3) * self.pairs

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        keys = different(n, self.pairs, self.n_keys, generator)
        values = torch.randint(self.n_values, keys.shape, generator=generator)
        asked = keys.gather(1, different(n, self.pairs, self.pairs, generator))
        if self.joined:
            return torch.cat([self.n_keys + self.n_values + keys * self.n_values + values, asked], dim=1), None
        return torch.cat([torch.stack([keys, self.n_keys + values], dim=2).flatten(1), asked], dim=1), None

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        keys, values, asked = self._read(input_ids)
        same = asked[:, :, None] == keys[:, None, :]  # (batch, asked, pair)
        if not (same.sum(dim=2) == 1).all():
            raise InputError(told("A key is asked for that has no pair, or two."), self._advice)
        found = self.n_keys + values.gather(1, same.long().argmax(dim=2))
        return torch.cat([torch.full_like(input_ids[:, : input_ids.shape[1] - asked.shape[1]], IGNORED), found], dim=1)

    def _read(self, input_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keys and values of the pairs, and the keys that are asked for."""
        parts = 2 if self.joined else 3
        pairs = input_ids.shape[1] // parts
        given, asked = input_ids[:, : (parts - 1) * pairs], input_ids[:, (parts - 1) * pairs :]
        if self.joined:
            given = given - self.n_keys - self.n_values
            keys, values = given // self.n_values, given % self.n_values
            fits = (given >= 0).all()
        else:
            keys, values = given[:, 0::2], given[:, 1::2] - self.n_keys
            fits = (keys < self.n_keys).all() and (values >= 0).all()
        if input_ids.shape[1] % parts or not fits or not (asked < self.n_keys).all():
            raise InputError(told("Recall wants pairs, and then as many keys."), self._advice)
        return keys, values, asked

    @property
    def _advice(self) -> str:
        return "Write a=3 b=1 b a." if self.joined else "Write a 3 b 1 b a."
