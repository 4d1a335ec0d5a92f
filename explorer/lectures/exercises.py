"""Three questions at the end of each chapter; their answers are computed, never stored.

The words are `words/LANGUAGE/exercises1.md`, ..: `## 1` and its question, `## 1 way` and the way to the answer; labels as in a demo.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy.special import softmax

from explorer.lectures import Demo, demos, forgetting, memory, q08_parameters, q11_width, q14_sinusoids, q20_mask, q23_serial, tiles, work
from explorer.lectures.words import FOLDER


@dataclass(frozen=True)
class Answer:
    """One number of an exercise.

    Attributes:
        name: its title is in the words under this name.
        compute: the right value.
        tolerance: relative deviation that is still right.
    """

    name: str
    compute: Callable[[], float]
    tolerance: float = 0.005

    def right(self, given: float) -> bool:
        """Whether a number is near enough to the right one."""
        value = self.compute()
        return abs(given - value) <= self.tolerance * abs(value) + (1e-12 if value == 0 else 0)


@cache
def _products() -> np.ndarray:
    """q . k of 10,000 pairs of vectors with 256 independent entries of mean 0 and variance 1."""
    random = np.random.default_rng(0)
    return np.einsum("pd,pd->p", *random.standard_normal((2, 10_000, 256)))


def _rank() -> int:
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, 768, 64))
    return int(np.linalg.matrix_rank(a @ b.T))


def _lora(rank: int) -> int:
    """Parameters of two thin matrices beside W_Q and beside W_V of each layer of GPT-2 small."""
    return sum(
        torch.empty(shape, device="meta").numel() for _layer in range(_GPT2.layers) for _matrix in "QV" for shape in ((_D, rank), (rank, _D))
    )


def _consolidated() -> list[float]:
    """What the move of each of two weights costs in elastic weight consolidation."""
    moves = [(4, 0.1), (0.01, 1)]
    return [float(forgetting.consolidation(2, *({"weight": torch.tensor(x)} for x in (fisher, 0.0, move)))) for fisher, move in moves]


def _cache() -> int:
    return memory.bytes_of(memory.tensors_of(memory.published("gpt2-small"), 1024, 1), 2)


_ROW = tiles.running([1, 3, 2, 5], 2)
_GPT2 = work.GPT2_SMALL
_D = _GPT2.d
EXERCISES: dict[int, tuple[tuple[Answer, ...], ...]] = {
    1: (
        (
            Answer("raw", lambda: float(_products().std()), 0.03),
            Answer("sqrt", lambda: float((_products() / 16).std()), 0.03),
            Answer("d_k", lambda: float((_products() / 256).std()), 0.03),
        ),
        (
            Answer("one", lambda: float(softmax([2, 1, 0.5]).max())),
            Answer("four", lambda: float(softmax([8, 4, 2]).max())),
        ),
        (
            Answer("projections", lambda: work.crossing(_GPT2), 0),
            Answer("all", lambda: work.crossing(_GPT2, ("projections", "output", "ffn")), 0),
        ),
    ),
    2: (
        (Answer("parameters", lambda: q08_parameters.module_parameters(8, bias=True), 0),),
        (
            Answer("full", lambda: q11_width.qkv_parameters("averaged", 8), 0),
            Answer("times", lambda: q11_width.qkv_parameters("averaged", 8) / q11_width.qkv_parameters("split", 8), 0),
        ),
        (
            Answer("entries", lambda: _D * _D, 0),
            Answer("rank", _rank, 0),
            Answer("made_of", lambda: 2 * _D * 64, 0),
        ),
    ),
    3: (
        (
            Answer("slowest", lambda: 2 * math.pi * 10000 ** (510 / 512), 0.001),
            Answer("fastest", lambda: 2 * math.pi, 0.001),
        ),
        (
            Answer("learned", lambda: torch.nn.Embedding(2048, 512, device="meta").weight.numel(), 0),
            Answer("sinusoidal", lambda: q14_sinusoids.without_table("sinusoidal"), 0),
        ),
        (
            Answer("first", lambda: 2 ** (-8 * 1 / 8), 0.001),
            Answer("last", lambda: 2 ** (-8 * 8 / 8), 0.02),
            Answer("factor", lambda: math.exp(-10 * 2 ** (-8 * 1 / 8)), 0.01),
        ),
    ),
    4: (
        (
            Answer("arrives", lambda: math.prod([0.5] * 100), 0.01),
            Answer("paths", lambda: 2 ** (2 * _GPT2.layers), 0),
        ),
        (
            Answer("ffn", lambda: work.parameters(_D, _GPT2.heads)["ffn"], 0),
            Answer("share", lambda: 100 * _GPT2.layers * work.parameters(_D, _GPT2.heads)["ffn"] / work.parameters_of_gpt2()),
        ),
        (
            Answer("leak", lambda: float(np.triu(q20_mask.masked(np.zeros((5, 5)), np.tri(5, dtype=bool), "before"), 1).sum(axis=1).mean())),
            Answer("hidden", lambda: int((~np.tri(5, dtype=bool)).sum()), 0),
        ),
    ),
    5: (
        (Answer("bytes", _cache, 0.001),),
        (
            Answer("layer", lambda: torch.empty(96, 2048, 2048, dtype=torch.float16, device="meta").nbytes, 0.001),
            Answer("head", lambda: torch.empty(2048, 2048, dtype=torch.float16, device="meta").nbytes, 0.001),
        ),
        (
            Answer("first_max", lambda: _ROW[0][0], 0),
            Answer("first_sum", lambda: _ROW[0][1], 0.001),
            Answer("second_max", lambda: _ROW[1][0], 0),
            Answer("second_sum", lambda: _ROW[1][1], 0.001),
        ),
    ),
    6: (
        (
            Answer("rnn", lambda: q23_serial.serial_steps("rnn", 1024, 1), 0),
            Answer("transformer", lambda: q23_serial.serial_steps("transformer", 1024, 1), 0),
            Answer("scan", lambda: q23_serial.serial_steps("scan", 1024, 1), 0),
        ),
        (
            Answer("trained", lambda: _lora(8), 0),
            Answer("share", lambda: 100 * _lora(8) / work.parameters_of_gpt2(), 0.02),
        ),
        (
            Answer("penalty", lambda: sum(_consolidated())),
            Answer("dearer", lambda: max(_consolidated())),
        ),
    ),
}
"""By chapter: the answers of its exercises."""
AFTER: dict[int, tuple[str, ...]] = {
    1: ("Q3", "Q1", "Q4"),
    2: ("Q8", "Q11", "Q12"),
    3: ("Q14", "Q13", "Q16"),
    4: ("Q17", "Q19", "Q20"),
    5: ("Q21", "Q22b", "Q21b"),
    6: ("Q23", "Q24c", "Q24b"),
}
"""By chapter: the demos after which its exercises can be solved, and give away no answer of a question that is still to come."""


def after(demo: Demo) -> int | None:
    """The exercise of its chapter, from 1, that was last made possible when a demo is over; None where there is none yet."""
    course = [one.id for one in demos()]
    there = [(course.index(id_), number) for number, id_ in enumerate(AFTER[demo.chapter], start=1)]
    before = [pair for pair in there if pair[0] <= course.index(demo.id)]
    return max(before)[1] if before else None


@dataclass(frozen=True)
class Text:
    """The words of one exercise: the question, the way to its answer, and titles of its answers by name."""

    question: str
    way: str
    labels: dict[str, str]


@cache
def texts(chapter: int, language: str) -> tuple[Text, ...]:
    """The words of a chapter's exercises. Raises ValueError for a file of another form."""
    file = FOLDER / language / f"exercises{chapter}.md"
    _head, *parts = re.split(r"(?m)^## ", file.read_text(encoding="utf-8"))
    bodies = {heading.strip(): body.strip() for heading, _line, body in (part.partition("\n") for part in parts)}
    made = []
    for number in range(1, len(EXERCISES[chapter]) + 1):
        if not (str(number) in bodies and f"{number} way" in bodies):
            raise ValueError(f"{file.name}: exercise {number}")
        lines = bodies[str(number)].splitlines()
        items = {found[1]: found[2] for line in lines if (found := re.match(r"- (\w+): (.+)", line))}
        question = "\n".join(line for line in lines if not line.startswith("- ")).strip()
        made.append(Text(question, bodies[f"{number} way"], items))
    return tuple(made)
