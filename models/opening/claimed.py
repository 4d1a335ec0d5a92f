"""What config.json claims, beside what the files hold: a network is made as large as the one says, before the other is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import PreTrainedConfig

from models.opening import folder
from models.words import told

FREE, TIMES = 2**25, 8
"""Numbers that a network may have beside what its files hold, and how many times as many: weights that no file holds are random, and told;
quantised ones are packed."""
_LAYERS, _TIMES = 100, 10
"""The same of layers, and of weights in the files: each layer has some of its own, unless layers share them."""


def check(network: type, config: PreTrainedConfig, path: Path) -> None:
    """Ends it where the files hold far too little for what is claimed. What is usual costs nothing but a look at some numbers.

    Args:
        network: its class, of transformers or of a toy.
        config: what is claimed.
        path: folder of the files.

    Raises:
        ValueError: for a viewer; half a sentence.
    """
    text = config.get_text_config()
    if (layers := getattr(text, "num_hidden_layers", None) or 0) > _LAYERS + _TIMES * len(folder.names(path)):
        raise ValueError(told("config.json claims {layers} layers, of which the files do not hold the weights", layers=f"{layers:,}"))
    most = FREE + TIMES * folder.numbers(path)
    width = getattr(text, "hidden_size", None) or 1
    if all(value * width <= most for value in _sizes(config.to_dict())):
        return
    # It may be that of no weight, as the places of rotary positions are. Made without memory, the network tells.
    make = getattr(network, "_from_config", None) or network.from_config  # the latter of transformers' Auto classes
    with torch.device("meta"):
        claimed = make(config).num_parameters()
    if claimed > most:
        held = f"{folder.numbers(path):,}"
        raise ValueError(told("config.json claims {claimed} numbers, and the files hold {held}", claimed=f"{claimed:,}", held=held))


def _sizes(said: object, name: str = "") -> Iterator[int]:
    """Whole numbers of a configuration that are no id of a token."""
    if isinstance(said, dict):
        for key, value in said.items():
            yield from _sizes(value, str(key))
    elif isinstance(said, int) and not name.endswith(("_id", "_ids")):
        yield said
