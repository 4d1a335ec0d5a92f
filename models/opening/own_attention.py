"""Attention that a network's own code computes, led through the one attention function where the two are the same.

Some networks of transformers do not dispatch their attention through the interface. Where all that differs is where a position bias or a mask
is added, the method that computes it is replaced on the module. `sites.find_sites` compares the hidden states with those of the network's
own code before it believes this, as for every other network; and the own code is what runs under any other implementation than ours.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType

import torch
from torch import Tensor, nn
from transformers import Cache

from models.attention import NAMES, attention_function


def use(network: nn.Module, implementation: str) -> None:
    """Sets the attention of a network, "eager" or one of `models.attention.NAMES`, also where transformers has no switch for it."""
    if hasattr(network.base_model, "set_attention_type"):
        # BigBird, which attends to all tokens of a text that is not longer than `limits.longest` says.
        network.base_model.set_attention_type("original_full")
    network.set_attn_implementation(implementation)
    if _lead(network):
        network.config._attn_implementation = implementation


def _lead(network: nn.Module) -> bool:
    """Leads the attention of known modules through the interface; False where there are none."""
    found = False
    for module in network.modules():
        called, of = type(module).__name__, type(module).__module__.split(".")
        name, method = _KNOWN.get(called) or _KNOWN.get(f"{of[-2]}.{called}" if len(of) > 1 else "") or ("", None)
        if method is None or of[:2] != ["transformers", "models"]:
            continue
        found = True
        if name not in vars(module):
            # A copy of the network has copies of both: its modules look at its own configuration.
            module.config = network.config
            setattr(module, name, MethodType(method, module))
    return found


def _ours(module: nn.Module) -> bool:
    return module.config._attn_implementation in NAMES


def _mpnet(
    self: nn.Module,
    hidden_states: Tensor,
    attention_mask: Tensor | None = None,
    position_bias: Tensor | None = None,
    output_attentions: bool = False,
    **kwargs: object,
) -> tuple[Tensor, ...]:
    """MPNetSelfAttention.forward: relative positions are added to the scores, as in T5 (Song et al. 2020); (batch, n, width) to the same."""
    if not _ours(self):
        return type(self).forward(self, hidden_states, attention_mask, position_bias, output_attentions, **kwargs)
    shape = (*hidden_states.shape[:2], -1, self.attention_head_size)
    query, key, value = (part(hidden_states).view(shape).transpose(1, 2) for part in (self.q, self.k, self.v))
    z, _none = attention_function(self, query, key, value, attention_mask, dropout=self.dropout.p, position_bias=position_bias)
    return (self.o(z.flatten(2)),)


def _gptj(self: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None = None) -> tuple[Tensor, None]:
    """GPTJAttention._attn and CodeGenAttention._attn: a scale and a mask; each (batch, heads, n, head dim).

    In float32 as there, whatever the weights are in; CodeGen's rotation hands over queries and keys in float32 anyway.
    """
    if not _ours(self):
        return type(self)._attn(self, query, key, value, attention_mask)
    dropout, given = self.attn_dropout.p, (query.float(), key.float(), value.float())
    z, _none = attention_function(self, *given, attention_mask, scaling=1 / float(self.scale_attn), dropout=dropout)
    return z.transpose(1, 2).to(value.dtype), None


def _gpt_neo(self: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None = None) -> tuple[Tensor, None]:
    """GPTNeoSelfAttention._attn: no scale, and in local layers a window that the module knows; each (batch, heads, n, head dim)."""
    if not _ours(self):
        return type(self)._attn(self, query, key, value, attention_mask)
    queries, keys = query.shape[-2], key.shape[-2]
    seen = self.bias[:, :, keys - queries : keys, :keys]
    lowest = torch.finfo(query.dtype).min
    mask = torch.zeros_like(seen, dtype=query.dtype) if attention_mask is None else attention_mask[..., :keys]
    mask = mask.masked_fill(~seen, lowest)
    z, _none = attention_function(self, query, key, value, mask, scaling=1.0, dropout=self.attn_dropout.p)
    return z.transpose(1, 2), None


def _bloom(
    self: nn.Module,
    hidden_states: Tensor,
    residual: Tensor,
    alibi: Tensor,
    attention_mask: Tensor | None,
    layer_past: Cache | None = None,
    **kwargs: object,
) -> tuple[Tensor, Tensor | None]:
    """BloomAttention.forward: a bias that falls with distance (Press et al. 2022), `alibi` (batch * heads, 1, key)."""
    if not _ours(self) or (self.pretraining_tp > 1 and self.slow_but_exact):
        return type(self).forward(self, hidden_states, residual, alibi, attention_mask, layer_past, **kwargs)
    query, key, value = self._reshape(self.query_key_value(hidden_states))
    if layer_past is not None:
        key, value = layer_past.update(key, value, self.layer_idx)
    bias = self.beta * alibi.view(len(query), self.num_heads, 1, -1)
    how = {"scaling": self.inv_norm_factor, "dropout": self.attention_dropout.p, "position_bias": bias}
    z, _none = attention_function(self, query, key, value, attention_mask, **how)
    return nn.functional.dropout(self.dense(z.flatten(2)), self.hidden_dropout, self.training) + residual, None


def _mpt(
    self: nn.Module,
    hidden_states: Tensor,
    position_bias: Tensor | None,
    past_key_values: Cache | None = None,
    attention_mask: Tensor | None = None,
    **kwargs: object,
) -> tuple[Tensor, Tensor | None]:
    """MptAttention.forward: the same bias, (heads, 1 or query, key) for the longest text; the mask says True for what is hidden."""
    if not _ours(self):
        return type(self).forward(self, hidden_states, position_bias, past_key_values, attention_mask, **kwargs)
    mixed = self.Wqkv(hidden_states)
    if self.clip_qkv:
        mixed = mixed.clamp(min=-self.clip_qkv, max=self.clip_qkv)
    shape = (*hidden_states.shape[:2], self.n_heads, self.head_dim)
    query, key, value = (part.reshape(shape).transpose(1, 2) for part in mixed.chunk(3, dim=2))
    if past_key_values is not None:
        key, value = past_key_values.update(key, value, self.layer_idx)
    bias = None if position_bias is None else position_bias[None, :, -query.shape[2] :, position_bias.shape[2] - key.shape[2] :]
    mask = None if attention_mask is None else ~attention_mask
    how = {"scaling": self.softmax_scale, "dropout": self.attn_dropout_p, "position_bias": bias}
    z, _none = attention_function(self, query, key, value, mask, **how)
    return self.out_proj(z.flatten(2)), None


def _deberta(
    self: nn.Module,
    hidden_states: Tensor,
    attention_mask: Tensor,
    output_attentions: bool = False,
    query_states: Tensor | None = None,
    relative_pos: Tensor | None = None,
    rel_embeddings: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """DisentangledSelfAttention.forward of DeBERTa v2 and v3 (He et al. 2021): what content and position say of each other is a bias."""
    if not _ours(self):
        return type(self).forward(self, hidden_states, attention_mask, output_attentions, query_states, relative_pos, rel_embeddings)
    asking = hidden_states if query_states is None else query_states
    flat = [
        self.transpose_for_scores(project(of), self.num_attention_heads)  # (batch * heads, n, head dim)
        for project, of in ((self.query_proj, asking), (self.key_proj, hidden_states), (self.value_proj, hidden_states))
    ]
    query, key, value = (part.unflatten(0, (-1, self.num_attention_heads)) for part in flat)
    kinds, bias = 1 + sum(kind in self.pos_att_type for kind in ("c2p", "p2c")), None
    if self.relative_attention:
        bias = self.disentangled_attention_bias(flat[0], flat[1], relative_pos, self.pos_dropout(rel_embeddings), kinds)
        bias = bias.unflatten(0, (-1, self.num_attention_heads)) if isinstance(bias, Tensor) else None
    how = {"scaling": (query.shape[-1] * kinds) ** -0.5, "dropout": self.dropout.p, "position_bias": bias}
    z, _none = attention_function(self, query, key, value, attention_mask.bool(), **how)
    return z.flatten(2), None


_KNOWN: dict[str, tuple[str, Callable]] = {
    "MPNetSelfAttention": ("forward", _mpnet),
    "GPTJAttention": ("_attn", _gptj),
    "CodeGenAttention": ("_attn", _gptj),
    "GPTNeoSelfAttention": ("_attn", _gpt_neo),
    "BloomAttention": ("forward", _bloom),
    "MptAttention": ("forward", _mpt),
    "deberta_v2.DisentangledSelfAttention": ("forward", _deberta),
}
"""By name of the module's class, with its model where several have one of that name: the method that is replaced, and what replaces it."""
