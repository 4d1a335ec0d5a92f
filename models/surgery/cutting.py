"""Cutting heads out of an attention layer: which projections hold them, per architecture, and how the layer runs afterwards.

transformers 5 cannot prune heads any more. A head is a slice of rows in the projections of queries, keys and values and the
same slice of columns in the output projection; all slices of a layer are cut together (Michel et al. 2019, section 4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from models.errors import InputError
from models.surgery.headless import Headless, PartOfBias
from models.words import told

ENTRY = "explorer_sliced_heads"
"""Entry of config.json: {site: [heads that are gone]}, both counted as in the full model."""
FROM = "explorer_sliced_from"
"""Entry of config.json: the name of the model that was cut."""


@dataclass(frozen=True)
class Family:
    """Where the attention modules of an architecture keep their heads.

    Attributes:
        inputs: projections of queries, keys and values; only one name where they lie side by side in one matrix. There, keys may be
            values, too.
        output: the output projection, in the module, or in its parent if `beside`.
        count: the module's number of heads, if it keeps one.
        size: the module's numbers per head.
        beside: the output projection is applied by the parent.
        mixins: how a layer runs that lost some of its heads, where its own code would not do.
        by_head: in the one matrix, query, key and value of a head lie side by side, rather than all queries, all keys and all values.
    """

    inputs: tuple[str, ...]
    output: str
    count: str | None
    size: str
    beside: bool = False
    mixins: tuple[type, ...] = ()
    by_head: bool = False


_BERT = Family(("query", "key", "value"), "output.dense", "num_attention_heads", "attention_head_size", beside=True)
_BART = Family(("q_proj", "k_proj", "v_proj"), "out_proj", "num_heads", "head_dim")
_LLAMA = Family(("q_proj", "k_proj", "v_proj"), "o_proj", None, "head_dim")

FAMILIES: dict[str, Family] = {
    "BertSelfAttention": _BERT,
    "RobertaSelfAttention": _BERT,
    "ElectraSelfAttention": _BERT,
    "DistilBertSelfAttention": Family(("q_lin", "k_lin", "v_lin"), "out_lin", "n_heads", "attention_head_size"),
    "GPT2Attention": Family(("c_attn",), "c_proj", "num_heads", "head_dim"),
    "OPTAttention": _BART,
    "LlamaAttention": _LLAMA,
    "MistralAttention": _LLAMA,
    "Qwen2Attention": _LLAMA,
    "T5Attention": Family(("q", "k", "v"), "o", "n_heads", "key_value_proj_dim", mixins=(PartOfBias,)),
    "BartAttention": _BART,
    "MarianAttention": _BART,
    "ToyAttention": Family(("qkv",), "output", "heads", "d_k"),
    "ToyCrossAttention": Family(("query", "key", "value"), "output", "heads", "d_k"),
}
"""By the class of the attention module."""

_WIDTHS = ("all_head_size", "split_size", "inner_dim")
"""Names under which modules keep heads x numbers per head."""


@dataclass(frozen=True, eq=False)
class HeadProjections:
    """One attention module of a network, and its output projection."""

    index: int
    module: nn.Module
    output: nn.Linear | Conv1D
    family: Family

    @property
    def size(self) -> int:
        """Numbers per head."""
        return getattr(self.module, self.family.size)

    @property
    def heads(self) -> int:
        return _shape(self.output)[0] // self.size

    @property
    def kv_heads(self) -> int:
        if len(self.family.inputs) == 1:
            return self.heads
        return _shape(self.module.get_submodule(self.family.inputs[-1]))[1] // self.size

    @property
    def side_by_side(self) -> int:
        """Matrices in the one projection, where there is only one: 3, or 2 where keys are values, too."""
        return _shape(self.module.get_submodule(self.family.inputs[0]))[1] // _shape(self.output)[0]

    @property
    def kept(self) -> list[int]:
        """The heads that are left, numbered as in the full model."""
        return getattr(self.module, "kept_heads", None) or list(range(self.heads))

    @property
    def removed(self) -> list[int]:
        """The heads that are gone, numbered as in the full model."""
        kept = set(self.kept)
        return [head for head in range(getattr(self.module, "all_heads", self.heads)) if head not in kept]

    def checked(self, heads: Collection[int]) -> list[int]:
        """The heads in order, once each. Raises InputError for a head that is not there."""
        if unknown := sorted(head for head in set(heads) if not 0 <= head < self.heads):
            raise InputError(
                told(
                    "Attention site {index} has {heads} heads, counted from 0; there is no head {unknown}.",
                    index=self.index,
                    heads=self.heads,
                    unknown=listed(unknown),
                )
            )
        return sorted(set(heads))


def head_projections(network: nn.Module, families: Mapping[str, Family] = FAMILIES) -> list[HeadProjections]:
    """The attention modules of some families, those that can be cut, in the order in which they are registered; no weights are needed."""
    found = []
    for name, module in network.named_modules():
        family = families.get(_original(module).__name__)
        # A toy's heads may be averaged, or stand without an output projection: then none has weights to itself.
        if family is None or not getattr(module, "sliceable", True):
            continue
        owner = network.get_submodule(name.rpartition(".")[0]) if family.beside else module
        layers = [owner.get_submodule(family.output), *(module.get_submodule(projection) for projection in family.inputs)]
        # A quantised or adapted layer holds its numbers in another way.
        if all(type(layer) in (nn.Linear, Conv1D) for layer in layers):
            found.append(HeadProjections(len(found), module, layers[0], family))
    return found


def cut(network: nn.Module, heads: Mapping[int, Collection[int]]) -> None:
    """Takes heads out of a network, in place, and notes in its config which are gone.

    Args:
        network: on any device, "meta" included. Cut weights become new parameters; the old ones are not written to.
        heads: head numbers by site, as the network counts them now.

    Raises:
        InputError: no such site or head, or only a part of the heads that read one key/value head.
    """
    found = head_projections(network)
    by_site = chosen(found, heads)
    for projections, gone in by_site:
        _check_groups(projections, gone)
    for projections, gone in by_site:
        if gone:
            _cut(projections, gone)
    if removed := {str(projections.index): projections.removed for projections in found if projections.removed}:
        setattr(network.config, ENTRY, removed)


def chosen(found: list[HeadProjections], heads: Mapping[int, Collection[int]]) -> list[tuple[HeadProjections, list[int]]]:
    """Places with the heads asked for, checked. Raises InputError for a site or head that is not there."""
    if unknown := sorted(set(heads) - set(range(len(found)))):
        raise InputError(
            told("There is no attention site {unknown}; there are {count}, counted from 0.", unknown=listed(unknown), count=len(found))
        )
    return [(found[index], found[index].checked(gone)) for index, gone in sorted(heads.items())]


def columns(projections: HeadProjections, heads: Iterable[int], device: torch.device) -> Tensor:
    """Positions of heads in the input of the output projection, (heads x numbers per head,)."""
    first = torch.tensor(list(heads), dtype=torch.long, device=device) * projections.size
    return (first[:, None] + torch.arange(projections.size, device=device)).flatten()


def _cut(projections: HeadProjections, gone: list[int]) -> None:
    module, family = projections.module, projections.family
    group = projections.heads // projections.kv_heads
    total = projections.heads
    left = [head for head in range(total) if head not in set(gone)]
    left_kv = [head // group for head in left if head % group == 0]
    kept, all_heads = [projections.kept[head] for head in left], getattr(module, "all_heads", total)
    device = projections.output.weight.device
    if len(family.inputs) == 1:
        beside = [part * total + head for part in range(projections.side_by_side) for head in left]
        rows = [columns(projections, beside, device)]
    else:
        rows = [columns(projections, heads, device) for heads in (left, left_kv, left_kv)]
    for name, index in zip(family.inputs, rows, strict=True):
        _keep(module.get_submodule(name), index, of_output=True)
    _keep(projections.output, columns(projections, left, device), of_output=False)

    module.kept_heads, module.all_heads, module.family = kept, all_heads, family
    if family.count:
        setattr(module, family.count, len(left))
    for width in _WIDTHS:
        if hasattr(module, width):
            setattr(module, width, len(left) * projections.size)
    mixins = family.mixins if left else (*family.mixins, Headless)
    if mixins:
        module.__class__ = _mixed(mixins, _original(module))


def _check_groups(projections: HeadProjections, gone: list[int]) -> None:
    group = projections.heads // max(1, projections.kv_heads)
    for first in sorted({head - head % group for head in gone}):
        if missing := [head for head in range(first, first + group) if head not in gone]:
            raise InputError(
                told(
                    "At attention site {index}, heads {heads} read the same key/value head, and can be cut out only together.",
                    index=projections.index,
                    heads=listed(range(first, first + group)),
                ),
                told("Remove {missing} too, or switch single heads off with a gate.", missing=listed(missing)),
            )


@torch.no_grad()
def _keep(layer: nn.Linear | Conv1D, index: Tensor, *, of_output: bool) -> None:
    """Keeps the given outputs (or inputs) of a projection. Linear stores (output, input), Conv1D (input, output)."""
    linear = isinstance(layer, nn.Linear)
    weight = layer.weight
    layer.weight = nn.Parameter(weight.index_select(0 if of_output == linear else 1, index), weight.requires_grad)
    if of_output and layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.index_select(0, index), layer.bias.requires_grad)
    inputs, outputs = _shape(layer)
    if linear:
        layer.in_features, layer.out_features = inputs, outputs
    else:
        layer.nx, layer.nf = inputs, outputs


def _shape(layer: nn.Linear | Conv1D) -> tuple[int, int]:
    """Numbers of inputs and outputs."""
    first, second = layer.weight.shape
    return (second, first) if isinstance(layer, nn.Linear) else (first, second)


def _original(module: nn.Module) -> type:
    return getattr(type(module), "original", type(module))


@lru_cache
def _mixed(mixins: tuple[type, ...], original: type) -> type:
    # A subclass rather than a patched `forward`: hooks of transformers, and copies of a network, go on working.
    return type(f"Sliced{original.__name__}", (*mixins, original), {"original": original, "__module__": original.__module__})


def listed(numbers: Iterable[int]) -> str:
    """Numbers for a sentence."""
    return ", ".join(map(str, numbers))
