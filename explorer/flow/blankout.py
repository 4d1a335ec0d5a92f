"""Each token left out in turn: what it did for the target. The yardstick for methods that only read weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from explorer.flow.targets import Target
from models import Model
from models.opening.devices import room_on
from models.words import told

_TOKENS = 4096
"""Tokens that one forward pass takes at once."""


def filler(model: Model) -> tuple[int, str]:
    """What stands in for a token that is left out, id and name: [MASK] where there is one, else [UNK], else the end of a text."""
    tokenizer = model.tokenizer
    for token, number in (
        (tokenizer.mask_token, tokenizer.mask_token_id),
        (tokenizer.unk_token, tokenizer.unk_token_id),
        (tokenizer.eos_token, tokenizer.eos_token_id),
    ):
        if number is not None:
            return number, str(token)
    return 0, str(tokenizer.convert_ids_to_tokens(0))


def effects(model: Model, target: Target, progress: Callable[[float], None] | None = None) -> np.ndarray:
    """How much the target moves when a token is blanked out, as a fall of its probability (Abnar & Zuidema 2020, section 4).

    A vector of a text has no probability: there it is the fall of the cosine with the vector of the whole text.

    Args:
        model: that of the target.
        target: see `targets.make`.
        progress: told the share that is done.

    Returns:
        float64 (n,), positive where the token spoke for the target; nan for tokens that are not left out (`Target.free` says which are).
    """
    ids = target.ids.repeat(len(target.free), 1)
    ids[range(len(target.free)), list(target.free)] = filler(model)[0]
    found, step = [], max(1, _TOKENS // len(target.ids))
    with model.lock, torch.inference_mode(), room_on(model.device, told("{n} tokens", n=len(target.ids))):
        whole = float(target.values(model.network, target.ids[None].to(model.device))[1])
        for start in range(0, len(ids), step):
            found += target.values(model.network, ids[start : start + step].to(model.device))[1].tolist()
            if progress:
                progress(len(found) / len(ids))
    effect = np.full(len(target.ids), np.nan)
    effect[list(target.free)] = whole - np.array(found)
    return effect
