"""Weights as they were read: in one precision, finite, and whether anything was ever learned; and by what they are told apart."""

from __future__ import annotations

import hashlib

import torch
from torch import nn


def all_in(network: nn.Module, dtype: torch.dtype) -> None:
    """Gives all weights the precision that was asked for; some networks (XLNet) make theirs in float32 whatever they are told."""
    kept = [*(getattr(network, "_keep_in_fp32_modules", None) or ()), *(getattr(network, "_keep_in_fp32_modules_strict", None) or ())]
    for name, weight in network.named_parameters():
        if weight.is_floating_point() and weight.dtype != dtype and not any(part in name for part in kept):
            weight.data = weight.data.to(dtype)


def not_finite(network: nn.Module) -> str:
    """The first weight that holds NaN or an infinite number; "" where there is none."""
    for name, weight in network.named_parameters():
        # A sum is quick, and tells all but sums that overflow.
        if not bool(torch.isfinite(weight.sum(dtype=torch.float32))) and not bool(torch.isfinite(weight).all()):
            return name
    return ""


def fingerprint(network: nn.Module) -> str:
    """sha256 of the parameters as they are in memory: names, shapes, precision and every byte. The same on every device."""
    made = hashlib.sha256()
    for name, weight in sorted(network.named_parameters()):
        value = weight.detach().cpu().contiguous()
        made.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        made.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return made.hexdigest()


def untouched(network: nn.Module) -> bool:
    """Whether every norm is still as initialised (weights 1, biases 0): training moves them all."""
    norms = [m for m in network.modules() if "norm" in type(m).__name__.lower() and getattr(m, "weight", None) is not None]
    return bool(norms) and all(_constant(m.weight, 1.0) and (getattr(m, "bias", None) is None or _constant(m.bias, 0.0)) for m in norms)


def _constant(t: torch.Tensor, value: float) -> bool:
    return bool((t == value).all())
