"""A folder whose heads are cut out: what its config.json says of them, and how it is opened."""

from __future__ import annotations

from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from models.opening.sites import Site
from models.surgery import cutting
from models.words import told


def removed(config: PretrainedConfig) -> dict[int, list[int]]:
    """The heads that a sliced folder lacks, by site; empty for any other folder. Raises ValueError for an entry out of shape.

    transformers 4 wrote `pruned_heads`, by layer, where its `prune_heads` had cut a model; version 5 does not look at it.
    """
    entry = getattr(config, cutting.ENTRY, None) or {}
    if not entry and not config.is_encoder_decoder:
        entry = getattr(config, "pruned_heads", None) or {}
    try:
        return {int(site): [int(head) for head in heads] for site, heads in entry.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(told("{entry} in its config.json is not of the form {{site: [heads]}}", entry=cutting.ENTRY)) from error


def architecture(network_class: type, config: PretrainedConfig) -> type:
    """The class to open a folder with: for a sliced folder, one whose layers are cut before the weights are read.

    transformers makes a network without memory first and fills in the weights afterwards; cut in between, every weight of
    the file finds its own shape, and all checks of `from_pretrained` hold.

    Raises:
        ValueError: a sliced folder whose config does not name a network, or has an entry out of shape.
    """
    gone = removed(config)
    if not gone:
        return network_class
    if not issubclass(network_class, PreTrainedModel):
        raise ValueError(told("it was sliced, but its config.json does not say which network it is"))

    class Sliced(network_class):
        def __init__(self, config: PretrainedConfig, *args: object, **kwargs: object) -> None:
            super().__init__(config, *args, **kwargs)
            cutting.cut(self, gone)

    # transformers reads both: the name goes into config.json, the module's source tells how it attends.
    Sliced.__name__ = Sliced.__qualname__ = network_class.__name__
    Sliced.__module__ = network_class.__module__
    return Sliced


def notes(network: nn.Module, layout: tuple[Site, ...]) -> list[str]:
    """What a viewer should know about a sliced network; nothing for any other."""
    gone = removed(network.config)
    if not gone:
        return []
    lone = len({site.part for site in layout}) == 1
    where = [f"{'' if lone else site.part + ' '}layer {site.layer}: {cutting.listed(gone[site.index])}" for site in layout if site.index in gone]
    count = sum(map(len, gone.values()))
    total = count + sum(site.heads for site in layout)
    return [
        told("{count} of {total} heads are cut out ({where}); those left are numbered anew.", count=count, total=total, where="; ".join(where))
    ]
