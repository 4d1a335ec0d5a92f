"""What heads prefer by distance alone, whatever the tokens are."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.positions import tables
from explorer.weights.norms import Norm, unit
from explorer.weights.opened import Weights
from models import attention
from models.opening import sites
from models.opening.in_float32 import exact
from models.surgery.private import private
from models.surgery.projections import joined, of_sites

SPAN = 64
"""Positions that are looked at: distances from -63 to 63."""


@dataclass(frozen=True, eq=False)
class Distances:
    """Scores by distance of all heads of a part, without tokens.

    Attributes:
        kind: where they come from, one of `explorer.positions.tables`. Of positions that are added: W_Q^T W_K between two positions alone, mean
            over all pairs that are so far apart. Of RoPE: the mean over all pairs of tokens, so far apart. Of ALiBi and T5: the bias.
        offsets: position of the key minus position of the query, (n,).
        curves: scaled scores, (layers, heads, n); nan where there is no head, and where a causal mask hides the key.
        previous: the weight on the token before that this gives, mean over queries but the first, (layers, heads); nan where there is no head.
    """

    kind: str
    offsets: np.ndarray
    curves: np.ndarray
    previous: np.ndarray


def by_distance(weights: Weights, part: str | None = None, n: int = SPAN) -> Distances | None:
    """Distances of all heads of a part; None for cross-attention, which joins two texts and knows no distance between them.

    Raises:
        InputError: no such part.
    """
    of_part = weights.sites(part)
    if of_part[0].kind == "cross":
        return None
    model = weights.model
    n = min(n, model.max_length or n)
    added = weights.entry(of_part[0].part).positions(n)
    kind = weights.positions
    silent = kind in (tables.ALIBI, tables.RELATIVE)
    found = _ran(weights, of_part, n, silent) if added is None else _between(weights, of_part, added)
    causal = of_part[0].part == "decoder"
    offsets = np.arange(1 - n, 1 if causal else n)
    most = max(1, max(site.heads for site in of_part))
    curves = np.full((len(of_part), most, len(offsets)), np.nan)
    previous = np.full((len(of_part), most), np.nan)
    for site, scores in zip(of_part, found, strict=True):
        if causal:
            scores = scores.masked_fill(torch.ones(n, n, dtype=torch.bool, device=scores.device).triu(1), -torch.inf)
        before = scores.softmax(-1).diagonal(-1, dim1=1, dim2=2)  # (heads, n - 1): query i on key i - 1
        previous[site.layer, : site.heads] = before.mean(-1).cpu().numpy()
        for at, offset in enumerate(offsets):
            curves[site.layer, : site.heads, at] = scores.diagonal(int(offset), dim1=1, dim2=2).mean(-1).cpu().numpy()
    return Distances(kind, offsets, curves, previous)


def _between(weights: Weights, of_part: tuple[sites.Site, ...], added: Tensor) -> list[Tensor]:
    """Scores between positions alone, a (heads, n, n) for each layer."""
    found = []
    for site in of_part:
        each = []
        for head in weights.heads(site):
            query = unit(head.query_norm, added) @ head.query + head.query_bias
            key = unit(head.key_norm, added) @ head.key + head.key_bias
            each.append(head.scale * query @ key.T)
        found.append(torch.stack(each) if each else added.new_zeros(0, len(added), len(added)))
    return found


def _ran(weights: Weights, of_part: tuple[sites.Site, ...], n: int, silent: bool) -> list[Tensor]:
    """Scores of a run on n positions in which each projection gives the mean query and key of all tokens, or nothing.

    Nothing is for where only a bias is asked for. A score is linear in query and key, so that the score of the means is the mean of the scores
    of all pairs; whatever turns them, or is added for the distance, is the network's own code.
    """
    model = weights.model
    network, known = private(model.network), of_sites(model)
    twins = dict(zip(map(id, model.network.modules()), network.modules(), strict=True))
    sites_of = {id(twins[module]): numbers for module, numbers in model.sites_of.items()}
    fixed: dict[int, dict[str, Tensor]] = {}
    means: dict[object, Tensor] = {}
    for site in of_part:
        heads = weights.heads(site)
        if not heads:
            continue
        group = site.heads // site.kv_heads
        query = torch.stack([_mean(weights, site.part, head.query_norm, means) @ head.query + head.query_bias for head in heads])
        key = torch.stack([_mean(weights, site.part, head.key_norm, means) @ head.key + head.key_bias for head in heads[::group]])
        factor = 0.0 if silent else 1.0
        fixed[site.index] = joined(known[site.index], factor * query, factor * key, torch.zeros_like(key))
    ids = torch.full((1, n), 7, device=model.device)
    given = {"input_ids": ids} | ({"decoder_input_ids": ids} if model.kind == "encoder-decoder" else {})
    with ExitStack() as hooks, model.lock, torch.no_grad(), exact(network), attention.attending(sites_of) as run:
        for own, numbers in model.sites_of.items():
            for name in known[numbers[0]].family.inputs if numbers[0] in fixed else ():
                rows = [fixed[number][name] for number in numbers]
                hooks.callback(twins[own].get_submodule(name).register_forward_hook(_saying(rows)).remove)
        network.base_model(**sites.inputs_for(network, **given))
    records = {record.site: record for record in run.records}
    return [_unmasked(records[site.index]) for site in of_part]


def _saying(rows: list[Tensor]) -> object:
    """A hook that gives these rows, one a call, in the place of what a projection gives."""
    left = iter(rows)

    def hook(_module: object, _args: tuple, output: Tensor) -> Tensor:
        return next(left).to(output).expand_as(output)

    return hook


def _unmasked(record: attention.Record) -> Tensor:
    """Scores of all heads with the bias, but without the mask, (heads, n, n)."""
    query, key = record.query[0].float(), record.key[0].float().repeat_interleave(record.group, dim=0)
    if not record.heads:
        return query.new_zeros(0, query.shape[1], query.shape[1])
    made = record.scale[0].float() * query @ key.transpose(-1, -2)
    return made if record.bias is None else made + record.bias[0].float()


def _mean(weights: Weights, part: str, norm: Norm | None, known: dict[object, Tensor]) -> Tensor:
    """Mean over all tokens of what a norm makes of them, (width,)."""
    kind = None if norm is None else norm.kind
    if kind not in known:
        entry = weights.entry(part)
        known[kind] = sum(unit(norm, x).sum(0) for _block, x in entry.blocks()) / entry.size
    return known[kind]
