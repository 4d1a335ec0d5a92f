"""The most memory that a computation holds at one time, as torch's allocator counts it; what was there before does not count."""

from __future__ import annotations

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile


def peak(does: Callable[[], object]) -> int:
    """Bytes at the peak of a call on the processor. The first call of a process takes seconds, in which the profiler gets ready."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        does()
    now = most = 0
    for event in seen.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most
