"""Heads that others have measured, beside what is measured here. Layer and head from 0; their figures, not ours."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.i18n import N_
from explorer.scores.measure import HeadScores

RANDOM_TOKENS = N_("100 random tokens repeated once; mean weight at the role's position")


@dataclass(frozen=True)
class Figure:
    """A published value of one head: which score of ours it corresponds to, and how it was measured."""

    score: str
    layer: int
    head: int
    value: float
    how: str


GPT2 = "openai-community/gpt2"
_GPT2 = {
    "repeated_previous": {(4, 11): 0.992, (3, 7): 0.529, (6, 8): 0.499, (2, 2): 0.482},
    "repeated_duplicate": {(0, 5): 0.703, (3, 0): 0.678},
    "repeated_induction": {(5, 1): 0.931, (6, 9): 0.926, (5, 5): 0.926, (7, 10): 0.904, (7, 2): 0.851, (10, 1): 0.482},
}
_DISTILGPT2 = {"repeated_induction": {(3, 10): 0.937, (3, 2): 0.867}}

FIGURES: dict[str, tuple[Figure, ...]] = {
    model: tuple(Figure(score, *head, value, RANDOM_TOKENS) for score, heads in figures.items() for head, value in heads.items())
    for model, figures in ((GPT2, _GPT2), ("distilbert/distilgpt2", _DISTILGPT2))
}
"""By the model's full name."""


@dataclass(frozen=True)
class Beside:
    """A published figure and ours; ours is nan where that score was not computed."""

    figure: Figure
    ours: float


def beside(scores: HeadScores) -> list[Beside]:
    """The published figures of this model beside ours, in their order; empty for a model that nobody has measured so."""
    found = []
    for figure in FIGURES.get(scores.model, ()):
        values = scores.values.get(figure.score)
        found.append(Beside(figure, float("nan") if values is None else float(values[figure.layer, figure.head])))
    return found
