"""What the heads of a model are compared with and no text changes: repeated tokens, and the same network with random weights.

Both belong to the model, so whoever scores one text after the other on it has them computed once and goes on with `roles.compared`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from explorer.ablation.resumable import Pieces
from explorer.scores import null
from explorer.scores.repeated import on_repeated
from models import Model
from models.errors import ExplorerError

RANDOM = "repeated, random weights"
"""What sequences of the network with random weights are called among finished pieces."""


@dataclass(frozen=True, eq=False)
class Baselines:
    """What belongs to a model.

    Attributes:
        repeated: its scores on repeated tokens by name, (layers, heads); empty for an encoder-decoder.
        random_repeated: those of the same network with random weights; empty likewise, and where there is no such network.
        drawable: whether its config makes a network with random weights.
        random: that network; None where there is none, or where it was not kept because it is large.
    """

    repeated: Mapping[str, np.ndarray]
    random_repeated: Mapping[str, np.ndarray]
    drawable: bool
    random: Model | None

    @property
    def memory_bytes(self) -> int:
        """Memory of the network and the scores, in bytes."""
        arrays = [*self.repeated.values(), *self.random_repeated.values()]
        return sum(array.nbytes for array in arrays) + (self.random.memory_bytes if self.random else 0)

    def network(self, model: Model) -> Model | None:
        """The network with random weights, the same one whenever it is drawn; None where there is none."""
        if self.random is not None or not self.drawable:
            return self.random
        return null.random_weights(model)


def of_model(model: Model, progress: Callable[[float], None] | None = None, resumable: Pieces | None = None) -> Baselines:
    """Computes them.

    Args:
        model: from `models.load`.
        progress: told the share that is done.
        resumable: where sequences that are done are kept.
    """
    tell = progress or (lambda share: None)
    lone = model.kind != "encoder-decoder"
    repeated = on_repeated(model, progress=lambda share: tell(0.4 * share), resumable=resumable) if lone else {}
    tell(0.4)
    try:
        random = null.random_weights(model)
        tell(0.6)
        random_repeated = {}
        if lone:
            random_repeated = on_repeated(random, progress=lambda share: tell(0.6 + 0.4 * share), resumable=resumable, what=RANDOM)
    except (ValueError, ExplorerError):
        random, random_repeated = None, {}
    tell(1.0)
    return Baselines(repeated, random_repeated, random is not None, random)
