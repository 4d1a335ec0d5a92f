"""How fast a model really runs: forward passes, timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from models import InputError, Model, sites
from models.errors import OutOfMemoryError
from models.loading import out_of_memory

_WARM_UP, _FEWEST = 2, 3


@dataclass(frozen=True)
class Timing:
    """Forward passes at one batch size.

    Attributes:
        batch: texts per pass.
        seconds: median over the repeats.
        tokens_per_second: tokens of all texts, those of the target included where there is one, per second.
        repeats: passes that were timed; those that warmed up are not among them.
    """

    batch: int
    seconds: float
    tokens_per_second: float
    repeats: int


def speed(
    model: Model,
    batch_sizes: Sequence[int] = (1, 4, 16, 64),
    length: int = 32,
    seconds: float = 1.0,
) -> list[Timing]:
    """Times forward passes of a model with its head, without a cache, on random tokens and without padding.

    Args:
        model: any; to compare two models, time them on a machine that does nothing else.
        batch_sizes: texts per pass.
        length: tokens per text, and per target of an encoder-decoder.
        seconds: time to spend on each batch size after the warm-up; at least three passes are timed.

    Raises:
        InputError: a length, batch size or time that makes no sense, or texts too long for the model.
        models.errors.OutOfMemoryError: the device has no room for a batch.
    """
    if length < 1 or any(batch < 1 for batch in batch_sizes):
        raise InputError("Batch size and length are at least 1.")
    if not 0 <= seconds < float("inf"):
        raise InputError(f"{seconds} seconds cannot be spent.", "Give a number of seconds from 0.")
    if model.max_length and length > model.max_length:
        raise InputError(f"{model.name} reads at most {model.max_length} tokens, not {length}.", "Time shorter texts.")
    return [_timed(model, batch, length, seconds) for batch in batch_sizes]


def _timed(model: Model, batch: int, length: int, seconds: float) -> Timing:
    given = _inputs(model, batch, length)
    taken: list[float] = []
    try:
        for _ in range(_WARM_UP):
            _pass(model, given)
        while len(taken) < _FEWEST or sum(taken) < seconds:
            taken.append(_pass(model, given))
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise OutOfMemoryError(f"{model.device} has no room for {batch} texts of {length} tokens.", "Choose smaller batches.") from error
    median = statistics.median(taken)
    tokens = batch * length * (2 if model.kind == "encoder-decoder" else 1)
    return Timing(batch, median, tokens / median, len(taken))


def _pass(model: Model, given: dict[str, torch.Tensor]) -> float:
    # The lock is taken anew for each pass: other viewers of the model get their turn, and their time is not counted.
    with model.lock, torch.inference_mode():
        on_device = {name: values.to(model.device) for name, values in given.items()}
        _finish(model.device)
        start = time.perf_counter()
        model.network(**sites.inputs_for(model.network, **on_device))
        _finish(model.device)
        return time.perf_counter() - start


def _inputs(model: Model, batch: int, length: int) -> dict[str, torch.Tensor]:
    special = set(model.tokenizer.all_special_ids)
    vocabulary = model.network.get_input_embeddings().num_embeddings
    words = torch.tensor([i for i in range(vocabulary) if i not in special] or [0])
    draw = torch.Generator().manual_seed(0)

    def ids() -> torch.Tensor:
        return words[torch.randint(len(words), (batch, length), generator=draw)]

    given = {"input_ids": ids(), "attention_mask": torch.ones(batch, length, dtype=torch.long)}
    if model.kind == "encoder-decoder":
        given["decoder_input_ids"] = ids()
        if (end := model.tokenizer.eos_token_id) is not None:
            given["input_ids"][:, -1] = end  # BART's classifier reads at the end token and insists on one per text
    return given


def _finish(device: torch.device) -> None:
    """Waits until the device has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
