"""The matrices of a real layer's attention, head by head: an input is a row, and each head has its own columns.

Whoever reads weights takes them from here, whatever the layer calls them: in separate matrices or side by side in one, transposed as GPT-2
keeps them, with fewer heads of keys and values than of queries.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.opening.devices import precise
from models.opening.loading import Model
from models.surgery.cutting import FAMILIES, Family, HeadProjections, head_projections

_READ_ALONE = {
    # ALBERT's layers share one set of weights, so a head of one layer alone cannot be cut out; GPT-NeoX and GPT-Neo are not cut yet.
    "AlbertAttention": Family(("query", "key", "value"), "dense", "num_attention_heads", "attention_head_size"),
    "GPTNeoXAttention": Family(("query_key_value",), "dense", None, "head_size", by_head=True),
    "GPTNeoSelfAttention": Family(("q_proj", "k_proj", "v_proj"), "out_proj", "num_heads", "head_dim"),
}
READABLE: Mapping[str, Family] = {**FAMILIES, **_READ_ALONE}
"""Families whose heads' weights are known, by the class of the attention module; more than those whose heads can be cut out."""


def of_sites(model: Model) -> dict[int, HeadProjections]:
    """Where the weights of each attention site lie, by the number of the site; sites whose weights are not known head by head are left out."""
    by_module = {id(found.module): found for found in head_projections(model.network, READABLE)}
    sites = {site: by_module[module] for module, numbers in model.sites_of.items() if module in by_module for site in numbers}
    return {site.index: sites[site.index] for site in model.sites if site.heads and site.index in sites and sites[site.index].heads == site.heads}


def matrices(of: HeadProjections) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
    """W_Q, W_K and W_V with their bias as a last row, (width + 1, heads, d_k) each, of which keys and values may have fewer heads;
    W_O (heads, d_k, width) and its bias; as `devices.precise` has them."""
    inputs = [_rows(of.module.get_submodule(name)) for name in of.family.inputs]
    if len(inputs) == 1:
        inputs = _split(of, inputs[0])
    w_q, w_k, w_v = (one.unflatten(1, (-1, of.size)) for one in inputs)
    return w_q, w_k, w_v, output(of)


def output(of: HeadProjections) -> tuple[Tensor, Tensor]:
    """W_O and its bias alone, as the last of `matrices`."""
    out = _rows(of.output)
    return out[:-1].unflatten(0, (-1, of.size)), out[-1]


def joined(of: HeadProjections, query: Tensor, key: Tensor, value: Tensor) -> dict[str, Tensor]:
    """What each projection of a layer would give for these queries, keys and values, (heads, d_k) each: by its name, (outputs,)."""
    if len(of.family.inputs) > 1:
        return {name: one.flatten() for name, one in zip(of.family.inputs, (query, key, value), strict=True)}
    parts = (query, key, value)[: of.side_by_side]
    return {of.family.inputs[0]: torch.stack(parts, 1 if of.family.by_head else 0).flatten()}


def parameters(of: HeadProjections) -> int:
    """Of all four projections, biases included."""
    modules = [*(of.module.get_submodule(name) for name in of.family.inputs), of.output]
    return sum(weight.numel() for module in modules for weight in module.parameters())


def _split(of: HeadProjections, fused: Tensor) -> list[Tensor]:
    if of.family.by_head:
        found = [one.flatten(1) for one in fused.unflatten(1, (of.heads, of.side_by_side, of.size)).unbind(2)]
    else:
        found = list(fused.chunk(of.side_by_side, dim=1))
    return [found[0], found[1], found[-1]]


def _rows(layer: nn.Module) -> Tensor:
    """(inputs + 1, outputs): how each input is mapped, and the bias as the last row."""
    weight = precise(layer.weight.detach())
    weight = weight.T if isinstance(layer, nn.Linear) else weight  # GPT-2 keeps it the other way round
    bias = weight.new_zeros(weight.shape[1]) if layer.bias is None else precise(layer.bias.detach())
    return torch.cat([weight, bias[None]])
