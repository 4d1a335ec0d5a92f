"""What rotary positions (RoPE, Su et al. 2021) make of a query and a key that stand so many tokens apart."""

from __future__ import annotations

from contextlib import ExitStack

import torch
from torch import Tensor

from explorer.i18n import _
from explorer.positions import tables
from explorer.weights.opened import Weights
from models import InputError, Model, attention
from models.opening import sites
from models.opening.in_float32 import exact
from models.surgery.private import private
from models.surgery.projections import joined, of_sites

MOST = 64
"""Tokens between a query and its key that are asked for at most: the network runs on so many, once for each number of a query."""


def farthest(model: Model) -> int:
    """Tokens between a query and its key that a model can be asked for."""
    return min(MOST, (model.max_length or MOST + 1) - 1)


def check(weights: Weights, site: sites.Site, distance: int) -> None:
    """Raises InputError for positions that do not turn, or a distance that is none or too long."""
    if weights.positions != tables.ROPE or site.kind != "self":
        raise InputError(_("Only rotary positions turn a pair by its distance."), _("Ask for distance 0."))
    most = farthest(weights.model)
    if not 0 <= distance <= most:
        raise InputError(_("There is no distance {n} here.").format(n=distance), _("Choose 0 to {most}.").format(most=most))


def turning(weights: Weights, site: sites.Site, distance: int) -> Tensor:
    """M, (d_k, d_k) float32: q M k^T is the score, but for its scale, of a query that stands `distance` tokens after its key.

    The network's own code turns: it is run with each number alone in the place of what its projections give.

    Raises:
        InputError: as `check`.
    """
    check(weights, site, distance)
    model = weights.model
    known, network = of_sites(model)[site.index], private(model.network)
    twins = dict(zip(map(id, model.network.modules()), network.modules(), strict=True))
    sites_of = {id(twins[module]): numbers for module, numbers in model.sites_of.items()}
    module = next(twins[own] for own, numbers in model.sites_of.items() if site.index in numbers)
    units = torch.eye(known.size, device=model.device)
    made = [joined(known, unit.expand(site.heads, -1), *2 * [unit.expand(site.kv_heads, -1)]) for unit in units]
    rows = {name: torch.stack([one[name] for one in made])[:, None] for name in made[0]}
    ids = torch.full((len(units), distance + 1), 7, device=model.device)
    given = {"input_ids": ids} | ({"decoder_input_ids": ids} if model.kind == "encoder-decoder" else {})
    with model.lock, ExitStack() as hooks, torch.no_grad(), exact(network), attention.attending(sites_of) as run:
        for name, one in rows.items():
            said = module.get_submodule(name).register_forward_hook(lambda _module, _args, out, one=one: one.to(out).expand_as(out))
            hooks.callback(said.remove)
        network.base_model(**sites.inputs_for(network, **given))
    record = next(record for record in run.records if record.site == site.index)
    return record.query[:, 0, distance].float() @ record.key[:, 0, 0].float().T
