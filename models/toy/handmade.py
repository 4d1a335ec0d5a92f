"""Heads whose weights are set by a formula, not trained: a previous-token head, and an induction head above it.

The circuit of Elhage et al. 2021 and Olsson et al. 2022, in a residual stream whose parts nobody else writes to:

    token    which token stands here
    place    which position this is
    previous which token stands before: written by the first layer
    next     which token comes next: written by the last layer, and read out as logits

The first layer's head moves `token` from the position before into `previous`. In the second layer the query is this `token` and
the key is `previous`: it finds where the same token stood, one step further. What it finds there is what followed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from models.toy.config import ToyConfig
from models.toy.layers import ToyAttention
from models.toy.model import ToyModel
from models.toy.vocabulary import tokenizer

BOS = "[BOS]"
SHARP = 30.0
"""Score of the key that a head looks for, where others have 0: of n keys they share at most n exp(-SHARP) of the weight."""


def previous_token(tokens: Sequence[str], max_length: int = 64) -> tuple[ToyModel, PreTrainedTokenizerFast]:
    """One layer, one head: each token attends to the one before it, and predicts that it is repeated.

    Args:
        tokens: words of the vocabulary; "[BOS]", which starts every text, is added.
        max_length: longest text, in tokens.
    """
    return _made(tokens, max_length, layers=1)


def induction(tokens: Sequence[str], max_length: int = 64) -> tuple[ToyModel, PreTrainedTokenizerFast]:
    """Two layers, one head each: A B .. A attends to B, and predicts it. A token that is new attends to "[BOS]", and predicts nothing.

    Args:
        tokens: words of the vocabulary; "[BOS]", which starts every text, is added.
        max_length: longest text, in tokens.
    """
    return _made(tokens, max_length, layers=2)


@torch.no_grad()
def _made(tokens: Sequence[str], max_length: int, layers: int) -> tuple[ToyModel, PreTrainedTokenizerFast]:
    words = tokenizer([BOS, *tokens], start=BOS)
    size = len(words)
    config = ToyConfig(
        vocab_size=size,
        layers=layers,
        heads=1,
        d_model=3 * size + max_length,
        d_k=max(size + 1, max_length),
        scale="none",
        norm="none",
        ffn=0,
        tie_embeddings=False,
        max_length=max_length,
        bos_token_id=words.bos_token_id,
    )
    network = ToyModel(config).eval()
    for weight in network.parameters():
        weight.zero_()
    token, previous, following, place = torch.eye(config.d_model).split([size, size, size, max_length])  # rows: where a part lies
    embedding = network.transformer.embedding
    embedding.token.weight.copy_(token)
    embedding.position.weight.copy_(place)
    network.lm_head.weight.copy_(following if layers == 2 else previous)

    first = network.transformer.stack.layers[0].attention
    # The query of position i + 1 is the key of position i; position 0 sees nothing but itself.
    _set(first, query=SHARP * place.roll(-1, 0), key=place, value=token, output=previous)
    if layers == 2:
        second = network.transformer.stack.layers[1].attention
        # One number more than tokens: a query of 1/2 whatever the token, and a key at position 0, to rest on where nothing is found.
        rest = torch.zeros(1, config.d_model)
        _set(second, query=SHARP * torch.cat([token, rest]), key=torch.cat([previous, place[:1]]))
        second.qkv.bias[size] = SHARP / 2
        # What "[BOS]" would pass on is left out: resting predicts nothing.
        _set(second, value=token.where(torch.arange(size)[:, None] != words.bos_token_id, 0), output=SHARP * following)
    return network, words


def _set(head: ToyAttention, **parts: Tensor) -> None:
    """Writes rows of query, key and value, (n, d_model), and columns of the output, given as rows: what number i is read from or goes to."""
    for number, name in enumerate(("query", "key", "value")):
        if name in parts:
            at = number * head.d_k
            head.qkv.weight[at : at + len(parts[name])] = parts[name]
    if "output" in parts:
        head.output.weight[:, : len(parts["output"])] = parts["output"].T
