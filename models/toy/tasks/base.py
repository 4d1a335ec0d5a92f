"""What all toy tasks share: examples drawn from a generator, exact answers, and a part that is never trained on."""

from __future__ import annotations

import string
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from models.errors import InputError
from models.toy import vocabulary
from models.words import told

IGNORED = -100
"""Target of a position where nothing is asked, as in transformers."""
START, END = "[BOS]", "[EOS]"
"""What a decoder with an encoder reads first, and answers last."""
_TRIES = 20


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples of one length, so that nothing is padded.

    Attributes:
        input_ids: what the network reads, (batch, tokens); the source, for encoder-decoders.
        targets: what its logits are to say at each position of the (decoder) sequence, (batch, tokens), not shifted any more;
            `IGNORED` where nothing is asked.
        decoder_input_ids: what the decoder of an encoder-decoder reads, (batch, target tokens), else None.
    """

    input_ids: Tensor
    targets: Tensor
    decoder_input_ids: Tensor | None = None

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def inputs(self) -> dict[str, Tensor]:
        """Arguments of the network."""
        given = {"input_ids": self.input_ids, "decoder_input_ids": self.decoder_input_ids}
        return {name: ids for name, ids in given.items() if ids is not None}

    def to(self, device: torch.device) -> Batch:
        return Batch(*(ids if ids is None else ids.to(device) for ids in self._all))

    def rows(self, index: Tensor) -> Batch:
        """Some of the examples."""
        return Batch(*(ids if ids is None else ids[index] for ids in self._all))

    @property
    def _all(self) -> tuple[Tensor | None, ...]:
        return self.input_ids, self.targets, self.decoder_input_ids


@dataclass(frozen=True)
class ToyTask(ABC):
    """A task with exact answers; its dataclass fields are its settings.

    A share of all inputs, chosen by a hash of the input, is held out: no training batch ever holds one of them.

    Attributes:
        name: what to type.
        kind: the network that it is made for: "decoder" (causal), "encoder" or "encoder-decoder".
        split: how its tokenizer splits a text: "space" or "char".
        about: one sentence, what is asked.
        look_at: what to look at in the attention maps of a network that has learned it.
        exact: False where the answers are a text's next characters, which nobody can always know.
        held_out_share: share of the inputs that is held out.
    """

    name: ClassVar[str]
    kind: ClassVar[str] = "decoder"
    split: ClassVar[str] = "space"
    about: ClassVar[str]
    look_at: ClassVar[str]
    exact: ClassVar[bool] = True
    held_out_share: ClassVar[float] = 0.1

    @property
    @abstractmethod
    def tokens(self) -> list[str]:
        """The vocabulary, by id. It does not depend on the length of the examples, so that longer ones can be tried.

        `START` and `END` are among them for encoder-decoders; the tokenizer puts `END` behind each text.
        """

    @property
    @abstractmethod
    def n_tokens(self) -> int:
        """Length of the longest example, of the longer side for encoder-decoders."""

    @abstractmethod
    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """`input_ids` and `decoder_input_ids` of n examples of one length, of either part."""

    @abstractmethod
    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        """The targets of `Batch` for any inputs of the task, drawn or typed; they follow from `input_ids` alone.

        Raises:
            InputError: ids that are no example of the task.
        """

    def batch(self, n: int, generator: torch.Generator, held_out: bool = False) -> Batch:
        """n examples to train on, or held-out ones. The generator, on the CPU, decides all.

        Raises:
            InputError: the settings leave too few different examples.
        """
        # More than are needed, so that a second try is a matter of small sets only.
        wanted = 16 + int(1.2 * n / self.held_out_share) if held_out else 16 + int(1.2 * n / (1 - self.held_out_share))
        for _try in range(_TRIES):
            source, target = self.draw(wanted, generator)
            rows = (self.is_held_out(source) == held_out).nonzero()[:n, 0]
            if len(rows) == n:
                source, target = source[rows], None if target is None else target[rows]
                return Batch(source, self.answers(source, target), target)
        raise InputError(
            told("There are too few different examples of {name}.", name=self.name), told("Choose more symbols, or longer examples.")
        )

    def is_held_out(self, input_ids: Tensor) -> Tensor:
        """Whether inputs belong to the held-out part, bool (batch,): a matter of the input alone."""
        return hashed(input_ids) % 10_000 < round(10_000 * self.held_out_share)

    def held_out(self, n: int, seed: int = 0) -> list[Batch]:
        """At most n different held-out examples, always the same for a seed: one batch for each length."""
        generator = torch.Generator().manual_seed(seed)
        found: dict[tuple[int, ...], list[Batch]] = {}
        seen: set[int] = set()
        stale = 0
        while len(seen) < n and stale < _TRIES:
            drawn = self.batch(1 + n // 16, generator, held_out=True)
            fresh = []
            for i, key in enumerate(hashed(drawn.input_ids).tolist()):
                if key not in seen and len(seen) < n:
                    seen.add(key)
                    fresh.append(i)
            stale = 0 if fresh else stale + 1
            if fresh:
                lengths = tuple(ids.shape[1] for ids in drawn.inputs.values())
                found.setdefault(lengths, []).append(drawn.rows(torch.tensor(fresh)))
        return [_joined(parts) for parts in found.values()]

    def text(self, ids: Sequence[int]) -> str:
        """Ids as a text that the task's tokenizer reads back: without `START` and `END`."""
        tokens = self.tokens
        return ("" if self.split == "char" else " ").join(token for i in ids if (token := tokens[int(i)]) not in (START, END))

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Its ids are the places in `tokens`; one more is there for whatever else a viewer types."""
        return vocabulary.tokenizer(self.tokens, split=self.split, end=END if self.kind == "encoder-decoder" else None)

    def describe(self) -> str:
        """What is asked, and an example with its answers."""
        example = self.held_out(1)[0]
        asked = example.targets[0][example.targets[0] != IGNORED]
        return f"{self.about} Example: {self.text(example.input_ids[0])} ⇒ {self.text(asked)}"

    def settings(self, bulky: bool = True) -> dict[str, object]:
        """The settings by name, as JSON knows them; without a text of the viewer's, unless `bulky`."""
        return {field.name: getattr(self, field.name) for field in fields(self) if bulky or not field.metadata.get("bulky")}


