"""How much memory a step of a training takes, from its numbers alone: nothing is built, so that any number can be asked about."""

from __future__ import annotations

import math

from transformers import PreTrainedConfig

from models.attention.scoring import BLOCK_BYTES
from models.toy.config import ToyConfig

_FLOAT = 4
"""Bytes: all is trained in float32."""
_PER_WEIGHT = 4 * _FLOAT
"""Bytes: the weight, its gradient, and the two moments of AdamW."""
_SCORES = 2.25
"""Of each score are kept: its weight, what the weight was made of, and a mask."""
_DROPPED = 1.25
"""Of each number that dropout passes on are kept: the number and a mask."""
_CHUNK = 64
"""Positions that linear attention works on at once."""


def fewest_parameters(config: PreTrainedConfig) -> int:
    """So many a network has at least: its matrices, counted without making them."""
    if not isinstance(config, ToyConfig):
        return 3 * config.layers * config.d_model**2 + config.vocab_size * config.d_model
    attention = (2 if config.tie_kv else 3) * config.d_model * config.heads * config.head_dim
    return config.layers * (attention + 2 * config.d_model * config.ffn_width) + config.vocab_size * config.d_model


def step_bytes(config: PreTrainedConfig, batch: int, length: int, parameters: int) -> float:
    """About how much memory one step takes at its peak, in bytes: forward, backward, and AdamW.

    Forward, each operation keeps what it read for its gradient. Backward, that is given back layer by layer, so that the peak lies at the
    end of the forward pass, or in the first layer backward. On a CPU the softmax keeps no scores, unless there is dropout; sparsemax does.

    Args:
        config: the network.
        batch: examples of a step.
        length: tokens of an example, of the longer side for encoder-decoders.
        parameters: of the network.
    """
    numbers, passing = _recurrent(config) if not isinstance(config, ToyConfig) else _transformer(config, batch, length)
    # Logits, their log-softmax, and the gradients of both.
    numbers += config.vocab_size + max(3 * config.vocab_size, passing)
    return _FLOAT * batch * length * numbers + _PER_WEIGHT * parameters


def _transformer(config: ToyConfig, batch: int, length: int) -> tuple[float, float]:
    """Numbers that are kept of each token up to the logits, and those that one layer needs while it goes backward."""
    d, width, ffn = config.d_model, config.heads * config.head_dim, config.ffn_width
    parts = 2 if config.tie_kv else 3
    around = 2 * d + (d if config.norm != "none" else 0) + (_DROPPED * d if config.dropout else 0)  # norm, what comes out of it, the sum
    attention = around + (parts + 1) * width + _inside(config, batch, length)
    layer = attention + (4 * width if config.positions == "rope" else 0)
    layer += around + 2 * ffn if ffn else 0
    numbers = config.layers * layer
    if config.encoder_decoder:
        numbers += config.layers * (layer + attention)
    # Embeddings and their sum with the positions, and the last norm.
    numbers += (2 if config.encoder_decoder else 1) * 3 * d + (3 * d if config.head == "bert" else 0)
    scores = 2 * config.heads * length if config.dropout or config.attention == "sparsemax" else 0
    return numbers, max(2 * parts * width + 4 * d + scores, 3 * ffn)


def _inside(config: ToyConfig, batch: int, length: int) -> float:
    """Numbers that one call of the attention function keeps of each token, besides queries, keys, values and what comes out."""
    width, scores = config.heads * config.head_dim, config.heads * length
    dropped = _DROPPED * scores if config.dropout else 0
    if config.normaliser == "softmax":
        return 3 * width + _SCORES * scores if config.dropout else 0
    if config.normaliser == "linear" and not config.dropout:
        return 5 * width + 2 * config.heads * min(length, _CHUNK)
    # Each block of query rows keeps a copy of the keys and of the values.
    blocks = min(length, math.ceil(_FLOAT * batch * length * scores / BLOCK_BYTES))
    return 2 * width * blocks + _SCORES * scores + dropped


def _recurrent(config: PreTrainedConfig) -> tuple[float, float]:
    return 12 * config.d_model * config.layers + 2 * config.d_model, 6 * config.d_model
