"""A store of sentences that is searched with a sentence encoder, and a memory of what a language model has read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn.functional import normalize

from explorer.reading import TOKENISING, read
from models import InputError, Model, attention
from models.words import told

FACT = "The Nobel Prize in Physics 2024 went to John Hopfield and Geoffrey Hinton."
STORE = (
    FACT,
    "The Nobel Prize in Chemistry 2024 went to David Baker, Demis Hassabis and John Jumper.",
    "The Nobel Prize in Physics 1921 went to Albert Einstein.",
    "The Nobel Prize in Literature 2024 went to Han Kang.",
    "The transformer was described by Vaswani and seven colleagues in 2017.",
    "Paris is the capital of France.",
    "Mount Everest is the highest mountain on Earth.",
    "Neil Armstrong walked on the Moon in 1969.",
    "Water boils at 100 degrees Celsius at sea level.",
    "Bees make honey out of nectar.",
)
QUESTIONS = (
    "Who won the Nobel Prize in Physics in 2024?",
    "Who got the 2024 chemistry prize?",
    "Which prize did Einstein get?",
    "Which author was honoured in 2024?",
    "Who invented the transformer?",
    "What is the capital of France?",
    "What is the highest mountain?",
    "Who was the first man on the Moon?",
    "How hot is boiling water?",
    "Where does honey come from?",
)
"""A question for each sentence of the store, in its order."""
BEFORE = " Somebody said:"
"""What stands before a sentence at the second reading."""
_LONGEST = 64
"""Tokens of a sentence that are read."""


def embedded(model: Model, texts: Sequence[str]) -> np.ndarray:
    """A vector of length 1 for each text: the mean of its tokens' last states (Reimers & Gurevych 2019, section 3). Shape (texts, width).

    Raises:
        InputError: the model is no encoder.
    """
    if model.kind != "encoder":
        raise InputError(told("{name} is no encoder.", name=model.name), told("Choose all-MiniLM-L6-v2."))
    # A tokenizer remembers how it pads and cuts until it is asked for something else: other viewers use the same one.
    with TOKENISING:
        given = model.tokenizer(list(texts), padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt")
    with model.lock, torch.inference_mode():
        given = given.to(model.device)
        states = model.network.base_model(**given).last_hidden_state.float()
    weights = given["attention_mask"][..., None].float()
    return normalize((states * weights).sum(1) / weights.sum(1), dim=-1).cpu().numpy()


def remembered(model: Model, sizes: Sequence[int], before: str = BEFORE) -> tuple[list[float], float, int]:
    """How many next tokens of the store are right if the model may look up what it has read before (Khandelwal et al. 2020, nearest only).

    It reads each sentence once and keeps, for each token, its last state and the token that followed. Then it reads them after other
    words, and says what followed the nearest state that it kept.

    Args:
        model: a decoder.
        sizes: how many pairs are kept, the newest ones.
        before: what stands before each sentence at the second reading.

    Returns:
        The share that is right, by size (0 where nothing is kept); that of the model alone; how many tokens are asked for.
    """
    first = [_read(model, f" {sentence}", "") for sentence in STORE]
    keys, values = (torch.cat([one[i] for one in first]) for i in (0, 1))
    second = [_read(model, f" {sentence}", before) for sentence in STORE]
    asked, right, alone = (torch.cat([one[i] for one in second]) for i in range(3))
    near = asked @ keys.T
    shares = [float((values[-size:][near[:, -size:].argmax(-1)] == right).float().mean()) if size else 0.0 for size in sizes]
    return shares, float((alone == right).float().mean()), len(right)


def in_attention(
    model: Model,
    sizes: Sequence[int],
    *,
    layer: int = 1,
    nearest: int = 4,
    before: str = BEFORE,
    report: Callable[[float], None] = lambda _share: None,
) -> list[float]:
    """The same, where the memory is inside one layer's attention (Wu et al. 2022, Memorizing Transformers; the model was not trained for it).

    Kept are the keys and values of each token of the first reading. At the second one each head's query looks at its own text, and at the
    nearest keys that are kept, by the score; one softmax over both. All else of the network is as it was.

    Args:
        model: a decoder.
        sizes: how many pairs are kept, the newest ones.
        layer: whose attention has the memory, from 0.
        nearest: keys that a query may look at there.
        before: what stands before each sentence at the second reading.
        report: told the share that is done.

    Returns:
        The share of next tokens that are right, by size.
    """
    first = [_recorded(model, f" {sentence}", layer) for sentence in STORE]
    keys, values = (torch.cat([getattr(record, name)[0].float() for record in first], dim=1) for name in ("key", "value"))
    asked = [(_ids(model, before + f" {sentence}"), _ids(model, f" {sentence}").shape[1]) for sentence in STORE]
    records = [_recorded(model, before + f" {sentence}", layer) for sentence in STORE]
    found = []
    for i, size in enumerate(sizes):
        right = []
        for (ids, n), record in zip(asked, records, strict=True):
            z = remembering(record, keys[:, keys.shape[1] - size :], values[:, values.shape[1] - size :], nearest)
            change = attention.Change(gate=torch.zeros(z.shape[1]), replacement=z)
            with model.lock, torch.inference_mode(), attention.attending(model.sites_of, changes={layer: change}, record=False):
                logits = model.network(ids).logits[0]
            right += (logits[-n:-1].argmax(-1) == ids[0, 1 - n :]).tolist()
        found.append(sum(right) / len(right))
        report((i + 1) / len(sizes))
    return found


def remembering(record: attention.Record, keys: torch.Tensor, values: torch.Tensor, nearest: int) -> torch.Tensor:
    """Outputs of all heads of a causal layer that also looks at the `nearest` of the keys that are kept, (1, heads, query, value dim).

    Args:
        record: the layer's own call, of one text.
        keys, values: that are kept, (heads, pairs, dim).
        nearest: by the score of the query with each.
    """
    query, own, value = (t[0].float() for t in (record.query, record.key, record.value))
    scale = record.scale.flatten()[0]
    hidden = ~torch.ones(query.shape[1], own.shape[1], dtype=torch.bool).tril()
    scores, far = (scale * query @ own.mT).masked_fill(hidden, -torch.inf), scale * query @ keys.mT
    top = far.topk(min(nearest, far.shape[-1]), dim=-1)
    far = torch.full_like(far, -torch.inf).scatter(-1, top.indices, top.values)
    return (torch.cat([scores, far], dim=-1).softmax(-1) @ torch.cat([value, values], dim=1))[None]


def _recorded(model: Model, text: str, layer: int) -> attention.Record:
    with model.lock, torch.inference_mode(), attention.attending(model.sites_of) as attended:
        model.network(_ids(model, text))
    return attended.records[layer]


def _ids(model: Model, text: str) -> torch.Tensor:
    return torch.tensor([read(model, text).ids], device=model.device)


def _read(model: Model, sentence: str, before: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Last states of a sentence's tokens but the last, of length 1; the tokens that follow them; and those that the model expects."""
    tokens = _ids(model, before + sentence)
    start = tokens.shape[1] - len(read(model, sentence))
    with model.lock, torch.inference_mode():
        output = model.network(tokens, output_hidden_states=True)
    states = normalize(output.hidden_states[-1][0].float(), dim=-1)
    return states[start:-1].cpu(), tokens[0, start + 1 :].cpu(), output.logits[0, start:-1].argmax(-1).cpu()
