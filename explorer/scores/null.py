"""The same scores where no head can have learned a role (random weights), and where word order is gone (shuffled tokens)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from explorer.reading import AnyText, Tokens, encode, tokens_of
from models import Model
from models.opening import sites
from models.seeded import seeded
from models.words import told


def shuffled(model: Model, texts: Sequence[AnyText], seed: int = 0) -> list[list[int]]:
    """The ids of each text, as the model reads it, its tokens in random order; those that frame it stay in place."""
    return [list(tokens.ids) for tokens in shuffled_tokens(model, texts, seed)]


def shuffled_tokens(model: Model, texts: Sequence[AnyText], seed: int = 0) -> list[Tokens]:
    """The same with all that a network is told: the segments of a pair stay where they were, so that its tokens change sides, too."""
    draw = np.random.default_rng(seed)
    found = []
    for text in texts:
        of = getattr(text, "source", text)
        read = of if isinstance(of, Tokens) else tokens_of(model, encode(model, of, limit=model.max_length) if isinstance(of, str) else of)
        order = np.arange(len(read))
        free = np.array(read.free, dtype=int)
        order[free] = free[draw.permutation(len(free))]
        mixed = read.take(order)
        found.append(replace(mixed, segments=read.segments, types=read.types))
    return found


def drawn(model: Model, seed: int = 0) -> Model | None:
    """As `random_weights`; None where an architecture cannot be made from its config alone."""
    try:
        return random_weights(model, seed)
    except ValueError:
        return None


def random_weights(model: Model, seed: int = 0) -> Model:
    """The same architecture with weights drawn as for the start of a training; `trained` is False.

    Raises:
        ValueError: an architecture that its config alone does not make (a model that heads were cut out of).
    """
    with seeded(seed):
        network = type(model.network)(model.network.config)
    network = network.to(model.device, model.dtype).eval()
    layout = sites.find_sites(network)
    if [site.heads for site in layout.sites] != [site.heads for site in model.sites]:
        raise ValueError(told("the config makes another number of heads"))
    return replace(
        model,
        name=f"{model.name}, random weights",
        network=network,
        sites=layout.sites,
        sites_of=layout.sites_of,
        view_only=layout.reason if layout.view_only else "",
        trained=False,
    )
