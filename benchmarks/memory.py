"""What this process holds in memory, now and at most. Linux tells the most since a moment; elsewhere a thread that samples finds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def resident() -> int:
    """Bytes that the process holds now."""
    return psutil.Process().memory_info().rss


def highest() -> int:
    """The most bytes that it has held since it began, or since `reset`. Linux only.

    Raises:
        OSError: the system does not tell.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status says nothing of VmHWM")


def reset() -> bool:
    """From now on `highest` is that of what follows; False where the system does not do that."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        # Some sandboxes accept the write and keep the old peak.
        return highest() - resident() < 2**20
    except OSError:
        return False


@contextmanager
def peak_memory() -> Iterator[dict[str, int]]:
    """Resident memory `before`, and how far it rose above that at its `peak`, in bytes."""
    found = {"before": resident()}
    if reset():
        yield found
        found["peak"] = highest() - found["before"]
        return
    most, stop = [found["before"]], threading.Event()

    def sample() -> None:
        while not stop.wait(0.002):
            most[0] = max(most[0], resident())

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()
    found["peak"] = max(most[0], resident()) - found["before"]
