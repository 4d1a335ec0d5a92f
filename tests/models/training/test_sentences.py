"""Batches of whole sentences."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.training.batches import NOT_ASKED, rng_of
from models.training.sentences import Order, masked, padded


@given(st.lists(st.integers(1, 40), min_size=1, max_size=300), st.integers(40, 400), st.integers(0, 5))
def test_an_epoch_has_every_sentence_once_and_no_batch_is_too_large(lengths, tokens, seed):
    order, seen, step = Order(lengths, tokens, seed), [], 0
    while len(seen) < len(lengths):
        rows = order.rows_at(step)
        assert len(rows) * max(lengths[i] for i in rows) <= max(tokens, max(lengths))
        seen += rows.tolist()
        step += 1
    assert sorted(seen) == list(range(len(lengths)))


def test_a_step_is_the_same_however_it_is_reached():
    lengths = np.random.default_rng(0).integers(3, 30, 500)
    walked, jumped = Order(lengths, 256, 1), Order(lengths, 256, 1)
    rows = [walked.rows_at(step).tolist() for step in range(120)]
    assert [jumped.rows_at(step).tolist() for step in (119, 0, 60)] == [rows[119], rows[0], rows[60]]
    assert Order(lengths, 256, 2).rows_at(0).tolist() != rows[0]


def test_masks_hide_what_they_ask_for_and_at_least_one_of_each():
    inputs = padded([[2, 10, 11, 12, 13, 3], [2, 10, 3]], pad=0)
    assert inputs.tolist() == [[2, 10, 11, 12, 13, 3], [2, 10, 3, 0, 0, 0]]
    for seed in range(30):
        batch = masked(rng_of(0, seed), inputs, 0.2, [0, 2, 3], mask=4, ordinary=(10, 14))
        asked = batch.targets != NOT_ASKED
        assert asked.any(1).all() and not asked[torch.isin(inputs, torch.tensor([0, 2, 3]))].any()
        assert (batch.targets[asked] == inputs[asked]).all() and (batch.inputs[~asked] == inputs[~asked]).all()
    many = padded([[2, *range(10, 14), 3]] * 4000, pad=0)
    batch = masked(rng_of(0, 0), many, 0.5, [0, 2, 3], mask=4, ordinary=(10, 14))
    asked = batch.targets != NOT_ASKED
    assert 0.5 < asked.sum().item() / 16000 < 0.53 and 0.77 < (batch.inputs[asked] == 4).float().mean() < 0.83
