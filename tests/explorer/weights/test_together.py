"""Heads that are read at the same time, as the page reads both heads of a line."""

import threading

import numpy as np
import pytest
import torch

from explorer.weights.opened import opened


class Handing:
    """A lock that, each time it is given back, lets another thread do all of its work before the one that held it goes on."""

    def __init__(self, work):
        self.lock, self.work, self.busy = threading.RLock(), work, False

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *_raised):
        self.lock.release()
        if not self.busy:
            self.busy = True
            other = threading.Thread(target=self.work)
            other.start()
            other.join()
            self.busy = False


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("name", ["gpt2", "bert", "toy"])
def test_what_one_reads_is_not_what_another_has_put_in_its_place(in_precision, monkeypatch, name, layer):
    model = in_precision(name)
    entry = opened(model).entry(model.parts[0])
    ids = torch.arange(5)
    tokens, positions = entry.tokens(ids, layer).numpy(), entry.positions(4).numpy()
    found = []
    monkeypatch.setattr(model, "lock", Handing(lambda: found.append(entry.tokens(ids, layer).numpy())))
    np.testing.assert_array_equal(entry.positions(4).numpy(), positions)
    np.testing.assert_array_equal(entry.tokens(ids, layer).numpy(), tokens)
    assert len(found) == 2
    for other in found:
        np.testing.assert_array_equal(other, tokens)
