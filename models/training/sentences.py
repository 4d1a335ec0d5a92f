"""Batches of whole sentences, which go together by length; they depend on a seed and the number of the step only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.training.batches import MASKED, NOT_ASKED, SWAPPED, Batch, rng_of

_POOL = 64
"""Batches' worth of sentences that are sorted together: an epoch has all sentences, in another order and company each time."""


class Order:
    """Which sentences a step reads: each of them once in an epoch.

    Args:
        lengths: (sentences,) tokens of each.
        tokens: most tokens of a batch, padding included; a sentence that is longer goes alone.
        seed: of the order.
    """

    def __init__(self, lengths: Sequence[int], tokens: int, seed: int) -> None:
        self._lengths, self._tokens, self._seed = np.asarray(lengths), tokens, seed
        self._begins, self._epoch, self._batches = [0], -1, []

    def rows_at(self, step: int) -> np.ndarray:
        """Numbers of the sentences of a step, counted from 0; also where earlier steps were never asked for."""
        while step >= self._begins[-1]:
            self._open(len(self._begins) - 1)
            self._begins.append(self._begins[-1] + len(self._batches))
        epoch = int(np.searchsorted(self._begins, step, side="right")) - 1
        if epoch != self._epoch:
            self._open(epoch)
        return self._batches[step - self._begins[epoch]]

    def _open(self, epoch: int) -> None:
        rng = rng_of(self._seed, epoch)
        order = rng.permutation(len(self._lengths))
        pool = max(1, round(_POOL * self._tokens / self._lengths.mean()))
        batches: list[np.ndarray] = []
        for begin in range(0, len(order), pool):
            part = order[begin : begin + pool]
            batches += self._cut(part[np.argsort(self._lengths[part], kind="stable")])
        self._batches, self._epoch = [batches[i] for i in rng.permutation(len(batches))], epoch

    def _cut(self, rows: np.ndarray) -> list[np.ndarray]:
        """Sentences from short to long, in batches: the last of each decides how wide it is."""
        found, begin = [], 0
        for end in range(1, len(rows) + 1):
            if end == len(rows) or (end + 1 - begin) * self._lengths[rows[end]] > self._tokens:
                found.append(rows[begin:end])
                begin = end
        return found


def padded(rows: Sequence[Sequence[int]], pad: int) -> Tensor:
    """Tokens of sentences, (sentences, longest) int64."""
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=pad)


def masked(rng: np.random.Generator, inputs: Tensor, share: float, special: Sequence[int], mask: int, ordinary: tuple[int, int]) -> Batch:
    """Some tokens hidden and asked for (Devlin et al. 2019, section 3.1), at least one of each sentence.

    Args:
        rng: from `batches.rng_of`.
        inputs: (sentences, tokens), padded.
        share: share of the tokens that are asked for.
        special: tokens that are never asked for.
        mask: what stands in the place of most of them.
        ordinary: numbers from which a random token is drawn, first and past the last.
    """
    ids = inputs.numpy()
    usable = ~np.isin(ids, special)
    chance = np.where(usable, rng.random(ids.shape), 2.0)
    chosen = (chance < share) | (usable & (chance == chance.min(1, keepdims=True)))
    fate = rng.random(ids.shape)
    hidden = np.where(fate < MASKED, mask, np.where(fate < MASKED + SWAPPED, rng.integers(*ordinary, ids.shape), ids))
    return Batch(torch.from_numpy(np.where(chosen, hidden, ids)), torch.from_numpy(np.where(chosen, ids, NOT_ASKED)))
