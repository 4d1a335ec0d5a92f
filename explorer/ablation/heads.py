"""Sets of heads: as text, as gates, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch

from explorer.ablation.replacements import Replacement
from explorer.i18n import _
from models import InputError, Model, attention

Head = tuple[int, int]
"""Site, and head at that site, both from 0."""
Heads = frozenset[Head]


def every(model: Model) -> list[Head]:
    """All heads, in the order of the forward pass."""
    return [(site.index, head) for site in model.sites for head in range(site.heads)]


def ranked(values: Mapping[Head, float]) -> list[Head]:
    """Heads by a number of each, such as importance or cost, the smallest first; equals in the order of the forward pass."""
    return sorted(values, key=lambda head: (values[head], head))


def parse(model: Model, text: str) -> Heads:
    """Heads from text: "0.3,2.11" is layer.head; where a model has several parts, "cross.0.3".

    Raises:
        InputError: what is no head, or a head that the model does not have.
    """
    found = set()
    for word in filter(None, re.split(r"[\s,;]+", text)):
        match = re.fullmatch(r"(?:(encoder|decoder|cross)\.)?(\d{1,6})\.(\d{1,6})", word)
        if not match:
            raise InputError(_("{word!r} is no head.").format(word=word), _("Write layer.head, such as 0.3,2.11."))
        part = match[1] or model.parts[0]
        sites = model.sites_in(part)
        layer, head = int(match[2]), int(match[3])
        if layer >= len(sites) or head >= sites[layer].heads:
            raise InputError(_("{name} has no head {word}.").format(name=model.name, word=word), _("Layers and heads count from 0."))
        found.add((sites[layer].index, head))
    return frozenset(found)


def write(model: Model, heads: Iterable[Head]) -> str:
    """The text that `parse` reads."""
    several = len(model.parts) > 1
    words = []
    for site, head in sorted(heads):
        at = model.sites[site]
        words.append(f"{at.part}.{at.layer}.{head}" if several else f"{at.layer}.{head}")
    return ",".join(words)


def by_site(heads: Iterable[Head]) -> dict[int, list[int]]:
    """Heads by site, sorted."""
    found: dict[int, list[int]] = {}
    for site, head in sorted(heads):
        found.setdefault(site, []).append(head)
    return found


def changes(model: Model, heads: Iterable[Head], replacement: Mapping[int, Replacement] | None = None) -> dict[int, attention.Change]:
    """What removes these heads while `models.attention.attending` runs the model.

    Args:
        model: whose heads.
        heads: to remove.
        replacement: by site, what takes the place of a removed output (`replacements.replacements`); zero where a site is missing.

    Returns:
        By site, a change with a gate of shape (heads at that site,): 0 for each removed head, 1 for the others. Sites that keep all their
        heads are not in it.
    """
    made = {}
    for site, removed in by_site(heads).items():
        gate = torch.ones(model.sites[site].heads, device=model.device)
        gate[removed] = 0
        made[site] = attention.Change(gate=gate, replacement=(replacement or {}).get(site))
    return made
