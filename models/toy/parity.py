"""GPT-2 and BERT as toys: the switches that make the toy transformer compute what transformers' own code computes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from transformers import BertForMaskedLM, GPT2LMHeadModel

from models.errors import InputError
from models.toy.config import ToyConfig
from models.toy.model import ToyModel
from models.words import told


def from_gpt2(network: GPT2LMHeadModel) -> ToyModel:
    """A toy with the weights and the logits of a GPT-2 (Radford et al. 2019).

    Raises:
        InputError: it scales its scores by the layer's number, or attends to another network.
    """
    given = network.config
    if given.scale_attn_by_inverse_layer_idx or given.add_cross_attention:
        raise InputError(told("The toy transformer has no scale by layer, and no second network to attend to."), told("Take a plain GPT-2."))
    config = ToyConfig(
        vocab_size=given.vocab_size,
        layers=given.n_layer,
        heads=given.n_head,
        d_model=given.n_embd,
        scale="sqrt" if given.scale_attn_weights else "none",
        norm_eps=given.layer_norm_epsilon,
        ffn=(given.n_inner or 4 * given.n_embd) / given.n_embd,
        activation=given.activation_function,
        dropout=given.resid_pdrop,
        tie_embeddings=given.tie_word_embeddings,
        max_length=given.n_positions,
        pad_token_id=given.pad_token_id,
        bos_token_id=given.bos_token_id,
        eos_token_id=given.eos_token_id,
    )
    names = {
        "attention_norm": "ln_1",
        "attention.qkv": "attn.c_attn",
        "attention.output": "attn.c_proj",
        "ffn_norm": "ln_2",
        "ffn.widen": "mlp.c_fc",
        "ffn.narrow": "mlp.c_proj",
    }
    theirs = network.state_dict()
    # Their projections are stored as (input, output).
    theirs = {name: t.T if t.dim() == 2 and name.startswith("transformer.h.") else t for name, t in theirs.items()}
    ours = {
        "transformer.embedding.token.weight": theirs["transformer.wte.weight"],
        "transformer.embedding.position.weight": theirs["transformer.wpe.weight"],
        "lm_head.weight": theirs["lm_head.weight"],
        **_renamed(theirs, {"transformer.stack.norm": "transformer.ln_f"}),
    }
    for layer in range(config.layers):
        ours |= _renamed(theirs, {f"transformer.stack.layers.{layer}.{a}": f"transformer.h.{layer}.{b}" for a, b in names.items()})
    return _filled(config, ours)


def from_bert(network: BertForMaskedLM) -> ToyModel:
    """A toy with the weights and the logits of a BERT (Devlin et al. 2019).

    Raises:
        InputError: it is used as a decoder.
    """
    given = network.config
    if given.is_decoder:
        raise InputError(told("This BERT is used as a decoder."), told("Take a masked language model."))
    config = ToyConfig(
        vocab_size=given.vocab_size,
        layers=given.num_hidden_layers,
        heads=given.num_attention_heads,
        d_model=given.hidden_size,
        causal=False,
        norm="post",
        norm_eps=given.layer_norm_eps,
        ffn=given.intermediate_size / given.hidden_size,
        activation=given.hidden_act,
        dropout=given.hidden_dropout_prob,
        tie_embeddings=given.tie_word_embeddings,
        token_types=given.type_vocab_size,
        embedding_norm=True,
        head="bert",
        max_length=given.max_position_embeddings,
        pad_token_id=given.pad_token_id,
    )
    names = {
        "attention.output": "attention.output.dense",
        "attention_norm": "attention.output.LayerNorm",
        "ffn.widen": "intermediate.dense",
        "ffn.narrow": "output.dense",
        "ffn_norm": "output.LayerNorm",
    }
    theirs = network.state_dict()
    embeddings, predictions = "bert.embeddings", "cls.predictions"
    ours = {
        "transformer.embedding.token.weight": theirs[f"{embeddings}.word_embeddings.weight"],
        "transformer.embedding.position.weight": theirs[f"{embeddings}.position_embeddings.weight"],
        "transformer.embedding.segment.weight": theirs[f"{embeddings}.token_type_embeddings.weight"],
        **_renamed(theirs, {"transformer.embedding.norm": f"{embeddings}.LayerNorm"}),
        **_renamed(theirs, {"head.dense": f"{predictions}.transform.dense", "head.norm": f"{predictions}.transform.LayerNorm"}),
        **_renamed(theirs, {"lm_head": f"{predictions}.decoder"}),
    }
    for layer in range(config.layers):
        mine, its = f"transformer.stack.layers.{layer}", f"bert.encoder.layer.{layer}"
        ours |= _renamed(theirs, {f"{mine}.{a}": f"{its}.{b}" for a, b in names.items()})
        for kind in ("weight", "bias"):
            parts = [theirs[f"{its}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            ours[f"{mine}.attention.qkv.{kind}"] = torch.cat(parts)
    return _filled(config, ours)


def _renamed(theirs: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Weight and bias of modules, under our names for them."""
    return {f"{ours}.{kind}": theirs[f"{name}.{kind}"] for ours, name in names.items() for kind in ("weight", "bias")}


def _filled(config: ToyConfig, weights: Mapping[str, Tensor]) -> ToyModel:
    network = ToyModel(config)
    network.load_state_dict(weights)
    return network.eval()
