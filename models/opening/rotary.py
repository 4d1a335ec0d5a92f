"""Rotary angles that depend on how long a text is.

LongRoPE (Ding et al. 2024, as Phi 3 and 4 have it) has two sets of them; dynamic scaling (NTK-aware RoPE) makes them anew for each length above
the one that a network was trained on.
"""

from __future__ import annotations

from torch import nn


def turns_at(network: nn.Module) -> int | None:
    """Above so many tokens all angles are others, also those of tokens that were read before; None where no length changes them.

    Keys in a cache stay turned by the old ones. There Phi's `generate` throws its cache away (`prepare_inputs_for_generation`).
    """
    if not any("longrope" in _kinds(module) for module in network.modules()):
        return None
    return getattr(network.config.get_text_config(), "original_max_position_embeddings", None)


def forget(network: nn.Module) -> None:
    """Makes dynamic angles those of the text that is read.

    transformers keeps the ones of the longest text so far for all that are longer than the first limit: what a viewer sees would depend on what
    another one has read. Networks with other angles are left alone. A copy of the network does the same.
    """
    for module in network.modules():
        if any("dynamic" in kind for kind in _kinds(module)):
            module.register_forward_pre_hook(_as_at_first)


def _kinds(module: nn.Module) -> list[str]:
    """What a module of angles calls them: one name, or one for each kind of layers."""
    named = getattr(module, "rope_type", None)
    return [kind for kind in (named.values() if isinstance(named, dict) else [named]) if isinstance(kind, str)]


def _as_at_first(module: nn.Module, _args: tuple) -> None:
    for kind in module.rope_type if isinstance(module.rope_type, dict) else [""]:
        prefix = f"{kind}_" if kind else ""
        if (own := getattr(module, f"{prefix}original_inv_freq", None)) is None:
            continue
        now = getattr(module, f"{prefix}inv_freq")
        if getattr(module, f"{prefix}max_seq_len_cached", module.max_seq_len_cached) != module.original_max_seq_len:
            module.register_buffer(f"{prefix}inv_freq", own.to(now.device), persistent=False)
            setattr(module, f"{prefix}max_seq_len_cached", module.original_max_seq_len)
