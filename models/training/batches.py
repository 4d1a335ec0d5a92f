"""Batches that depend on a seed and the number of the step only, so that a run which was interrupted goes on exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

NOT_ASKED = -100
"""Target where nothing is to be predicted."""

MASKED, SWAPPED = 0.8, 0.1
"""Shares of the chosen tokens that become [MASK], and a random token; the rest stays (Devlin et al. 2019, section 3.1)."""

_SHORTEST = 4


@dataclass(frozen=True, eq=False)
class Stream:
    """Tokens to cut windows from.

    Attributes:
        ids: (tokens,) int32.
        starts: where a paragraph begins, sorted; half of the windows start there.
        share: share of the windows that come from this stream; the shares of all streams sum to 1.
    """

    ids: np.ndarray
    starts: np.ndarray
    share: float


@dataclass(frozen=True, eq=False)
class Batch:
    """inputs (batch, context) and targets of the same shape, int64; NOT_ASKED where nothing is to be predicted."""

    inputs: Tensor
    targets: Tensor


def rng_of(seed: int, step: int) -> np.random.Generator:
    """The random numbers of one step, the same however often the run was interrupted before."""
    return np.random.default_rng((seed, step))


def next_words(rng: np.random.Generator, streams: Sequence[Stream], rows: int, context: int, repeated: float, ordinary: int) -> Batch:
    """Windows of text, each token predicted from those before it.

    Args:
        rng: from `rng_of`.
        streams: where windows come from.
        rows, context: shape of the batch.
        repeated: share of the rows that are random tokens repeated: a segment of random length, short ones as often as long
            ones, over and over. They are what induction heads form on (Olsson et al. 2022), and ask only for what the first
            copy gives away.
        ordinary: the tokens below this number are ordinary ones, of which the random ones are drawn.
    """
    windows = _windows(rng, streams, rows, context + 1)
    inputs, targets = windows[:, :-1].copy(), windows[:, 1:].copy()
    for row in np.flatnonzero(rng.random(rows) < repeated):
        length = round(math.exp(rng.uniform(math.log(_SHORTEST), math.log(context // 2))))
        tokens = np.resize(rng.integers(0, ordinary, length), context + 1)
        inputs[row], targets[row] = tokens[:-1], tokens[1:]
        # At the last token of the first copy nothing says yet that it starts over.
        targets[row, :length] = NOT_ASKED
    return Batch(torch.from_numpy(inputs), torch.from_numpy(targets))


def masked_words(
    rng: np.random.Generator, streams: Sequence[Stream], rows: int, context: int, share: float, cls: int, sep: int, mask: int, ordinary: int
) -> Batch:
    """[CLS] window [SEP], with some tokens hidden and asked for (Devlin et al. 2019, section 3.1).

    Args:
        rng, streams, rows, context, ordinary: as in `next_words`; the two ends count towards the context.
        share: share of the ordinary tokens that are asked for.
        cls, sep, mask: numbers of the special tokens.
    """
    windows = _windows(rng, streams, rows, context - 2)
    # Always the same number of them: shapes that change would be compiled anew.
    chosen = rng.permuted(np.arange(windows.size) < round(share * windows.size)).reshape(windows.shape)
    targets = np.where(chosen, windows, NOT_ASKED)
    fate = rng.random(windows.shape)
    hidden = np.where(fate < MASKED, mask, np.where(fate < MASKED + SWAPPED, rng.integers(0, ordinary, windows.shape), windows))
    inputs = np.where(chosen, hidden, windows)
    ends = ((0, 0), (1, 1))
    inputs = np.pad(inputs, ends, constant_values=((0, 0), (cls, sep)))
    return Batch(torch.from_numpy(inputs), torch.from_numpy(np.pad(targets, ends, constant_values=NOT_ASKED)))


def _windows(rng: np.random.Generator, streams: Sequence[Stream], rows: int, length: int) -> np.ndarray:
    """Stretches of text, (rows, length) int64."""
    chosen = rng.choice(len(streams), size=rows, p=[stream.share for stream in streams])
    windows = np.empty((rows, length), dtype=np.int64)
    for row, stream in enumerate(streams[i] for i in chosen):
        last = len(stream.ids) - length
        usable = stream.starts[: np.searchsorted(stream.starts, last, side="right")]
        start = rng.choice(usable) if len(usable) and rng.random() < 0.5 else rng.integers(0, last + 1)
        windows[row] = stream.ids[start : start + length]
    return windows
