"""The devices of this machine: which there are, how much room they have, and what is said when one is full."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch
from torch import Tensor, nn

from models.errors import ModelError, OutOfMemoryError
from models.words import told


def devices() -> list[str]:
    """The devices of this machine, best first."""
    found = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def memory(device: torch.device) -> tuple[int, int]:
    """Memory in use and in total, in bytes: of the accelerator, or this process's own beside the machine's."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return total - free, total
    if device.type == "mps":
        return torch.mps.driver_allocated_memory(), torch.mps.recommended_max_memory()
    return psutil.Process().memory_info().rss, psutil.virtual_memory().total


def precise(numbers: Tensor) -> Tensor:
    """The same numbers in float64 on the processor, in float32 on any other device: not all know float64."""
    return numbers.to(torch.float64 if numbers.device.type == "cpu" else torch.float32)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that the accelerator is full."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()


@contextmanager
def room_on(device: torch.device, what: str, advice: str = told("Shorten the text, or choose the cpu.")) -> Iterator[None]:
    """A block in which a full accelerator is an error in a viewer's words. Raises OutOfMemoryError."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        # What raised it holds what it had made so far: whoever keeps the error would keep the accelerator full.
        traceback.clear_frames(error.__traceback__)
        raise OutOfMemoryError(told("{device} has no room for {what}.", device=device, what=what), advice) from error


def free_bytes(device: torch.device) -> int | None:
    """Memory of an accelerator that nobody has taken yet, in bytes; None where that is not known, or no question."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def chosen(device: str) -> torch.device:
    """A device by its name, or the best one for "auto". Raises ModelError where this machine does not have it."""
    if device == "auto":
        return torch.device(devices()[0])
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ModelError(
            told("There is no device {device}.", device=device), told("This machine has {devices}.", devices=", ".join(devices()))
        ) from error
    here = devices()
    if wanted.type not in {d.split(":")[0] for d in here} or ((wanted.index or 0) and str(wanted) not in here):
        raise ModelError(told("This machine has no {device}.", device=device), told("It has {devices}.", devices=", ".join(here)))
    return wanted


def give_back() -> None:
    """Gives memory of accelerators that nothing holds any more back to the system."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def too_small(device: torch.device) -> str:
    """What a viewer is told of a model that went to the CPU instead."""
    return told("{device} has no room for this model: it runs on the cpu.", device=device)


def moved(network: nn.Module, device: torch.device, fallback: bool) -> tuple[nn.Module, torch.device, list[str]]:
    """The network on a device, or, where that has no room and `fallback` allows it, on the CPU; where it is now, and what a viewer is told of it.

    Raises OutOfMemoryError where there is no room and no fallback.
    """
    try:
        return network.to(device), device, []
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        network.to("cpu")
        give_back()
        if not fallback:
            raise OutOfMemoryError(
                told("{device} has no room for this model.", device=device), told("Choose the cpu, a smaller model, or bfloat16.")
            ) from error
        if network.dtype == torch.float16:
            network.float()
        return network, torch.device("cpu"), [too_small(device)]
