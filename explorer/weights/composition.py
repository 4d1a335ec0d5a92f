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

from explorer.i18n import _
from explorer.weights.opened import Head, Weights, streams
from models import InputError

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
    """All heads of a part with all heads that write what they read.

    Attributes:
        part: "encoder", "decoder" or "cross", whose heads read.
        writers: whose heads write: the same part, or another one of an encoder-decoder. The queries of cross-attention read the decoder's
            stream, to which both of its kinds of attention write; its keys and values read what the encoder's heads have written.
        sizes: heads of each layer that reads.
        values: by kind, (layer, head) of the writer and (layer, head) of the reader, float64; nan where there is no path.
        random: what two heads of the same shape with random weights have, the mean; and
        spread: its standard deviation.
    """

    part: str
    writers: str
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

    def of_head(self, head: tuple[int, int], kinds: tuple[str, ...] = KINDS, *, writes: bool = False, most: int = 3) -> list[Edge]:
        """The strongest edges above random ones of one head: those where it reads, or those where it writes."""
        found = []
        for kind in (kind for kind in kinds if kind in self.values):
            above = self.values[kind][head] - self.random if writes else self.values[kind][:, :, *head] - self.random
            for layer, number in np.argwhere(np.nan_to_num(above, nan=-np.inf) > 0).tolist():
                ends = (head, (layer, number)) if writes else ((layer, number), head)
                found.append(Edge(kind, *ends, float(above[layer, number])))
        return sorted(found, key=lambda edge: -edge.value)[:most]


def composition(
    weights: Weights, part: str | None = None, report: Callable[[float], None] = lambda _share: None, *, writers: str | None = None
) -> Composition:
    """How much each head reads of what each head before it writes.

    Everything is the product of small factors: with W_Q = Q R, the norm of W_Q^T W_K is that of R^T W_K, d_k x d_k numbers at a time.

    Args:
        weights: of a model.
        part: whose heads read; the first where None.
        report: told the share that is done.
        writers: whose heads write, of `writing`; those of the same part where None.

    Raises:
        InputError: no such part, or one that does not write what this one reads.
    """
    of_part = weights.sites(part)
    from_part = weights.sites(writers or of_part[0].part)
    sides, stream = streams(of_part[0].part), _writes_to(from_part[0].part)
    kinds = tuple(kind for kind in KINDS if sides[kind != "q"] == stream)
    if not kinds:
        problem = _("No head of {part} reads what heads of {writers} write.").format(part=of_part[0].part, writers=from_part[0].part)
        raise InputError(problem, ", ".join(writing(weights, part)))
    most, most_writing = (max(1, max(site.heads for site in some)) for some in (of_part, from_part))
    values = {kind: np.full((len(from_part), most_writing, len(of_part), most), np.nan) for kind in kinds}
    written = [[_writes(head) for head in weights.heads(site)] for site in from_part]
    shape = None
    for i, site in enumerate(of_part):
        heads = weights.heads(site)
        shape = shape or (heads[0].query.shape if heads else None)
        for kind in kinds if heads else ():
            readers = torch.cat([_reads(head, kind) for head in heads])  # (heads x d_k, width)
            for writer, made in zip(from_part, written, strict=True):
                if made and weights.reaches(writer, site):
                    product = torch.cat(made) @ readers.T
                    norms = product.unflatten(0, (len(made), -1)).unflatten(2, (len(heads), -1)).square().sum((1, 3)).sqrt()
                    values[kind][writer.layer, : len(made), site.layer, : len(heads)] = norms.cpu().numpy()
        report((i + 1) / len(of_part))
    mean, spread = random_composition(*shape) if shape else (0.0, 0.0)
    return Composition(of_part[0].part, from_part[0].part, tuple(site.heads for site in of_part), values, mean, spread)


def writing(weights: Weights, part: str | None = None) -> tuple[str, ...]:
    """The parts whose heads write what a part reads, itself first. Raises InputError for a part that is not there."""
    part = weights.sites(part)[0].part
    return (part, *(other for other in weights.model.parts if other != part and _writes_to(other) in streams(part)))


def _writes_to(part: str) -> str:
    """The stack whose stream a part writes to."""
    return "encoder" if part == "encoder" else "decoder"


@lru_cache(maxsize=64)
def random_composition(width: int, d_k: int) -> tuple[float, float]:
    """Mean and standard deviation of the composition of heads whose weights are independent normal numbers, seeded."""
    generator = torch.Generator().manual_seed(0)

    def draw() -> Tensor:
        return torch.randn(width, d_k, generator=generator)

    written = torch.cat([_product(draw(), draw()) for _draw in range(_DRAWS)])
    read = torch.cat([_product(draw(), draw()) for _draw in range(_DRAWS)])
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
