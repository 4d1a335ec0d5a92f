"""Rotary angles that depend on how long a text is (LongRoPE, Ding et al. 2024, as Phi 3 and 4 have them)."""

from __future__ import annotations

from torch import nn


def turns_at(network: nn.Module) -> int | None:
    """Above so many tokens all angles are others, also those of tokens that were read before; None where no length changes them.

    Keys in a cache stay turned by the old ones. There Phi's `generate` throws its cache away (`prepare_inputs_for_generation`).
    """
    kinds = (getattr(module, "rope_type", None) for module in network.modules())
    if not any("longrope" in (kind.values() if isinstance(kind, dict) else [kind]) for kind in kinds):
        return None
    return getattr(network.config.get_text_config(), "original_max_position_embeddings", None)
