"""Embeddings that two stacks share, from a file that holds them under one of their names.

transformers 4 made one table for both stacks, whatever a configuration said of the head, and files were written with whichever of its names
came first. transformers 5 has three tables and ties them by `tie_word_embeddings`: without it, those that a file does not name stay random, and
with it the encoder may be given the table of the head.
"""

from __future__ import annotations

from collections.abc import Collection

from torch import nn


def share(network: nn.Module, stored: Collection[str]) -> list[str]:
    """Gives both stacks, and the table that is called the network's input embeddings, what a file holds under the name of one of them.

    Args:
        network: any; changed where its base model has a table that is called `shared`.
        stored: names of the weights in the file.

    Returns:
        Names of the weights that were not in the file and are right now.
    """
    base = network.base_model
    if not isinstance(getattr(base, "shared", None), nn.Embedding):
        return []
    stacks = {name: getattr(base, name, None) for name in ("encoder", "decoder")}
    tables = {"shared": base.shared}
    tables |= {f"{name}.embed_tokens": stack.embed_tokens for name, stack in stacks.items() if hasattr(stack, "embed_tokens")}
    held = [name for name in tables if any(f".{key}".endswith(f".{name}.weight") for key in stored)]
    if not held:
        return []
    source = tables[held[0]].weight
    filled = [name for name, table in tables.items() if name not in held and table.weight.shape == source.shape]
    for name in filled:
        tables[name].weight = source
    of = {id(table): name for name, table in tables.items()}
    return [f"{name}.weight" for name, module in network.named_modules() if of.get(id(module)) in filled]