def hashed(ids: Tensor) -> Tensor:
    """A number from 0 for each row of ids, int64 (batch,); the same on every machine."""
    places = _mixed(torch.arange(1, ids.shape[1] + 1, device=ids.device))
    return _mixed(_mixed(ids.long() + places).sum(dim=1)) & (2**62 - 1)


def letters(n: int) -> list[str]:
    """The first n of a, b, .. z, A, .. Z. Raises InputError where there are not so many."""
    if not 2 <= n <= len(string.ascii_letters):
        raise InputError(told("{n} symbols cannot be drawn.", n=n), told("Choose 2 to {most}.", most=len(string.ascii_letters)))
    return list(string.ascii_letters[:n])


def need(holds: bool, problem: str, advice: str) -> None:
    """Raises InputError where a setting makes no sense."""
    if not holds:
        raise InputError(problem, advice)


def different(n: int, size: int, of: int, generator: torch.Generator) -> Tensor:
    """For each of n rows, `size` different numbers below `of`, in random order, (n, size)."""
    return torch.rand(n, of, generator=generator).argsort(dim=1)[:, :size]


def _mixed(numbers: Tensor) -> Tensor:
    # The finaliser of splitmix64 (Steele et al. 2014), where a product wraps round and a shift brings in zeros.
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = (numbers + 0x1E3779B97F4A7C15) ^ ((numbers >> shift) & (2 ** (64 - shift) - 1))
        numbers = numbers * (factor - 2**64)
    return numbers ^ ((numbers >> 31) & (2**33 - 1))


def _joined(parts: Sequence[Batch]) -> Batch:
    sides = zip(*(part._all for part in parts), strict=True)
    return Batch(*(None if side[0] is None else torch.cat(side) for side in sides))
