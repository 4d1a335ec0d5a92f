"""Which heads read what others write (Elhage et al. 2021, section "Virtual attention heads and composition").

For a head that reads, W_QK and W_OV; for one that writes below it, W_OV: the composition is the Frobenius norm of their product as a share of
the product of their norms, with W_OV at the side of the queries (Q), of the keys (K) or of the values (V). Random matrices of the same shape
have one, too, which is subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from explorer.weights.opened import Head, Weights

KINDS = ("q", "k", "v")
_DRAWS = 12
"""Random heads of each side, for the yardstick: 144 pairs."""


@dataclass(frozen=True)
class Edge:
    """One head reads what another writes.

    Attributes:
        kind: of `KINDS`.
        writer, reader: layer and head.
        value: composition above that of random matrices.
    """

    kind: str
    writer: tuple[int, int]
    reader: tuple[int, int]
    value: float


@dataclass(frozen=True, eq=False)
class Composition:
    """All heads of a part with all heads of the layers below.

    Attributes:
        part: "encoder", "decoder" or "cross"; of cross-attention only queries read what it writes.
        sizes: heads of each layer.
        values: by kind, (layer, head) of the writer and (layer, head) of the reader, float64; nan where there is no path.
        random: what two heads of the same shape with random weights have, the mean; and
        spread: its standard deviation.
    """

    part: str
    sizes: tuple[int, ...]
    values: dict[str, np.ndarray]
    random: float
    spread: float

    def edges(self, kinds: tuple[str, ...] = KINDS, least: float = 0.0, most: int | None = None) -> list[Edge]:
        """Compositions that are more than `least` above random ones, strongest first; the first `most` of them."""
        found = []
        for kind in (kind for kind in kinds if kind in self.values):
            above = np.nan_to_num(self.values[kind] - self.random, nan=-np.inf)
            for writer_layer, writer, layer, head in np.argwhere(above > least).tolist():
                value = float(above[writer_layer, writer, layer, head])
                found.append(Edge(kind, (writer_layer, writer), (layer, head), value))
        return sorted(found, key=lambda edge: -edge.value)[:most]


def composition(weights: Weights, part: str | None = None, report: Callable[[float], None] = lambda _share: None) -> Composition:
    """How much each head reads of what each head below it writes.

    Everything is the product of small factors: with W_Q = Q R, the norm of W_Q^T W_K is that of R^T W_K, d_k x d_k numbers at a time.

    Raises:
        InputError: no such part.
    """
    of_part = weights.sites(part)
    kinds = KINDS if of_part[0].kind == "self" else ("q",)
    most = max(1, max(site.heads for site in of_part))
    values = {kind: np.full((len(of_part), most, len(of_part), most), np.nan) for kind in kinds}
    writers: list[list[Tensor]] = []
    shape = None
    for i, site in enumerate(of_part):
        heads = weights.heads(site)
        shape = shape or (heads[0].query.shape if heads else None)
        for kind in kinds if heads else ():
            readers = torch.cat([_reads(head, kind) for head in heads])  # (heads x d_k, width)
            for below, written in enumerate(writers):
                if written:
                    product = torch.cat(written) @ readers.T
                    norms = product.unflatten(0, (len(written), -1)).unflatten(2, (len(heads), -1)).square().sum((1, 3)).sqrt()
                    values[kind][below, : len(written), site.layer, : len(heads)] = norms.cpu().numpy()
        writers.append([_writes(head) for head in heads])
        report((i + 1) / len(of_part))
    mean, spread = random_composition(*shape) if shape else (0.0, 0.0)
    return Composition(of_part[0].part, tuple(site.heads for site in of_part), values, mean, spread)


@lru_cache(maxsize=64)
def random_composition(width: int, d_k: int) -> tuple[float, float]:
    """Mean and standard deviation of the composition of heads whose weights are independent normal numbers, seeded."""
    generator = torch.Generator().manual_seed(0)

    def draw() -> Tensor:
        return torch.randn(width, d_k, generator=generator)

    written = torch.cat([_product(draw(), draw()) for _ in range(_DRAWS)])
    read = torch.cat([_product(draw(), draw()) for _ in range(_DRAWS)])
    norms = (written @ read.T).unflatten(0, (_DRAWS, -1)).unflatten(2, (_DRAWS, -1)).square().sum((1, 3)).sqrt()
    return float(norms.mean()), float(norms.std())


def _reads(head: Head, kind: str) -> Tensor:
    """What a head reads of the stream at one side, (d_k, width), of norm 1; the other side is there by its triangular factor."""
    if kind == "q":
        return _product(head.key, head.query)
    return _product(head.query, head.key) if kind == "k" else _product(head.output.T, head.value)


def _writes(head: Head) -> Tensor:
    """What a head writes, (d_k, width), of norm 1; what it reads is there by its triangular factor."""
    return _product(head.value, head.output.T)


def _product(hidden: Tensor, seen: Tensor) -> Tensor:
    """R seen^T, where hidden = Q R; both (width, d_k): as long as hidden seen^T, and d_k rows high."""
    made = torch.linalg.qr(hidden, mode="r").R @ seen.T
    return made / made.norm().clamp(min=1e-30)
