"""A network to tamper with, for one purpose: networks are shared between viewers, and stay as they are."""

from __future__ import annotations

import copy

from torch import nn


def private(network: nn.Module) -> nn.Module:
    """A copy that shares the weights: whatever is put on it or taken from it, the original never learns of it.

    Weights stay where the original has them; the memory that it takes is that of its modules alone.
    """
    shared = {id(t): t for t in [*network.parameters(), *network.buffers()]}
    return copy.deepcopy(network, shared)
