"""Word order: 我爱你 and 你爱我 hold the same words, and say different things."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.errors import InputError
from models.toy.tasks.base import IGNORED, ToyTask, different, need
from models.words import told

_WORDS = {
    "zh": (list("我你他她猫狗鸟马牛羊虎兔"), list("爱恨看找帮等追画"), list("主宾")),
    "en": (
        ["dog", "man", "cat", "bird", "girl", "boy", "horse", "cow", "sheep", "tiger", "rabbit", "woman"],
        ["bites", "loves", "sees", "finds", "helps", "awaits", "chases", "draws"],
        ["who?", "whom?"],
    ),
}
"""People and animals, verbs, questions."""


@dataclass(frozen=True)
class WordOrder(ToyTask):
    """Subject, verb, object, and two questions: who does it (主, who?), and to whom (宾, whom?).

    Without any information about positions both orders are the same set of words, and a network can only guess: half of the
    examples.

    Attributes:
        language: "zh" (one token a character: 我爱你主宾) or "en" (one token a word: dog bites man who? whom?).
    """

    name = "order"
    kind = "encoder"
    about = "A sentence of three words: say who does it, and to whom."
    look_at = told(
        "The rows of the two questions at the end: the first looks at the first word, the second at the third word. "
        "Without positions both look at both."
    )
    language: str = "zh"

    def __post_init__(self) -> None:
        need(
            self.language in _WORDS,
            told("There is no language {language!r}.", language=self.language),
            told("Choose {languages}.", languages=" or ".join(_WORDS)),
        )

    @property
    def split(self) -> str:  # type: ignore[override]
        return "char" if self.language == "zh" else "space"

    @property
    def tokens(self) -> list[str]:
        return [word for words in _WORDS[self.language] for word in words]

    @property
    def n_tokens(self) -> int:
        return 5

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, None]:
        people, verbs, _questions = map(len, _WORDS[self.language])
        pair = different(n, 2, people, generator)
        verb = people + torch.randint(verbs, (n, 1), generator=generator)
        questions = people + verbs + torch.arange(2).expand(n, 2)
        return torch.cat([pair[:, :1], verb, pair[:, 1:], questions], dim=1), None

    def is_held_out(self, input_ids: Tensor) -> Tensor:
        """Both orders of the same words go together: else a network without positions would know the wrong one by heart."""
        return super().is_held_out(input_ids.sort(dim=1).values)

    def answers(self, input_ids: Tensor, decoder_input_ids: Tensor | None = None) -> Tensor:
        people, verbs, _questions = map(len, _WORDS[self.language])
        kinds = (input_ids >= people).long() + (input_ids >= people + verbs)
        if input_ids.shape[1] != 5 or not (kinds == torch.tensor([0, 1, 0, 2, 2], device=kinds.device)).all():
            raise InputError(
                told("Word order wants subject, verb, object and both questions."),
                told("Write {example}.", example=self.text([0, people, 1, -2, -1])),
            )
        targets = torch.full_like(input_ids, IGNORED)
        # Typed questions may stand in either order.
        first = input_ids[:, 3:] == people + verbs
        targets[:, 3:] = torch.where(first, input_ids[:, :1], input_ids[:, 2:3])
        return targets
