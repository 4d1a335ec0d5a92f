"""What the shipped toys that tell who does it in 我爱你 answer: one has positions, the other has none."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from explorer.positions import order
from models import InputError
from models.training import runs

TOYS = {"with": "order", "without": "order-without-positions"}
"""The shipped run of each."""
_TOY_TEXT, _QUESTIONS = "我爱你", "主宾"
"""What the toys read where a text is none of theirs; and what they are asked of it: who does it, and to whom."""
_GUESSED = 200


@dataclass(frozen=True, eq=False)
class Answers:
    """What both toys say of a sentence and of its words in another order.

    Attributes:
        texts: both.
        words: of the sentence, in its order.
        chances: by toy: (2 texts, 2 questions, words + 1), probability of each word and of all other tokens together.
        right: by text, the number of the word that is right for each question; None where the words make no sentence.
    """

    texts: tuple[str, str]
    words: tuple[str, ...]
    chances: Mapping[str, np.ndarray]
    right: tuple[tuple[int, ...] | None, ...]

    @property
    def turned(self) -> bool:
        """Whether the other order is a sentence that asks for other answers."""
        return None not in self.right and self.right[0] != self.right[1]

    def changed(self, toy: str) -> float:
        """The largest change of an answer's probability from one order to the other."""
        before, after = self.chances[toy]
        return float(np.abs(after - before).max())


def asked(text: str) -> str:
    """The sentence that the toys read: the text, where it is a sentence of their task, else one that is."""
    task = _toy("with").task
    ids = _ids(text.strip())
    try:
        task.answers(ids)
    except InputError:  # other words, or no sentence
        return _TOY_TEXT
    return text.strip() if len(set(ids[0].tolist())) == ids.shape[1] else _TOY_TEXT


def given(sentence: str, new: Sequence[int]) -> Answers:
    """What the toys answer, asked of a sentence of their task and of its words in another order."""
    texts = sentence, "".join(sentence[i] for i in new)
    words = _ids(sentence)[0, : len(sentence)].tolist()
    right, chances = [], {}
    for text in texts:
        try:
            found = _toy("with").task.answers(_ids(text))[0, len(sentence) :].tolist()
            right.append(tuple(words.index(answer) for answer in found))
        except InputError:  # no sentence: a verb at its end, say
            right.append(None)
    for name in TOYS:
        with torch.inference_mode():
            logits = _toy(name).network(torch.cat([_ids(text) for text in texts])).logits[:, len(sentence) :]
        of_words = logits.softmax(-1)[:, :, words].numpy()
        rest = (1 - of_words.sum(-1, keepdims=True)).clip(min=0)
        chances[name] = np.concatenate([of_words, rest], axis=-1)
    return Answers(texts, tuple(sentence), chances, tuple(right))


def _ids(text: str) -> torch.Tensor:
    return torch.tensor([_toy("with").task.tokenizer()(text + _QUESTIONS)["input_ids"]])


@cache
def _toy(name: str) -> runs.Run:
    """A shipped toy that was trained to say who does it, and to whom: with positions or without."""
    return runs.load(order.trained_toys()[TOYS[name]])


@cache
def trained(name: str) -> float:
    """Share of the held-out sentences for which a shipped toy says both who does it, and to whom."""
    return _toy(name).evaluate().exact


@cache
def guessed() -> float:
    """The same share for whoever knows the words of a sentence but not their order, and takes one of the sentences that they make."""
    task = _toy("without").task
    rows = torch.cat([batch.input_ids for batch in task.held_out(_GUESSED)])
    answers = []
    for words in itertools.permutations(range(3)):
        try:
            answers.append(task.answers(rows[:, [*words, 3, 4]]).tolist())
        except InputError:  # no sentence: a verb at its end, say
            continue
    return float(np.mean([1 / len({tuple(answer) for answer in of_one}) for of_one in zip(*answers, strict=True)]))
