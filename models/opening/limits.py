"""How long a text a model can read."""

from __future__ import annotations

import transformers
from torch import nn

_NO_LIMIT = 1_000_000
"""Tokenizers without a limit report a huge number instead, or a negative one."""
_NAMES = ("max_position_embeddings", "n_positions", "max_encoder_position_embeddings", "max_seq_len")
"""What configurations call the length of their tables."""
_RELATIVE = ("t5", "mt5", "umt5", "longt5")
"""Positions are buckets of distances; what the configuration says is the length that was trained on, and no limit."""


def longest(network: nn.Module, tokenizer: transformers.PreTrainedTokenizerBase) -> int | None:
    """The longest text in tokens, special tokens included; None where there is no limit.

    The least of what the configuration, the tables of positions and the tokenizer say.
    """
    config = network.config.get_text_config()
    said = [] if config.model_type in _RELATIVE else [getattr(config, name, None) for name in _NAMES]
    said += [_rows(network), _whole(config), tokenizer.model_max_length]
    limits = [int(n) for n in said if isinstance(n, int | float) and 0 < n < _NO_LIMIT]
    return min(limits) if limits else None


def _rows(network: nn.Module) -> int | None:
    """Usable rows of a table whose positions are counted from behind the padding token's number (RoBERTa and its kin)."""
    tables = (module for name, module in network.named_modules() if "position" in name.rpartition(".")[2] and hasattr(module, "weight"))
    rows = [len(table.weight) - table.padding_idx - 1 for table in tables if getattr(table, "padding_idx", None) is not None]
    return min(rows, default=None)


def _whole(config: transformers.PretrainedConfig) -> int | None:
    """Up to so many tokens BigBird attends to all of them, and to blocks of a longer text (`BigBirdModel.forward`)."""
    if getattr(config, "attention_type", None) != "block_sparse":
        return None
    return (5 + 2 * config.num_random_blocks) * config.block_size
