"""What a text takes, by arithmetic: beside what a capture of it really holds, and refused in words before anything is built."""

import pytest
import torch

import explorer
from explorer import bearing
from models import InputError
from tests import tiny as making


@pytest.mark.parametrize("name", ["bert", "llama", "toy_alibi", "t5", "bart", "falcon"])
def test_it_is_never_less_than_what_is_held_and_grows_as_that_does(tiny, name):
    model, held, told = tiny(name), [], []
    for words in (5, 30):
        captured = explorer.capture(model, making.long_text(words), target=making.long_text(words) if name in making.PAIRED else None)
        sizes = [len(captured.queries("decoder")), len(captured.source)] if name in making.PAIRED else [len(captured.source)]
        held.append(captured.memory_bytes)
        told.append(bearing.bytes_of(model, *sizes))
        assert held[-1] <= told[-1] <= 16 * held[-1]
    assert told[1] - told[0] >= held[1] - held[0]


def test_the_work_is_that_of_the_products(tiny):
    model = tiny("llama")
    # Scores and outputs: two products of each weight with a head's numbers.
    n, sites = 100, model.sites
    weights = sum(site.heads * n * n for site in sites)
    assert bearing.work_of(model, n) == pytest.approx(2 * weights * sites[0].head_dim + n * model.parameters)


def test_the_longest_is_borne_and_one_more_is_not(tiny, monkeypatch):
    model = tiny("llama")
    monkeypatch.setattr(bearing, "most_bytes", lambda: 10**6)
    n = bearing.longest(model)
    assert 10 < n < 10_000 and bearing.bears(model, n) and not bearing.bears(model, n + 1)
    bearing.check(model, n)
    with pytest.raises(InputError, match=f"{n + 1:,} tokens would take .* GB of memory.*Shorten the text to {n:,} tokens"):
        bearing.check(model, n + 1)


def test_too_much_work_is_refused_on_a_processor_alone(tiny, monkeypatch):
    model = tiny("llama")
    monkeypatch.setattr(bearing, "MOST_WORK", bearing.work_of(model, 50))
    bearing.check(model, 50)
    with pytest.raises(InputError, match="51 tokens are 0 billion multiply-adds"):
        bearing.check(model, 51)
    monkeypatch.setattr(type(model), "device", torch.device("meta"))
    bearing.check(model, 51)


def test_what_a_machine_gives_is_bounded(monkeypatch):
    for total, most in ((2**30, 2**29), (16 * 2**30, 4 * 2**30), (2**40, 8 * 2**30)):
        monkeypatch.setattr(bearing.psutil, "virtual_memory", lambda total=total: type("Memory", (), {"total": total}))
        assert bearing.most_bytes() == most
