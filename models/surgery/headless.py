"""How an attention layer runs that lost heads, where its own code would not do: mixins, put before the layer's own class.

`models.surgery.cutting` sets what they read: `family`, `kept_heads` (numbers in the full model), `all_heads` (how many those were).
"""

from __future__ import annotations

import torch
from torch import Tensor

from models import attention


class PartOfBias:
    """T5: the first layer makes the position bias of all layers, so each takes what its own heads need and hands on the whole."""

    def forward(
        self,
        hidden_states: Tensor,
        mask: Tensor | None = None,
        key_value_states: Tensor | None = None,
        position_bias: Tensor | None = None,
        past_key_values: object | None = None,
        **kwargs: object,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """T5's attention with the heads that are left, called by its block as the whole layer would be.

        Args:
            hidden_states: (batch, query, width).
            mask: added to the scores, broadcast to (batch, heads, query, key), or None.
            key_value_states: (batch, key, width) of the source, for cross-attention; None where the sequence attends to itself.
            position_bias: (1, all heads, query, key), as the first layer made it for the full model; None in the first layer itself.
            past_key_values: the cache of a generation, or None.

        Returns:
            (batch, query, width); the position bias of all heads, for the layers that follow, which may have lost other ones; and the
            weights, or None where they were not asked for.
        """
        if position_bias is None:
            position_bias = self._whole_bias(hidden_states, key_value_states, past_key_values)
        part = position_bias[:, self.kept_heads]
        output, *_, weights = super().forward(hidden_states, mask, key_value_states, part, past_key_values, **kwargs)
        return output, position_bias, weights

    def _whole_bias(self, hidden_states: Tensor, source: Tensor | None, cache: object | None) -> Tensor:
        """(1, all heads, query, key), or zeros of that shape where the layer has no bias of its own (cross-attention)."""
        rows = hidden_states.shape[1]
        if not self.has_relative_attention_bias:
            columns = rows if source is None else source.shape[1]
            return hidden_states.new_zeros(1, 1, rows, columns).expand(-1, self.all_heads, -1, -1)
        # The cache is not filled yet: it is asked how many keys there will be.
        seen = cache.get_seq_length(self.layer_idx) if cache is not None else 0
        columns = cache.get_mask_sizes(rows, self.layer_idx)[0] if cache is not None else rows
        return self.compute_bias(rows, columns, device=hidden_states.device, past_seen_tokens=seen)


class Headless:
    """Attention without heads: what is left is the bias of its output projection, if it has one.

    It still calls the attention function, with no query head, so that the sites of a network keep their numbers. The one
    key/value head of zeros is for the cache, which would otherwise report that it has read no tokens.
    """

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        key_value_states: Tensor | None = None,
        position_bias: Tensor | None = None,
        past_key_values: object | None = None,
        causal: bool = False,
        **kwargs: object,
    ) -> tuple[Tensor, Tensor | None]:
        """What an attention layer gives that lost all its heads; the arguments are those that networks pass to theirs.

        Args:
            hidden_states: (batch, query, width).
            attention_mask, causal: passed on to the attention function, which is called with no heads.
            key_value_states: (batch, key, width) of the source, for cross-attention; None where the sequence attends to itself.
            position_bias: not used: there is no head that it could be added to.
            past_key_values: the cache of a generation, or None; the keys of zeros go into it, so that it counts the tokens.

        Returns:
            The bias of the output projection at every query, (batch, query, width), or zeros; no numbers at all, (batch, query, 0), in
            families whose projection lies outside the module. And weights of no heads, (batch, 0, query, key), where the network runs on
            eager attention, else None.
        """
        family, shape = self.family, hidden_states.shape
        source = hidden_states if key_value_states is None else key_value_states
        size = getattr(self, family.size)
        query = hidden_states.new_zeros(shape[0], 0, shape[1], size)
        key = source.new_zeros(source.shape[0], 1, source.shape[1], size)
        if past_key_values is not None and key_value_states is None:
            cache = getattr(past_key_values, "self_attention_cache", past_key_values)
            key, _ = cache.update(key, key, self.layer_idx)
        weights = None
        if self.config._attn_implementation in attention.NAMES:
            lean = self.config._attn_implementation == attention.LEAN
            causal = causal or (lean and attention.looks_back(self, shape[1], attention_mask, kwargs.get("is_causal")))
            attention.attention_function(self, query, key, key, attention_mask, size**-0.5, causal=causal)
        else:
            weights = query.new_zeros(shape[0], 0, shape[1], key.shape[2])
        if family.beside:
            return hidden_states.new_zeros(*shape[:2], 0), weights
        output = self.get_submodule(family.output)
        if output.bias is None:
            return torch.zeros_like(hidden_states), weights
        return output.bias.expand(*shape[:2], -1), weights
