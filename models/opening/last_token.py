"""Decoders that classify read their last token: which one that is must not depend on what its id happens to be.

transformers looks for the last token that is no padding, and where there is no padding token, it refuses several texts at once. Here texts are
never padded. So the row that is read is found once, on the text as it is (`row`), and stays the same where tokens are then replaced by a
stand-in, which may be the padding token itself; what comes after it cannot be seen from it, and is not run.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MethodType

from torch import nn

_NO_TOKEN = -1
"""An id that no token has."""


def keep(network: nn.Module) -> None:
    """Makes a decoder with a classification head read the last token that it is given; any other network is left alone."""
    if reads_last(network) and "forward" not in vars(network):
        network.forward = MethodType(_forward, network)


def row(network: nn.Module, ids: Sequence[int]) -> int:
    """The token at which a decoder classifies a text, as transformers finds it: the last one that is no padding; for others the last one."""
    padding = network.config.get_text_config().pad_token_id
    if padding is None or not reads_last(network):
        return len(ids) - 1
    return next((i for i in reversed(range(len(ids))) if ids[i] != padding), 0)


def ends(network: nn.Module, ids: Sequence[int]) -> int:
    """How many end tokens a text holds, where an encoder-decoder classifies: it takes no texts together that differ in it. Else 0."""
    if not (network.config.is_encoder_decoder and type(network).__name__.endswith("ForSequenceClassification")):
        return 0
    end = network.config.eos_token_id
    return sum(token in (end if isinstance(end, list) else [end]) for token in ids)


def reads_last(network: nn.Module) -> bool:
    """Whether it is a decoder that classifies."""
    # `score` is what transformers calls the head of its decoders; encoders have a `classifier`.
    named = type(network).__name__.endswith("ForSequenceClassification") and hasattr(network, "score")
    return named and not network.config.is_encoder_decoder


def _forward(self: nn.Module, *args: object, **kwargs: object) -> object:
    config = self.config.get_text_config()
    padding, config.pad_token_id = config.pad_token_id, _NO_TOKEN
    try:
        return type(self).forward(self, *args, **kwargs)
    finally:
        config.pad_token_id = padding
