"""One layer of the toy transformer: attention, attention to the source, and the feed-forward layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.activations import ACT2FN
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from models import attention
from models.toy import positions
from models.toy.config import ToyConfig


@dataclass(frozen=True, eq=False)
class Sight:
    """What the attention of one stack needs to know about positions: arguments of `ToyAttention.forward`.

    Attributes:
        attention_mask: bool (1 or batch, 1, query, key), True is visible; None where `causal` says it all.
        causal: each token sees itself and what comes before.
        position_bias: ALiBi, (1, heads, query, key), or None.
        rotation: cosines and sines of RoPE, (n, d_k / 2) each, or None.
    """

    attention_mask: Tensor | None
    causal: bool
    position_bias: Tensor | None
    rotation: tuple[Tensor, Tensor] | None


class ToyAttention(nn.Module):
    """Multi-head attention of a sequence to itself; queries, keys and values come from one matrix."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        # Reading a config of transformers is slow; what the forward pass needs is kept here.
        self.config, self.normaliser, self.dropout = config, config.normaliser, config.dropout
        self.heads, self.d_k, self.averaged = config.heads, config.head_dim, config.combine == "mean"
        self.scaling = {"sqrt": self.d_k**-0.5, "none": 1.0, "d_k": 1 / self.d_k}[config.scale]
        self.kept_heads: list[int] | None = None  # set by `models.surgery.cutting`
        self._make_projections(config.heads * self.d_k)
        joined = self.d_k * (1 if self.averaged else config.heads)
        self.output = nn.Linear(joined, config.d_model, bias=config.bias) if config.output_projection else None

    def _make_projections(self, width: int) -> None:
        self.parts = 2 if self.config.tie_kv else 3
        self.qkv = nn.Linear(self.config.d_model, self.parts * width, bias=self.config.bias)

    def _projected(self, x: Tensor, source: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, (batch, heads, n, d_k) each."""
        parts = self.qkv(x).unflatten(-1, (self.parts, -1, self.d_k))  # (batch, n, parts, heads, d_k)
        parts = parts.permute(2, 0, 3, 1, 4).unbind(0)
        return parts[0], parts[1], parts[-1]

    @property
    def sliceable(self) -> bool:
        """Whether `models.surgery.cutting` can take heads out: each has rows of W_Q, W_K, W_V and columns of W_O to itself."""
        return self.output is not None and not self.averaged

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        key_value_states: Tensor | None = None,
        position_bias: Tensor | None = None,
        rotation: tuple[Tensor, Tensor] | None = None,
        causal: bool = False,
    ) -> tuple[Tensor, None]:
        """(batch, query, d_model), see `Sight`; keys and values come from `key_value_states`, (batch, key, d_model), if given."""
        query, key, value = self._projected(hidden_states, key_value_states)
        if rotation is not None:
            query, key = (positions.rotated(t, *rotation) for t in (query, key))
        if position_bias is not None and self.kept_heads is not None:
            position_bias = position_bias[:, self.kept_heads]
        attend = attention.attention_function
        if self.normaliser == "softmax":
            # The toys have no eager attention of their own: that, too, is the one function.
            attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, attend)
        z, _ = attend(
            self,
            query,
            key,
            value,
            attention_mask,
            scaling=self.scaling,
            dropout=self.dropout if self.training else 0.0,
            position_bias=position_bias,
            normaliser=self.normaliser,
            causal=causal,
            is_causal=causal,  # the name that transformers' own functions know
        )  # (batch, query, heads, d_k)
        joined = z.mean(dim=2) if self.averaged else z.flatten(2)
        return joined if self.output is None else self.output(joined), None

    @torch.no_grad()
    def make_heads_identical(self) -> None:
        """Copies the first head over the others, columns of the output projection included: they get the same gradients, too."""
        for layer in self.children():
            if layer is not self.output:
                for t in layer.parameters():  # (parts, heads, d_k, ..)
                    heads = t.unflatten(0, (-1, self.heads, self.d_k))
                    heads.copy_(heads[:, :1].expand_as(heads))
        if self.output is not None and not self.averaged:
            heads = self.output.weight.unflatten(1, (self.heads, self.d_k))
            heads.copy_(heads[:, :1].expand_as(heads))


class ToyCrossAttention(ToyAttention):
    """Multi-head attention to the source: only the queries come from the sequence itself."""

    def _make_projections(self, width: int) -> None:
        config = self.config
        self.query = nn.Linear(config.d_model, width, bias=config.bias)
        self.key = nn.Linear(config.d_model, width, bias=config.bias)
        self.value = None if config.tie_kv else nn.Linear(config.d_model, width, bias=config.bias)

    @property
    def sliceable(self) -> bool:
        return super().sliceable and self.value is not None

    def _projected(self, x: Tensor, source: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        keys = self.key(source)
        values = keys if self.value is None else self.value(source)
        return tuple(t.unflatten(-1, (-1, self.d_k)).transpose(1, 2) for t in (self.query(x), keys, values))


class FeedForward(nn.Module):
    """Widen, bend, narrow: each position for itself."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.widen = nn.Linear(config.d_model, config.ffn_width, bias=config.bias)
        self.activation = activation_of(config.activation)
        self.narrow = nn.Linear(config.ffn_width, config.d_model, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.activation(self.widen(x)))


class Layer(nn.Module):
    """Attention, attention to the source for decoders of two sides, and the feed-forward layer."""

    def __init__(self, config: ToyConfig, cross: bool) -> None:
        super().__init__()
        self.residual, self.norm_first = config.residual, config.norm == "pre"
        self.dropout = nn.Dropout(config.dropout)
        self.attention, self.attention_norm = ToyAttention(config), norm_of(config)
        if cross:
            self.cross_attention, self.cross_norm = ToyCrossAttention(config), norm_of(config)
        if config.ffn_width:
            self.ffn, self.ffn_norm = FeedForward(config), norm_of(config)
        self.cross, self.has_ffn = cross, bool(config.ffn_width)

    def forward(self, x: Tensor, sight: Sight, source: Tensor | None = None, source_mask: Tensor | None = None) -> Tensor:
        """The residual stream after this layer, from that before it.

        Args:
            x: the residual stream, (batch, n, d_model).
            sight: which tokens see which, and their positions.
            source: outputs of the encoder, (batch, source, d_model), for a layer that attends to them.
            source_mask: bool (batch, 1, 1, source), True where the source has a token; None where nothing is padded.

        Returns:
            (batch, n, d_model).
        """
        x = self._sublayer(x, self.attention_norm, lambda h: self.attention(h, **vars(sight))[0])
        if self.cross:
            x = self._sublayer(x, self.cross_norm, lambda h: self.cross_attention(h, source_mask, source)[0])
        if self.has_ffn:
            x = self._sublayer(x, self.ffn_norm, self.ffn)
        return x

    def _sublayer(self, x: Tensor, norm: nn.Module, function: Callable[[Tensor], Tensor]) -> Tensor:
        y = self.dropout(function(norm(x) if self.norm_first else x))
        y = x + y if self.residual else y
        return y if self.norm_first else norm(y)


def norm_of(config: ToyConfig) -> nn.Module:
    return nn.Identity() if config.norm == "none" else nn.LayerNorm(config.d_model, eps=config.norm_eps, bias=config.bias)


def activation_of(name: str) -> nn.Module:
    # The same function as transformers' gelu_new, in one kernel rather than eight.
    return nn.GELU(approximate="tanh") if name == "gelu_new" else ACT2FN[name]
