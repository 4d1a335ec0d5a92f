"""What viewers share (a network, its tokenizer, torch's generator of numbers) is for each of them as if he were alone."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch

from explorer.claims import mask
from explorer.lectures import edits, q13_order, retrieval
from explorer.reading import encode
from models import Model, load


def beside(work: Callable[[], object], other: Callable[[], object]) -> object:
    """What work gives while another thread does something over and over. Raises what either raises."""
    done, begun, failed = threading.Event(), threading.Event(), []

    def again() -> None:
        try:
            while not done.is_set():
                other()
                begun.set()
        except Exception as error:
            failed.append(error)
            begun.set()

    thread = threading.Thread(target=again)
    thread.start()
    begun.wait(30)
    try:
        return work()
    finally:
        done.set()
        thread.join()
        if failed:
            raise failed[0]


@pytest.fixture(scope="module")
def reader() -> Model:
    return load("gpt2-mini", "cpu")


TEXTS = ["the cat sat on the mat because it was warm", "where did they play", "the dog"]


def test_a_tokenizer_that_pads_and_cuts_for_one_does_neither_for_another():
    encoder = load("all-MiniLM-L6-v2", "cpu")
    long = " ".join(TEXTS * 8)
    alone, ids = retrieval.embedded(encoder, [long, *TEXTS]), encode(encoder, long).ids
    assert len(ids) > retrieval._LONGEST
    wrong = []

    def read() -> None:
        if encode(encoder, long).ids != ids or len(encode(encoder, "the dog").ids) != 4:
            wrong.append(1)

    for _turn in range(8):
        np.testing.assert_allclose(beside(lambda: retrieval.embedded(encoder, [long, *TEXTS]), read), alone, atol=1e-6)
    assert not wrong


def test_passes_are_counted_of_ones_own_run(reader):
    ids = torch.arange(5)[None]
    alone = mask.passes_for(reader, 6)
    assert alone > 0
    for _turn in range(5):
        assert beside(lambda: mask.passes_for(reader, 6), lambda: reader.network(ids)) == alone
    assert not reader.network._forward_pre_hooks


def test_a_changed_matrix_is_nobody_elses(reader):
    text = TEXTS[0]
    ids = torch.tensor([encode(reader, text).ids])

    def read() -> np.ndarray:
        with reader.lock, torch.no_grad():
            return reader.network(ids).logits.numpy()

    expected, seen = read(), []
    beside(lambda: edits.edited(reader, 1), lambda: seen.append(read()))
    assert len(seen) > 3
    for found in (*seen, read()):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("positions", [True, False])
def test_weights_are_drawn_as_if_nobody_else_drew(positions):
    others = q13_order.others.__wrapped__
    alone = others(positions)
    drawn = beside(lambda: [others(positions) for _turn in range(4)], lambda: others(not positions))
    assert all(found == alone for found in drawn)
