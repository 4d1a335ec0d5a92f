"""All heads of a part by their weights alone: which of them copy, which look at the token before, and which read what others write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explorer.weights.composition import Composition, composition, writing
from explorer.weights.copying import copying
from explorer.weights.distance import Distances, by_distance
from explorer.weights.opened import Weights
from models import InputError

Report = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of all heads of a part.

    Attributes:
        part: see `Model.parts`.
        sizes: heads of each layer.
        copying: (layers, heads), see `copying.copying`; None where heads write to no words.
        no_words: why, else None.
        distances: None for cross-attention.
        composition: of all heads with all heads of the part below.
        between: of an encoder-decoder, with the heads of each other part that write what these read.
    """

    part: str
    sizes: tuple[int, ...]
    copying: np.ndarray | None
    no_words: InputError | None
    distances: Distances | None
    composition: Composition
    between: tuple[Composition, ...] = ()

    @property
    def induction(self) -> np.ndarray | None:
        """How much a head's keys read what a head that looks at the token before writes, (layers, heads): the largest, over the heads below it,
        of composition above random times weight on the token before (Elhage et al. 2021, section "Mechanistic theory of induction heads")."""
        if self.distances is None:
            return None
        above = np.clip(self.composition.values["k"] - self.composition.random, 0, None)
        found = np.nan_to_num(self.distances.previous[:, :, None, None] * above).max((0, 1))
        there = np.arange(found.shape[1]) < np.array(self.sizes)[:, None]
        return np.where(there, found, np.nan)


def survey(weights: Weights, part: str | None = None, report: Report = lambda _share: None) -> Survey:
    """Reads all heads of a part. Raises InputError for a part that is not there."""
    of_part, no_words = weights.sites(part), None
    try:
        copied = copying(weights, part, lambda share: report(0.4 * share))
    except InputError as error:
        copied, no_words = None, error
    distances = by_distance(weights, part)
    report(0.6)
    composed = composition(weights, part, lambda share: report(0.6 + 0.4 * share))
    between = tuple(composition(weights, part, writers=other) for other in writing(weights, part)[1:])
    return Survey(of_part[0].part, tuple(site.heads for site in of_part), copied, no_words, distances, composed, between)
