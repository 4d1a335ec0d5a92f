"""Where the memory of a model goes that makes text: bytes by part, by formula and of real tensors; what a cache saves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from explorer.lectures.work import Shape, multiply_adds, shape_of_network
from models import InputError, Model
from models.words import told

PARTS = ("weights", "cache", "head", "maps", "all_maps")
"""Weights; keys and values of all tokens; the map of one head, of all heads of a layer, and of all layers, which only training keeps."""
LINEAR, PAIRS = ("projections", "output", "ffn"), ("scores", "weighted")
PUBLISHED = {
    "gpt2-small": (GPT2LMHeadModel, GPT2Config, {}),
    "gpt3": (GPT2LMHeadModel, GPT2Config, {"n_embd": 12288, "n_layer": 96, "n_head": 96, "n_positions": 2048, "vocab_size": 50257}),
    "llama-8b": (
        LlamaForCausalLM,
        LlamaConfig,
        {
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 14336,
            "vocab_size": 128256,
        },
    ),
}
"""Shapes of Radford et al. 2019, Brown et al. 2020 and Grattafiori et al. 2024, whose 32 query heads share 8 heads of keys and values."""


@dataclass(frozen=True)
class Sizes:
    """What the memory of a model depends on.

    Attributes:
        shape: of a layer.
        kv_heads: heads of keys and values.
        d_k: width of a head.
        parameters: of the whole model.
    """

    shape: Shape
    kv_heads: int
    d_k: int
    parameters: int

    def bytes(self, n: int, batch: int, size: int) -> dict[str, int]:
        """By part of `PARTS`, by formula.

        Args:
            n: tokens of a text.
            batch: texts.
            size: bytes of a number.
        """
        of = self.shape
        head = batch * n * n * size
        return {
            "weights": self.parameters * size,
            "cache": batch * 2 * of.layers * n * self.kv_heads * self.d_k * size,
            "head": head,
            "maps": of.heads * head,
            "all_maps": of.layers * of.heads * head,
        }


@cache
def published(name: str) -> nn.Module:
    """The library's own network of a published shape, whose tensors have a shape and no numbers."""
    make, config, given = PUBLISHED[name]
    with torch.device("meta"):
        return make(config(**given))


def sizes_of(network: nn.Module, kv_heads: int) -> Sizes:
    config = network.config.get_text_config()
    shape = shape_of_network(network, config.num_attention_heads, config.num_hidden_layers)
    d_k = getattr(config, "head_dim", None) or shape.d // shape.heads
    return Sizes(shape, kv_heads, d_k, sum(weight.numel() for weight in network.parameters()))


def tensors_of(network: nn.Module, n: int, batch: int) -> list[torch.Tensor]:
    """Keys and values that a network really keeps after a pass over so many tokens, of each layer."""
    ids = torch.zeros(batch, n, dtype=torch.long, device=next(network.parameters()).device)
    with torch.inference_mode():
        kept = network.base_model(input_ids=ids, use_cache=True).past_key_values
    return [tensor for layer in kept.layers for tensor in (layer.keys, layer.values)]


def checked(model: Model) -> Model:
    """A model that makes text and keeps keys and values. Raises InputError."""
    if model.kind != "decoder" or model.view_only or model.network.get_output_embeddings() is None:
        raise InputError(told("{name} does not go on with a text and keep keys and values.", name=model.name), told("Choose a decoder."))
    return model


def bytes_of(tensors: list[torch.Tensor], size: int | None = None) -> int:
    """Of tensors as they are, or with so many bytes a number."""
    return sum(tensor.numel() * (size or tensor.element_size()) for tensor in tensors)


def saved(n: int, of: Shape, terms: tuple[str, ...] = (*LINEAR, *PAIRS)) -> float:
    """How many times the multiply-adds that making n tokens takes without a cache, from the first token on.

    Without one, token i needs a pass over all i tokens; with it, a pass over one token that is scored against i. Added up pass by pass.
    """
    i = np.arange(1, n + 1, dtype=float)
    anew, kept = multiply_adds(i, of), multiply_adds(np.ones(n), of, i)
    return float(sum(anew[term].sum() for term in terms) / sum(kept[term].sum() for term in terms))
