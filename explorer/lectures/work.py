"""What a layer of a transformer costs: multiply-adds of its terms, counted and by formula; operations for each byte; parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.nn.functional import linear
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count
from transformers import GPT2Config, GPT2LMHeadModel

from models.toy.config import ToyConfig
from models.toy.layers import FeedForward, ToyAttention

_FUSED = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
"""The kernel of `models.attention.kernel`, whose work torch counts on cards only."""

TERMS = ("projections", "scores", "softmax", "weighted", "output", "ffn")
PAIRS = ("scores", "softmax", "weighted")
"""Terms that grow with the square of n."""


@dataclass(frozen=True)
class Shape:
    """What the cost of a layer depends on.

    Attributes:
        d: width of the residual stream.
        heads: of a layer; together they are as wide as the stream.
        layers: of the model.
        ffn: units of the feed-forward network.
    """

    d: int
    heads: int
    layers: int
    ffn: int


GPT2_SMALL = Shape(d=768, heads=12, layers=12, ffn=4 * 768)
"""Radford et al. 2019."""


def shape_of_network(network: nn.Module, heads: int, layers: int) -> Shape:
    """The shape of a network of transformers, whatever its family calls the width of its feed-forward network."""
    config = network.config.get_text_config()
    widths = (getattr(config, field, None) for field in ("intermediate_size", "n_inner", "encoder_ffn_dim", "d_ff", "ffn_width"))
    return Shape(config.hidden_size, heads, layers, next(filter(None, widths), 4 * config.hidden_size))


def multiply_adds(n: int, of: Shape, pairs: int | None = None) -> dict[str, int]:
    """Of each term of a layer; of softmax the exponentials. `pairs` of tokens that are scored, n squared where None."""
    pairs = n * n if pairs is None else pairs
    return {
        "projections": 3 * n * of.d**2,
        "scores": pairs * of.d,
        "softmax": of.heads * pairs,
        "weighted": pairs * of.d,
        "output": n * of.d**2,
        "ffn": 2 * n * of.d * of.ffn,
    }


def counted_in(does: Callable[[], object]) -> int:
    """Multiply-adds of all products that torch does in a call."""
    return operations_in(does) // 2


def operations_in(does: Callable[[], object]) -> int:
    """Floating-point operations of all products that torch does in a call: a multiplication and an addition are two."""
    with FlopCounterMode(display=False, custom_mapping={_FUSED: lambda q, k, v, *_rest, **_how: sdpa_flop_count(q, k, v)}) as counter:
        does()
    return counter.get_total_flops()


def counted(n: int, of: Shape) -> dict[str, int]:
    """The same, counted by torch while it does the layer's products on tensors that have a shape and no numbers."""

    def empty(*sizes: int) -> torch.Tensor:
        return torch.empty(sizes, device="meta")

    x, d_k = empty(n, of.d), of.d // of.heads
    heads, weights = empty(of.heads, n, d_k), empty(of.heads, n, n)
    return {
        "projections": counted_in(lambda: linear(x, empty(3 * of.d, of.d))),
        "scores": counted_in(lambda: heads @ heads.mT),
        "softmax": weights.exp().numel(),
        "weighted": counted_in(lambda: weights @ heads),
        "output": counted_in(lambda: linear(x, empty(of.d, of.d))),
        "ffn": counted_in(lambda: linear(linear(x, empty(of.ffn, of.d)), empty(of.d, of.ffn))),
    }


def crossing(of: Shape, against: Sequence[str] = ("projections", "output"), *, causal: bool = False) -> int:
    """The least n at which scores and weighted sum cost at least as much as other terms of the layer together.

    Args:
        of: the layer.
        against: the other terms.
        causal: whether only the pairs that a causal model sees are computed.
    """

    def overtaken(n: int) -> bool:
        cost = multiply_adds(n, of, n * (n + 1) // 2 if causal else None)
        return cost["scores"] + cost["weighted"] >= sum(cost[term] for term in against)

    return least(overtaken)


def least(holds: Callable[[int], bool]) -> int:
    """The least n, from 1, from which on something holds."""
    low, high = 0, 1
    while not holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def intensity_of_projections(n: int, of: Shape, size: int) -> float:
    """Operations for each byte that is moved: n vectors in and out, and one matrix."""
    return 2 * n * of.d**2 / (size * (2 * n * of.d + of.d**2))


def intensity_of_scores(n: int, of: Shape, size: int) -> float:
    """The same for q k^T of one head: queries and keys in, all pairs out."""
    d_k = of.d / of.heads
    return 2 * n * n * d_k / (size * (2 * n * d_k + n * n))


def parameters(d: int, heads: int, ffn: float = 4.0) -> dict[str, int]:
    """Parameters of the attention and of the feed-forward network of one layer, biases included, counted from modules without numbers."""
    config = ToyConfig(d_model=d, heads=heads, ffn=ffn)
    with torch.device("meta"):
        parts = {"attention": ToyAttention(config), "ffn": FeedForward(config)}
    return {name: sum(weight.numel() for weight in part.parameters()) for name, part in parts.items()}


@cache
def parameters_of_gpt2() -> int:
    """Of GPT-2 small as a whole, counted likewise."""
    with torch.device("meta"):
        return GPT2LMHeadModel(GPT2Config()).num_parameters()
