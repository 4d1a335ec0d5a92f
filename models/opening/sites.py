"""Where a network attends: found by running it once on a few tokens and listening, not by reading its class name."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models import attention
from models.opening import devices, own_attention, own_weights, split
from models.opening.in_float32 import HALF, exact, widened
from models.opening.quiet import quiet
from models.words import told

Parts = ("encoder", "decoder", "cross")

_SOURCE, _TARGET = 6, 4
"""Lengths of the texts that a network is checked with: they differ, so that cross-attention (4 queries, 6 keys) shows by its shape."""


@dataclass(frozen=True)
class Site:
    """One attention layer of a network.

    Attributes:
        index: number of the site, in the order of the forward pass.
        part: "encoder", "decoder" or "cross". A lone stack is "decoder" where its mask is causal, else "encoder".
        layer: layer within its part, from 0.
        heads, kv_heads: query heads, and key/value heads (fewer where heads are grouped).
        head_dim: numbers per query.
    """

    index: int
    part: str
    layer: int
    heads: int
    kv_heads: int
    head_dim: int

    @property
    def kind(self) -> str:
        """ "self" or "cross"."""
        return "cross" if self.part == "cross" else "self"


@dataclass(frozen=True)
class Layout:
    """All attention sites of a network, and which module serves which.

    Attributes:
        sites: in the order of the forward pass.
        sites_of: site numbers by `id(module)`; empty for a network that does not dispatch through the interface.
        view_only: True where the weights come from the network's own eager code and cannot be changed.
        reason: why it is view-only, else empty.
    """

    sites: tuple[Site, ...]
    sites_of: dict[int, tuple[int, ...]]
    view_only: bool = False
    reason: str = ""


def find_sites(network: nn.Module) -> Layout:
    """Finds the attention sites of a network and leaves it on the best attention it can run on.

    The network is run twice on a few token ids: with its own eager attention, and with ours. Only where both give the same
    hidden states is ours used; else the network is opened view-only, with the weights that its eager code returns. A network in half
    precision is compared in float32: two ways to the same numbers, each rounded in its own places, would differ by more than any tolerance
    that still tells another computation from them.

    Raises:
        ValueError: the network shows no attention at all, or none that can be shown, in words that follow "because of".
    """
    network.eval()
    # A network outside the interface makes transformers warn, which is what the layout says.
    with quiet("transformers"):
        own_attention.use(network, "eager")
        eager = _hidden(network, output_attentions=True)
        reason = told("its attention does not go through the attention interface of transformers")
        if getattr(network, "_supports_sdpa", False) and (found := _trial(network, attention.LEAN, eager.hidden)):
            return found
        own_attention.use(network, attention.NAME)
        try:
            with attention.attending() as run:
                ours = _hidden(network)
            if run.records and not _same(eager.hidden, ours.hidden):
                reason = told("its own attention computes more than the shared attention function does")
            elif run.records:
                return _dispatched(network, run.records)
        except attention.NotSupportedByInterface as error:
            reason = told("it asks for {error}", error=error)
        own_attention.use(network, "eager")
    return _from_weights(eager, reason)


def depth_note(network: nn.Module, layout: Layout) -> str:
    """Which layers of a lone stack attend, where some of them mix tokens in another way; "" where all attend."""
    depth = getattr(network.config.get_text_config(), "num_hidden_layers", None)
    of = {site: module for module in network.modules() for site in layout.sites_of.get(id(module), ())}
    numbers = [getattr(of.get(site.index), "layer_idx", None) for site in layout.sites]
    if not depth or network.config.is_encoder_decoder or len(numbers) >= depth or None in numbers:
        return ""
    return told(
        "Only {attending} of its {depth} layers attend. Counted here from 0, they are layers {layers} of the network.",
        attending=len(numbers),
        depth=depth,
        layers=", ".join(map(str, numbers)),
    )


def inputs_for(network: nn.Module, **given: Tensor) -> dict[str, Tensor]:
    """Arguments of a forward pass, with no cache to fill where the network has a switch for it."""
    return given | ({"use_cache": False} if hasattr(network.config, "use_cache") else {})


def attentions(outputs: object, part: str) -> tuple[Tensor, ...]:
    """The weights that an eager forward pass returned for one part, each (batch, heads, query, key)."""
    for name in {"encoder": ("encoder_attentions", "attentions"), "decoder": ("decoder_attentions", "attentions")}.get(
        part, ("cross_attentions",)
    ):
        if found := getattr(outputs, name, None):
            return tuple(a for a in found if a is not None)
    return ()


@dataclass
class _Pass:
    hidden: Tensor
    outputs: object


def _hidden(network: nn.Module, **options: bool) -> _Pass:
    base = network.base_model
    vocabulary = network.config.get_text_config().vocab_size
    device = split.home(network)

    def ids(n: int) -> Tensor:
        return (torch.arange(n, device=device)[None] * 7 + 5) % vocabulary

    given = {"input_ids": ids(_SOURCE), "attention_mask": torch.ones(1, _SOURCE, dtype=torch.long, device=device)}
    if network.config.is_encoder_decoder:
        given["decoder_input_ids"] = ids(_TARGET)
    given = inputs_for(network, **given)
    with torch.no_grad():
        try:
            with exact(network):
                outputs = base(**given, return_dict=True, **options)
        except RuntimeError as error:
            if network.dtype not in HALF or devices.out_of_memory(error):
                raise
            with widened(network):
                outputs = base(**given, return_dict=True, **options)
    return _Pass(outputs[0].float(), outputs)


def _trial(network: nn.Module, implementation: str, expected: Tensor) -> Layout | None:
    """The layout under an attention that needs no mask, or None where this network does not give the same with it."""
    try:
        own_attention.use(network, implementation)
        with attention.attending() as run:
            ours = _hidden(network)
    except (RuntimeError, TypeError, AttributeError, ValueError) as error:
        if devices.out_of_memory(error):
            raise
        return None
    return _dispatched(network, run.records) if run.records and _same(expected, ours.hidden) else None


def _same(eager: Tensor, ours: Tensor) -> bool:
    return torch.allclose(eager, ours, rtol=1e-2, atol=_tolerance(eager))


def _tolerance(hidden: Tensor) -> float:
    return 1e-3 * max(1.0, hidden.abs().max().item())


def _dispatched(network: nn.Module, records: list[attention.Record]) -> Layout:
    sites, sites_of = [], {}
    layers = dict.fromkeys(Parts, 0)
    two_stacks = network.config.is_encoder_decoder
    for index, record in enumerate(records):
        queries, keys = record.query.shape[2], record.key.shape[2]
        if two_stacks:
            part = "cross" if queries != keys else "encoder" if queries == _SOURCE else "decoder"
        else:
            part = "encoder" if record.visible().triu(1).any() else "decoder"
        sites.append(_site(index, part, layers, record.heads, record.key.shape[1], record.query.shape[-1]))
        sites_of.setdefault(id(record.module), []).append(index)
    if not two_stacks and len({s.part for s in sites}) > 1:
        raise ValueError(told("some of its layers look back only and others both ways, which no view here can show"))
    missing = [part for part in Parts if two_stacks and not layers[part]]
    if missing:
        raise ValueError(
            told("its {parts} attention is computed in a way of its own, which gives no weights of every token", parts=", ".join(missing))
        )
    depth = getattr(network.config.get_text_config(), "num_hidden_layers", None)
    if not two_stacks and depth and len(sites) > depth:
        raise ValueError(
            told("it attends {times} times in {depth} layers, so that no pattern alone is what a head does", times=len(sites), depth=depth)
        )
    return Layout(tuple(sites), {module: tuple(numbers) for module, numbers in sites_of.items()})


def _from_weights(eager: _Pass, reason: str) -> Layout:
    sites: list[Site] = []
    layers = dict.fromkeys(Parts, 0)
    two_stacks = bool(attentions(eager.outputs, "cross") or getattr(eager.outputs, "decoder_attentions", None))
    if two_stacks:
        found = [(part, a) for part in Parts for a in attentions(eager.outputs, part)]
    else:
        found = [(_direction(a), a) for a in attentions(eager.outputs, "encoder")]
    for part, weights in found:
        lengths = {"cross": (_TARGET, _SOURCE)}.get(part, (_TARGET, _TARGET) if part == "decoder" and two_stacks else (_SOURCE, _SOURCE))
        if why := own_weights.doubt(weights, *lengths):
            raise ValueError(told("its own code returns {why}", why=why))
        sites.append(_site(len(sites), part, layers, weights.shape[1], weights.shape[1], 0))
    if not sites:
        raise ValueError(told("it returns no attention weights: its layers mix tokens in another way"))
    return Layout(tuple(sites), {}, view_only=True, reason=reason)


def _direction(weights: Tensor) -> str:
    return "decoder" if weights.triu(1).abs().max() == 0 else "encoder"


def _site(index: int, part: str, layers: dict[str, int], heads: int, kv_heads: int, head_dim: int) -> Site:
    site = Site(index, part, layers[part], heads, kv_heads, head_dim)
    layers[part] += 1
    return site
