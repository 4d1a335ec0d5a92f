"""Figures of a small language model on what it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from models.attention import attending
from models.errors import InputError
from models.opening.loading import Model
from models.opening.sites import inputs_for

_ROWS = 16
"""Windows that are read at once."""


def bits_per_byte(model: Model, text: str) -> float:
    """Bits that the model needs for a byte of the text's UTF-8: nats of all its tokens / ln 2 / bytes.

    The text is read in windows as long as the model's context, each half a window after the last. Of the first window every
    token counts, of the others the second half, which has at least half a context before it. The model's start token stands
    before the text and is not counted.

    Raises:
        InputError: the text is empty.
    """
    ids = _ids(model, text)
    ids = torch.cat([torch.tensor([model.tokenizer.bos_token_id]), ids])
    inputs, targets = ids[:-1], ids[1:]
    context = model.max_length
    stride = context // 2
    nats = 0.0
    for starts in _together(len(inputs), context, stride):
        window = torch.stack([inputs[start : start + context] for start in starts])
        losses = _losses(model, window, torch.stack([targets[start : start + context] for start in starts]))
        # What the window before has counted already is context here.
        nats += sum(float(row[stride if start else 0 :].cpu().double().sum()) for start, row in zip(starts, losses, strict=True))
    return nats / math.log(2) / len(text.encode())


def masked_accuracy(model: Model, text: str, share: float = 0.15, seed: int = 0) -> tuple[int, int]:
    """How many hidden tokens are the model's first guess, and how many were hidden.

    The text is cut into pieces that fill the context, [CLS] and [SEP] included; `share` of the tokens, drawn with `seed`, is
    replaced by [MASK], all of it: no token is kept or swapped, as some are in training.

    Raises:
        InputError: the text is empty.
    """
    ids = _ids(model, text)
    hidden = torch.rand(len(ids), generator=torch.Generator().manual_seed(seed)) < share
    tokenizer, inner = model.tokenizer, model.max_length - 2
    shown = torch.where(hidden, tokenizer.mask_token_id, ids)
    right = 0
    for starts in _together(len(ids), inner, inner):
        ends = [torch.full((len(starts), 1), token) for token in (tokenizer.cls_token_id, tokenizer.sep_token_id)]
        pieces, asked, answers = (torch.stack([of[start : start + inner] for start in starts]) for of in (shown, hidden, ids))
        with torch.inference_mode():
            logits = model.network(torch.cat([ends[0], pieces, ends[1]], dim=1).to(model.device)).logits[:, 1:-1].cpu()
        right += int((logits[asked].argmax(-1) == answers[asked]).sum())
    return right, int(hidden.sum())


def induction(model: Model, tokens: int = 40, seeds: int = 8) -> Tensor:
    """How much each head attends from a token of a second copy to what followed it in the first (Olsson et al. 2022).

    Args:
        tokens: length of the copy: random ordinary tokens, repeated once; fewer where two copies exceed the context.
        seeds: number of sequences to average over.

    Returns:
        Mean attention weight, (layers, heads).
    """
    tokens = min(tokens, model.max_length // 2)
    return _weight_at(model, tokens, seeds, range(tokens, 2 * tokens), tokens - 1)


def previous_token(model: Model, tokens: int = 40, seeds: int = 8) -> Tensor:
    """How much each head attends to the token just before, on the sequences of `induction`: mean weight, (layers, heads)."""
    tokens = min(tokens, model.max_length // 2)
    return _weight_at(model, tokens, seeds, range(1, 2 * tokens), 1)


def _weight_at(model: Model, tokens: int, seeds: int, queries: range, back: int) -> Tensor:
    ordinary = torch.tensor(sorted(set(range(len(model.tokenizer))) - set(model.tokenizer.all_special_ids)))
    copies = torch.stack(
        [ordinary[torch.randint(len(ordinary), (tokens,), generator=torch.Generator().manual_seed(seed))] for seed in range(seeds)]
    )
    rows = torch.tensor(queries)
    with torch.inference_mode(), attending() as run:
        model.network.base_model(**inputs_for(model.network, input_ids=torch.cat([copies, copies], dim=1).to(model.device)))
    found = [[record.patterns(example=i).cpu()[:, rows, rows - back].mean(-1) for i in range(seeds)] for record in run.records]
    return torch.stack([torch.stack(examples).mean(0) for examples in found])


def _ids(model: Model, text: str) -> Tensor:
    ids = model.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if not ids:
        raise InputError("The text is empty.", "Give a text.")
    return torch.tensor(ids)


def _together(length: int, window: int, stride: int) -> Iterator[list[int]]:
    """Starts of windows that cover `length`, in groups of windows of one length; only the last may be shorter."""
    starts = [0]
    while starts[-1] + window < length:
        starts.append(starts[-1] + stride)
    full = [start for start in starts if start + window <= length]
    for i in range(0, len(full), _ROWS):
        yield full[i : i + _ROWS]
    if len(full) < len(starts):
        yield starts[-1:]


def _losses(model: Model, inputs: Tensor, targets: Tensor) -> Tensor:
    """Nats of each target, (windows, tokens)."""
    with torch.inference_mode():
        logits = model.network(**inputs_for(model.network, input_ids=inputs.to(model.device))).logits.float()
    return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten().to(model.device), reduction="none").view_as(targets)
