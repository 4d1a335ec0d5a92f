"""What a benchmark on a graphics card needs: its table, how long a call takes, what is allocated, and a card that is full."""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import report
from models.atomic import put_text

HEADER = ("what", "on", "ours", "reference", "verdict")


@dataclass
class Table:
    """Rows of the result, as they are found.

    Attributes:
        rows: what, on what, ours, the reference, verdict.
        failed: whether any row is a failure.
    """

    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    failed: bool = False

    def add(self, what: str, on: str, ours: str, reference: str, good: bool | None = None) -> None:
        """Adds a row; `good` is None where there is nothing to judge."""
        self.failed |= good is False
        self.rows.append((what, on, ours, reference, "" if good is None else "ok" if good else "FAILED"))
        print("  ".join(self.rows[-1]), flush=True)


class Full(TorchDispatchMode):
    """A card that has no room any more after so many operations: the next one that makes a tensor on it fails as CUDA does.

    Attributes:
        made: operations so far.
    """

    def __init__(self, after: float, device: torch.device) -> None:
        super().__init__()
        self.after, self.device, self.made, self.failed = after, device, 0, False

    def __torch_dispatch__(self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None) -> object:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.device.type == self.device.type:
            self.made += 1
            # Not within a backward pass: an error of Python's is lost on the thread that runs it, which one of CUDA's is not.
            if self.made > self.after and not self.failed and torch._C._current_graph_task_id() == -1:
                self.failed = True
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate more than there is.")
        return made


def card(device: torch.device) -> str:
    """The name of a device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def write(file: Path, title: str, table: Table) -> None:
    """The table in Markdown."""
    lines = [f"# {title}", "", f"`python -m benchmarks.gpu`, {datetime.date.today()}. {report.machine()}.", ""]
    lines += ["| " + " | ".join(row) + " |" for row in (HEADER, ("---",) * len(HEADER), *table.rows)]
    put_text(file, "\n".join(lines) + "\n")


def speed(device: torch.device, dtype: torch.dtype) -> float:
    """Multiplications and additions a second of a large matrix product."""
    size = 4096 if device.type == "cuda" else 512
    one = torch.randn(size, size, device=device, dtype=dtype)
    return 2 * size**3 / median(device, lambda: one @ one, rounds=9)


def median(device: torch.device, function: Callable[[], object], rounds: int = 5) -> float:
    """Median time of a call, in seconds, after two that are not counted."""
    found = []
    for i in range(rounds + 2):
        wait(device)
        begun = time.perf_counter()
        function()
        wait(device)
        if i >= 2:
            found.append(time.perf_counter() - begun)
    return statistics.median(found)


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def allocated(device: torch.device) -> int:
    """Bytes of tensors on the device; 0 where nobody counts them."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


@contextmanager
def peak(device: torch.device) -> Iterator[list[int]]:
    """The most bytes that are allocated within the block above what was there before, known after it."""
    found, before = [0], allocated(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    yield found
    if device.type == "cuda":
        found[0] = torch.cuda.max_memory_allocated(device) - before
