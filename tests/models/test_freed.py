"""Memory that was freed goes back to the system, also from between what is still in use."""

import ctypes
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from explorer.atlas import plan as planning
from explorer.atlas import reading, shards
from explorer.atlas.corpus import Corpus, Text
from explorer.atlas.options import Options
from models import freed
from tests import tiny as tiny_models

MB = 2**20
glibc = pytest.mark.skipif(not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc alone is asked")


def _used() -> int:
    """Bytes of this process that are in no file."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) * 1024


def _gaps() -> list[np.ndarray]:
    """About 160 MB are asked for, and all but every hundredth array of them is freed again; those that are still in use are returned."""
    draw = random.Random(0)
    return [np.ones(draw.randint(2_000, 12_000)) for _array in range(3_000)][::100]


@glibc
def test_gaps_between_what_is_in_use_are_given_back():
    freed.give_back()
    pieces = _gaps()
    held = _used()
    assert freed.give_back()
    assert _used() < held - 60 * MB and all((piece == 1).all() for piece in pieces)


@glibc
def test_each_shard_of_an_atlas_gives_back_what_it_no_longer_uses(tiny, tmp_path):
    model, options = tiny("llama"), Options(batch_tokens=64)
    texts = Corpus("made up", tuple(Text(" ".join(tiny_models.WORDS[:n])) for n in range(2, 10)))
    plan = planning.made(model, texts, options)
    shards.read(model, texts, options, 0, 2, tmp_path, None, plan)
    pieces = _gaps()
    held = _used()
    shards.read(model, texts, options, 1, 2, tmp_path, None, plan)
    assert _used() < held - 60 * MB and pieces


def test_a_shard_gives_back_after_each_batch(tiny, monkeypatch):
    model, options, calls = tiny("llama"), Options(batch_tokens=1), []
    texts = Corpus("made up", tuple(Text(" ".join(tiny_models.WORDS[:n])) for n in range(2, 9)))
    monkeypatch.setattr(reading, "give_back", lambda: calls.append(len(told)))
    told = []
    reading.read(model, planning.made(model, texts, options), options, progress=told.append)
    assert calls == list(range(7)) and len(told) == 7


def test_a_library_that_knows_no_such_call_is_left_alone(monkeypatch):
    monkeypatch.setattr(freed, "_trim", lambda: None)
    assert freed.give_back() is False
