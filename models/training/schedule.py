"""How the learning rate of a long run rises, stays and falls, and how a recipe is written down."""

from __future__ import annotations

import json
from dataclasses import asdict


class Schedule:
    """What every recipe of a long run has: a dataclass with these fields takes the methods from here.

    Attributes:
        steps: number of optimiser steps.
        rate: learning rate; it rises over the first `rising` steps, stays, and falls in a line to zero over the last `falling` of
            all steps (Hägele et al. 2024). As long as it stays, the number of steps may still be changed.
        decay: weight decay of matrices; vectors have none.
        clip: largest norm of the gradient.
        seed: of the weights, of the batches and of the dropout.
    """

    steps: int
    rate: float
    rising: int
    falling: float
    decay: float
    clip: float
    seed: int

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        return self.rate * min(1.0, (step + 1) / self.rising, (self.steps - step) / (self.steps - self.stays_until))

    @property
    def stays_until(self) -> int:
        """The step from which the learning rate falls."""
        return self.steps - max(1, round(self.falling * self.steps))

    def as_json(self) -> dict:
        """The recipe as it comes back from a JSON file, where tuples are lists."""
        return json.loads(json.dumps(asdict(self)))
