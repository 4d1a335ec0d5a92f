"""Weights drawn by a seed. torch draws them from one generator of the process, in which other threads draw, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A block in which the generator is at this seed; afterwards it is where it was. One block at a time: a second one waits."""
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
        torch.manual_seed(seed)
        yield
