"""How fast a model really runs: forward passes, timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from models import InputError, Model
from models.errors import OutOfMemoryError
from models.opening import sites
from models.opening.devices import out_of_memory
from models.words import told

BATCH_SIZES = (1, 4, 16, 64)
"""Those of Michel et al. 2019, section 4."""
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
    batch_sizes: Sequence[int] = BATCH_SIZES,
    length: int = 32,
    seconds: float = 1.0,
) -> list[Timing]:
    """Times forward passes of a model with its head, without a cache, on random tokens and without padding.

    Args:
        model: any.
        batch_sizes: texts per pass.
        length: tokens per text, and per target of an encoder-decoder.
        seconds: time to spend on each batch size after the warm-up; at least three passes are timed.

    Raises:
        InputError: a length, batch size or time that makes no sense, or texts too long for the model.
        models.errors.OutOfMemoryError: the device has no room for a batch.
    """
    return [timing for (timing,) in side_by_side([model], batch_sizes, length, seconds)]


def side_by_side(
    models: Sequence[Model],
    batch_sizes: Sequence[int] = BATCH_SIZES,
    length: int = 32,
    seconds: float = 1.0,
) -> Iterator[tuple[Timing, ...]]:
    """As `speed`, for several models whose passes take turns, so that whatever else the machine does slows all of them alike.

    Yields:
        For each batch size a timing of each model; `seconds` is the time of each.
    """
    if length < 1 or any(batch < 1 for batch in batch_sizes):
        raise InputError(told("Batch size and length are at least 1."))
    if not 0 <= seconds < float("inf"):
        raise InputError(told("{seconds} seconds cannot be spent.", seconds=seconds), told("Give a number of seconds from 0."))
    for model in models:
        if model.max_length and length > model.max_length:
            raise InputError(
                told("{name} reads at most {max_length} tokens, not {length}.", name=model.name, max_length=model.max_length, length=length),
                told("Time shorter texts."),
            )
    for batch in batch_sizes:
        yield _timed(models, batch, length, seconds)


def _timed(models: Sequence[Model], batch: int, length: int, seconds: float) -> tuple[Timing, ...]:
    given = [_inputs(model, batch, length) for model in models]
    taken: list[list[float]] = [[] for _ in models]
    try:
        for _ in range(_WARM_UP):
            for model, inputs in zip(models, given, strict=True):
                _pass(model, inputs)
        while any(len(one) < _FEWEST or sum(one) < seconds for one in taken):
            for model, inputs, one in zip(models, given, taken, strict=True):
                one.append(_pass(model, inputs))
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise OutOfMemoryError(
            told("{device} has no room for {batch} texts of {length} tokens.", device=model.device, batch=batch, length=length),
            told("Choose smaller batches."),
        ) from error
    timings = []
    for model, one in zip(models, taken, strict=True):
        median = statistics.median(one)
        tokens = batch * length * (2 if model.kind == "encoder-decoder" else 1)
        timings.append(Timing(batch, median, tokens / median, len(one)))
    return tuple(timings)


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
    vocabulary = model.network.get_input_embeddings().weight.shape[0]
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
