"""The bounded cache against its laws, whatever is done to it; and sizes against what the parts are known to take."""

import sys
import threading
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.bounded import BoundedCache, memory_of

ACTS = st.lists(st.tuples(st.sampled_from(["put", "read", "ask", "compute", "pop"]), st.integers(0, 6), st.integers(0, 12)), max_size=60)


@given(ACTS, st.integers(1, 30))
def test_it_stays_within_its_limit_and_forgets_what_was_not_used_for_longest(acts, limit):
    cache = BoundedCache(limit, size_of=lambda value: value)
    expected: dict[int, int] = {}  # in the order of use, as a dictionary keeps the order of its keys

    def used(key: int) -> None:
        expected[key] = expected.pop(key)

    def put(key: int, size: int) -> None:
        expected.pop(key, None)
        while expected and sum(expected.values()) + size > limit:
            expected.pop(next(iter(expected)))
        expected[key] = size

    for what, key, size in acts:
        if what == "put":
            cache[key] = size
            put(key, size)
            assert cache[key] == size, "whoever stored it can read it back, however large it is"
        elif what == "compute":
            known = expected.get(key)
            assert cache.get_or_compute(key, lambda size=size: size) == (size if known is None else known)
            put(key, size) if known is None else used(key)
        elif what == "pop":
            assert cache.pop(key) == expected.pop(key, None)
        elif what == "ask":
            assert (key in cache) == (key in expected)
            if key in expected:
                used(key)
        elif key in expected:
            assert cache[key] == expected[key]
            used(key)
        else:
            assert cache.get(key, "none") == "none"
            with pytest.raises(KeyError):
                cache[key]
        assert list(cache) == list(expected) and cache.memory_bytes == sum(expected.values())
        assert cache.memory_bytes <= limit or len(cache) == 1


def test_a_limit_of_0_keeps_nothing_and_still_computes():
    cache = BoundedCache(0)
    assert cache.get_or_compute("a", lambda: [1]) == [1] and len(cache) == 0 and "a" not in cache


def test_one_key_is_computed_once_by_many_threads_and_another_one_meanwhile():
    cache, computed, begun, go = BoundedCache(1000), [], threading.Event(), threading.Event()

    def slow() -> str:
        computed.append("slow")
        begun.set()
        assert go.wait(20)
        return "made"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get_or_compute("slow", slow))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    assert cache.get_or_compute("quick", lambda: "at once") == "at once"  # while the other one is computed
    go.set()
    for thread in threads:
        thread.join()
    assert found == ["made"] * 5 and computed == ["slow"]


def test_what_fails_is_raised_stored_nowhere_and_may_be_tried_again():
    cache = BoundedCache(1000)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute("a", lambda: 1 // 0)
    assert "a" not in cache and cache.get_or_compute("a", lambda: 2) == 2


def test_threads_that_push_each_other_out_keep_the_books():
    cache = BoundedCache(100, size_of=len)

    def work(seed: int) -> None:
        draw = np.random.default_rng(seed)
        for _ in range(300):
            key, size = int(draw.integers(9)), int(draw.integers(1, 60))
            if draw.random() < 0.3:
                cache.pop(key)
            else:
                assert len(cache.get_or_compute(key, lambda size=size: "x" * size)) < 60
            time.sleep(0)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.memory_bytes == sum(len(cache[key]) for key in cache) <= 100


@dataclass
class _Holds:
    one: object
    other: object


@dataclass(slots=True)
class _Slots:
    one: object


class _Drawn:
    """Makes up any attribute, as charts of Altair do."""

    def __init__(self, data: object) -> None:
        self.data = data

    def __getattr__(self, name: str) -> object:
        return 0 if name.startswith("n") else super().__getattribute__(name)


@pytest.mark.parametrize(
    "around",
    [
        lambda x: x,
        lambda x: [x, x],
        lambda x: {"a": x, "b": (x,)},
        lambda x: _Holds(x, [x]),
        lambda x: _Slots(x),
        lambda x: _Drawn(x),
        lambda x: np.array([x, None], dtype=object),
    ],
)
@pytest.mark.parametrize(
    ("value", "size"),
    [
        (np.zeros((100, 1000)), 800_000),
        (np.zeros((100, 1000))[:, :2], 800_000),  # a view holds the whole
        (torch.zeros(50, 1000), 200_000),
        (torch.zeros(50, 1000)[0], 200_000),
        ("x" * 100_000, 100_000),
        (b"x" * 100_000, 100_000),
        (pd.DataFrame({"a": np.zeros(50_000)}), 400_000),
    ],
)
def test_sizes_of_what_holds_one_large_thing_once_or_twice(around, value, size):
    if isinstance(value, np.ndarray) and isinstance(around(0), np.ndarray):
        return  # numpy would make one array of the two
    assert memory_of(around(value)) == pytest.approx(size, rel=0.02)


def test_circles_and_networks(bert):
    around: list = ["x" * 1000]
    around.append(around)
    assert memory_of(around) < 3000
    assert memory_of(_Holds(bert, bert.network)) < 1000, "a value that points to a network does not own it"
    assert memory_of(3) == sys.getsizeof(3)


def test_a_capture_knows_its_memory(bert, tiny):
    captured = explorer.capture(bert, "The cat sat on the mat.")
    n = len(captured.tokens)
    tensors = {
        value.untyped_storage().data_ptr(): value for record in captured.records for value in vars(record).values() if torch.is_tensor(value)
    }
    storages = sum(value.untyped_storage().nbytes() for value in tensors.values())
    assert storages <= captured.memory_bytes <= storages + 100 * 8 * len(captured.records)
    assert captured.memory_bytes >= 6 * 3 * n * 384 * 4, "queries, keys and values of six layers, 384 wide"
    weights = explorer.capture(tiny("falcon"), "the cat sat")
    assert weights.memory_bytes == pytest.approx(2 * 4 * 3 * 3 * 4, abs=500)
    assert memory_of([captured, captured]) == pytest.approx(captured.memory_bytes, abs=300)


def test_what_is_derived_from_a_capture_is_bounded(bert, monkeypatch):
    monkeypatch.setattr(sys.modules["explorer.capture"], "DERIVED_BYTES", 10_000)
    captured = explorer.capture(bert, "The cat sat.")
    for i in range(20):
        captured.derived[i] = np.zeros(500)  # 4,000 bytes
        assert i in captured.derived and captured.derived[i].shape == (500,)
    assert list(captured.derived) == [18, 19] and 0 not in captured.derived
