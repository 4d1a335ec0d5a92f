"""Feed-forward layers that read a very long text a piece at a time.

What such a layer makes of a token depends on that token alone (Vaswani et al. 2017, section 3.3), and on the way it holds several arrays that are
four times as wide as the network: of 16,384 tokens through GPT-2 small 800 MB at once, where all that a capture keeps of twelve layers takes
1,800 MB. In pieces they are made of the same few pages again and again, at no cost of time. Shorter texts are read whole, as they always were;
so is what learns, and what an accelerator computes: it has no heap that tears, and weights that rest elsewhere (`split`) would be sent to it once
for each piece.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from models.attention import heap

_NAMES = frozenset({"mlp", "ff", "ffn", "feed_forward", "DenseReluDense"})
"""What transformers calls them; layers that choose among experts, or mix tokens, are called so too and hold other things."""
_PIECE_BYTES = 8 * 2**20
"""Of the widest array of a piece. A few of them stay below what the heap keeps free (`heap`)."""


def prepare(network: nn.Module) -> int:
    """Has the feed-forward layers of a network read very long texts in pieces, and leaves all else as it is; returns how many layers do."""
    found = [module for name, module in network.named_modules() if name.rpartition(".")[2] in _NAMES and _token_by_token(module)]
    for module in found:
        # Another class, not another function: copies of the network, with other weights, stay copies.
        module.__class__ = _in_pieces(type(module))
    return len(found)


def _token_by_token(module: nn.Module) -> bool:
    """Whether all its weights are those of matrices, which know nothing of other tokens; and it is not prepared yet."""
    matrices = [child for child in module.children() if isinstance(child, nn.Linear | Conv1D)]
    of_matrices = sum(len(list(child.parameters())) for child in matrices)
    return bool(matrices) and of_matrices == len(list(module.parameters())) and not isinstance(module, _Pieces)


class _Pieces:
    """Comes before the layer's own class."""

    def forward(self, *given: object, **named: object) -> object:
        whole = super().forward
        if len(given) != 1 or named or not _may_be_cut(given[0]) or torch.is_grad_enabled() or self.training:
            return whole(*given, **named)
        hidden = given[0]
        each = heap.widest(1, hidden.shape[-1])
        if each * hidden.shape[1] <= heap.LONG:
            return whole(hidden)
        return torch.cat([whole(piece) for piece in hidden.split(max(1, _PIECE_BYTES // each), dim=1)], dim=1)

    def __reduce_ex__(self, protocol: int) -> tuple:
        # Its class goes by the name of its own one, where pickle would look for it and find the other.
        _make, _given, *rest = super().__reduce_ex__(protocol)
        return _new, (type(self).__bases__[1],), *rest


def _may_be_cut(given: object) -> bool:
    return isinstance(given, Tensor) and given.dim() == 3 and given.device.type == "cpu"


def _new(kind: type[nn.Module]) -> nn.Module:
    """A layer of that class that reads in pieces, without what it holds: how one is copied, and read from a file of `torch.save`."""
    made = _in_pieces(kind)
    return made.__new__(made)


@cache
def _in_pieces(kind: type[nn.Module]) -> type[nn.Module]:
    return type(kind.__name__, (_Pieces, kind), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
