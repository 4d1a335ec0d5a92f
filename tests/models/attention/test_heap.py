"""Memory of a pass: what comes and goes is made of the same pages again, and all is as before afterwards."""

import sys
import threading

import pytest
import torch

from models.attention import heap

LARGE = 40 * 2**20  # bytes; glibc maps what is as large, and gives it back


def _faults(turns: int = 8) -> int:
    """Pages that the system had to clear for arrays that come and go."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _turn in range(turns):
        torch.ones(LARGE // 4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not sys.platform.startswith("linux") or heap._mallopt() is None, reason="another C library")
def test_large_arrays_of_a_pass_are_made_of_the_same_pages():
    heap._mallopt()(heap._M_MMAP_THRESHOLD, heap._SMALL)  # whatever lies free in the heap, they are mapped
    apart = _faults()
    assert apart >= 8 * LARGE // 4096 * 0.9
    with heap.passing(LARGE):
        torch.ones(LARGE // 4)
        assert _faults() < apart / 4
        with heap.large_arrays_apart():  # as for what is kept in the middle of a pass
            pass
        assert _faults() < apart / 4
    assert heap._passes == 0


def test_passes_of_two_viewers_end_on_their_own():
    first, second = heap.passing(LARGE), heap.passing(LARGE)
    with first:
        thread = threading.Thread(target=lambda: second.__enter__())
        thread.start()
        thread.join()
        if heap._mallopt() is not None:
            assert heap._passes == 2
    if heap._mallopt() is not None:
        assert heap._passes == 1
    second.__exit__(None, None, None)
    assert heap._passes == 0


def test_short_passes_change_nothing(monkeypatch):
    def never():
        raise AssertionError("asked")

    monkeypatch.setattr(heap, "_mallopt", never)
    with heap.passing(heap._USUAL):
        assert heap._passes == 0


@pytest.mark.skipif(not sys.platform.startswith("linux") or heap._mallopt() is None, reason="another C library")
def test_large_arrays_of_a_very_long_text_are_given_back():
    heap._mallopt()(heap._M_MMAP_THRESHOLD, heap._SMALL)
    apart = _faults()
    with heap.passing(heap.LONG + 1):
        assert heap._passes == 0
        assert _faults() >= apart * 0.9
