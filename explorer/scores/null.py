"""The same scores where no head can have learned a role (random weights), and where word order is gone (shuffled tokens)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from explorer.tokens import framing
from models import Model
from models.opening import sites


def shuffled(model: Model, texts: Sequence[str], seed: int = 0) -> list[list[int]]:
    """The ids of each text, as the model reads it, its tokens in random order; those that frame it stay in place."""
    frame, draw = framing(model.tokenizer), np.random.default_rng(seed)
    limit = {"truncation": True, "max_length": model.max_length} if model.max_length else {}
    found = []
    for text in texts:
        ids = np.array(model.tokenizer(text, verbose=False, **limit)["input_ids"])
        free = np.flatnonzero(~np.isin(ids, list(frame)))
        ids[free] = ids[draw.permutation(free)]
        found.append(ids.tolist())
    return found


def random_weights(model: Model, seed: int = 0) -> Model:
    """The same architecture with weights drawn as for the start of a training; `trained` is False.

    Raises:
        ValueError: an architecture that its config alone does not make (a model that heads were cut out of).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = type(model.network)(model.network.config)
    network = network.to(model.device, model.dtype).eval()
    layout = sites.find_sites(network)
    if [site.heads for site in layout.sites] != [site.heads for site in model.sites]:
        raise ValueError("the config makes another number of heads")
    return replace(
        model,
        name=f"{model.name}, random weights",
        network=network,
        sites=layout.sites,
        sites_of=layout.sites_of,
        view_only=layout.reason if layout.view_only else "",
        trained=False,
    )
