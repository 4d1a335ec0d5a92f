"""One token followed through all layers: what each head gives it to look at, and which keys a layer looks at most.

Only one row of each map is computed, so that a long text costs no more than a short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from explorer.capture import Capture
from explorer.views import crop

SHOWN = 40
"""Keys that a picture of all layers shows at most."""
TOP = 3
"""Keys of a layer that are named."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The row of one token in each head of a layer.

    Attributes:
        layer: from 0.
        weights: float32 (heads, keys); masked ones 0.
        visible: bool (keys,); False is masked.
        mean: float32 (keys,), over the heads; zeros where a layer has none left.
    """

    layer: int
    weights: np.ndarray
    visible: np.ndarray
    mean: np.ndarray

    def top(self, n: int = TOP) -> list[tuple[int, float]]:
        """The keys that get most over all heads, the first one first: their place among `keys`, and the mean weight."""
        there = np.flatnonzero(self.visible)
        order = there[np.argsort(-self.mean[there], kind="stable")][:n]
        return [(int(place), float(self.mean[place])) for place in order]


@dataclass(frozen=True, eq=False)
class Followed:
    """One token through all layers.

    Attributes:
        query: its position in the text.
        label: how it is written.
        keys: positions of the tokens that it may be seen to look at, in the whole text.
        labels: of the keys.
        layers: its row in each head of each.
    """

    query: int
    label: str
    keys: np.ndarray
    labels: Sequence[str]
    layers: Sequence[Layer]

    def narrowed(self, n: int = SHOWN) -> Followed:
        """The same with at most `n` keys, those that some layer looks at most, in the order of the text. No weight changes."""
        if len(self.keys) <= n:
            return self
        most = np.max([layer.mean for layer in self.layers], axis=0)
        kept = np.sort(np.argsort(-most, kind="stable")[:n])
        layers = [replace(x, weights=x.weights[:, kept], visible=x.visible[kept], mean=x.mean[kept]) for x in self.layers]
        return replace(self, keys=self.keys[kept], labels=[self.labels[i] for i in kept], layers=layers)


def follow(captured: Capture, query: int, part: str | None = None, *, special: str = "raw", pair: str = "all") -> Followed:
    """Follows a token.

    Args:
        captured: the text.
        query: position of the token that attends, from 0.
        part: of the model, the first one where None.
        special, pair: which keys are left out, and what becomes of the rest, as in `explorer.views.crop`.

    Raises:
        IndexError: there is no such token.
    """
    queries, keys = captured.queries(part), captured.keys(part)
    if not 0 <= query < len(queries):
        raise IndexError(f"token {query}: there are {len(queries)}, counted from 0")
    cut = crop(queries, keys, special=special, pair=pair)
    # Of the one row that is computed.
    lone, row = replace(cut, rows=np.array([0])), slice(query, query + 1)
    layers = []
    for site in captured.sites(part):
        visible = captured.visible(site.layer, part, row)[0][cut.columns]
        if site.heads:
            weights = lone.of(captured.patterns(site.layer, part, row))[:, 0]
            mean = weights.mean(axis=0)
        else:
            weights, mean = np.zeros((0, len(cut.columns)), np.float32), np.zeros(len(cut.columns), np.float32)
        layers.append(Layer(site.layer, weights, visible, mean))
    return Followed(query, queries.labels[query], cut.columns, [keys.labels[i] for i in cut.columns], layers)
