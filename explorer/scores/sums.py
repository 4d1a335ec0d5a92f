"""Sums over queries, from which the means follow: parts of them are added up in a given order, and travel as JSON without losing a digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from explorer.scores.definitions import SCORES
from models.opening import sites


@dataclass(eq=False)
class Sums:
    """Sums over queries, and how many there were.

    Attributes:
        layers, heads: of the part, the most heads of a layer.
        counted: the layer at which queries are counted, the first that has heads; each layer has the same ones.
        total: by name of the score, float64 (layers, heads); nan where there is no head.
        count: queries, by name of the score.
        most: sum of ln n_i, in nats.
    """

    layers: int
    heads: int
    counted: int
    total: dict[str, np.ndarray] = field(default_factory=dict)
    count: dict[str, float] = field(default_factory=dict)
    most: float = 0.0

    @staticmethod
    def of(layout: Sequence[sites.Site]) -> Sums:
        """Room for all layers of one part."""
        counted = next((site.layer for site in layout if site.heads), 0)
        return Sums(len(layout), max(1, max(site.heads for site in layout)), counted)

    def add(self, layer: int, name: str, total: np.ndarray, count: float) -> None:
        """Of one layer; what it has no heads for stays out."""
        whole = self.total.setdefault(name, np.full((self.layers, self.heads), np.nan))
        row = whole[layer, : len(total)]
        whole[layer, : len(total)] = np.nan_to_num(row) + total
        if layer == self.counted:
            self.count[name] = self.count.get(name, 0.0) + count

    def merge(self, other: Sums) -> None:
        """Adds those of further queries. Sums of floats depend on their order, so whoever merges does it in one that is given."""
        for name, total in other.total.items():
            if (whole := self.total.get(name)) is None:
                self.total[name] = total.copy()
            else:
                there = ~np.isnan(total)
                whole[there] = np.nan_to_num(whole[there]) + total[there]
        for name, count in other.count.items():
            self.count[name] = self.count.get(name, 0.0) + count
        self.most += other.most

    def means(self) -> dict[str, np.ndarray]:
        """By name of the score, (layers, heads); nan where there is no head, or no query that it is defined for."""
        empty = np.full((self.layers, self.heads), np.nan)
        return {score.name: self.total[score.name] / self.count[score.name] if self.count.get(score.name) else empty for score in SCORES}

    def to_json(self) -> dict:
        """As JSON: every float as it is, None for nan."""
        return {"total": {name: listed(total) for name, total in self.total.items()}, "count": self.count, "most": self.most}

    @staticmethod
    def from_json(found: Mapping, layout: Sequence[sites.Site]) -> Sums:
        """Of the same part of the same model."""
        made = Sums.of(layout)
        made.total = {name: array(total) for name, total in found["total"].items()}
        made.count, made.most = dict(found["count"]), found["most"]
        return made


def listed(values: np.ndarray) -> list[list[float | None]]:
    """A table as JSON, None for nan."""
    return [[None if value != value else value for value in row] for row in values.tolist()]


def array(rows: Sequence[Sequence[float | None]]) -> np.ndarray:
    """A table from JSON, nan for None."""
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)
