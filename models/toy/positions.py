"""Where order comes from: sines to add, rotations of queries and keys, biases on the scores; and which keys a query may see.

All of it is computed for the length at hand, in the default precision unless another is asked for: nothing here ends at a longest sequence.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sinusoids(n: int, width: int, device: torch.device | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """PE(pos, 2i) = sin(pos / 10000^(2i / width)), PE(pos, 2i + 1) the cosine (Vaswani et al. 2017, section 3.5), (n, width).

    In the default precision of torch where none is asked for.
    """
    angles = _angles(torch.arange(n, device=device, dtype=dtype or torch.get_default_dtype()), width + width % 2, 10000.0)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]


def rotation(n: int, width: int, base: float = 10000.0, interpolation: float = 1.0, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Cosines and sines of RoPE's angles, (n, width / 2) each.

    Args:
        n: positions.
        width: numbers per query, even.
        base: pair i of position m is turned by m base^(-2i / width) (Su et al. 2021, equation 15).
        interpolation: positions are divided by it (Chen et al. 2023, equation 4).
    """
    angles = _angles(torch.arange(n, device=device) / interpolation, width, base)
    return angles.cos(), angles.sin()


def rotated(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turns each pair of neighbouring numbers of (.., n, width) by the angle of its position (Su et al. 2021, equation 34)."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], dim=-1)
    return turned.flatten(-2).to(x.dtype)


def slopes(heads: int, device: torch.device | None = None) -> Tensor:
    """2^(-8 i / heads) for head i = 1..heads (Press et al. 2021, section 3), (heads,)."""
    return 2 ** (-8 * torch.arange(1, heads + 1, device=device) / heads)


def distances(n: int, device: torch.device | None = None) -> Tensor:
    """ALiBi's bias at slope 1: -|i - j|, which is also what it is where both sides are seen, (n, n)."""
    at = torch.arange(n, device=device, dtype=torch.float32)
    return -(at[:, None] - at).abs()


def visible(n: int, kind: str, window: int, causal: bool, device: torch.device | None = None) -> Tensor:
    """Which keys each query sees, bool (n, n).

    Args:
        n: queries, and keys.
        kind: "window": the `window` nearest, itself included, on each side that it may see. "strided": those, and every `window`-th
            (Child et al. 2019, section 4.2, both parts in one head). "global": itself, and the first `window` tokens, which see
            everything (Beltagy et al. 2020). Any other: all.
        window: see `kind`.
        causal: only itself and what comes before.
    """
    at = torch.arange(n, device=device)
    offset = at[:, None] - at
    if kind == "window":
        seen = offset.abs() < window
    elif kind == "strided":
        seen = (offset.abs() < window) | (offset % window == 0)
    elif kind == "global":
        seen = (offset == 0) | (at[:, None] < window) | (at < window)
    else:
        seen = torch.ones_like(offset, dtype=torch.bool)
    return seen & (offset >= 0) if causal else seen


def _angles(positions: Tensor, width: int, base: float) -> Tensor:
    """Position times frequency base^(-2i / width), (n, width / 2)."""
    return positions[:, None] * base ** (-torch.arange(0, width, 2, device=positions.device, dtype=positions.dtype) / width)
