"""How a benchmark says what it found: one table, and the machine under it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

import torch


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table in plain text, and under it the machine it was measured on."""
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}\n")
    for line in [header, ["-" * width for width in widths], *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"\n{machine()}", flush=True)


def machine() -> str:
    """Cores, versions, threads, and how busy the machine was: timings of a busy machine are noisy."""
    busy = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return (
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, {busy} at the end"
    )


def verdict(value: float, goal: float) -> str:
    """Whether a figure is within its goal."""
    return "met" if value <= goal else "MISSED"
