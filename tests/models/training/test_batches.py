"""Batches: what is hidden, what is asked for, and that they depend on nothing but seed and step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.batches import NOT_ASKED, Stream, masked_words, next_words, rng_of

CLS, SEP, MASK, ORDINARY = 1001, 1002, 1003, 1000


@pytest.fixture(scope="module")
def streams():
    # Each token says where it stands; streams do not overlap.
    return [Stream(np.arange(400, dtype=np.int32), np.arange(0, 400, 10), 0.75), Stream(np.arange(400, 1000, dtype=np.int32), np.array([]), 0.25)]


def masked(streams, rows, context, seed=0):
    return masked_words(rng_of(seed, 0), streams, rows, context, 0.15, CLS, SEP, MASK, ORDINARY)


def test_of_the_tokens_15_percent_are_asked_for_and_of_these_80_10_10(streams):
    batch = masked(streams, 4000, 52)
    inputs, targets = batch.inputs.numpy(), batch.targets.numpy()
    asked = targets != NOT_ASKED
    chosen, tokens = asked.sum(), 4000 * 50

    def near(found, wanted, out_of):
        # Five standard deviations of a binomial share.
        assert found / out_of == pytest.approx(wanted, abs=5 * np.sqrt(wanted * (1 - wanted) / out_of))

    near(chosen, 0.15, tokens)
    near((inputs[asked] == MASK).sum(), 0.8, chosen)
    # A random token is the right one once in a thousand.
    near((inputs[asked] == targets[asked]).sum(), 0.1 + 0.1 / ORDINARY, chosen)
    swapped = inputs[asked][(inputs[asked] != MASK) & (inputs[asked] != targets[asked])]
    assert swapped.max() < ORDINARY and len(set(swapped)) > 900
    near((swapped < 500).sum(), 0.5, len(swapped))


def test_what_is_not_asked_for_stays_and_the_ends_are_never_asked_for(streams):
    batch = masked(streams, 200, 34)
    inputs, targets = batch.inputs.numpy(), batch.targets.numpy()
    assert (inputs[:, 0] == CLS).all() and (inputs[:, -1] == SEP).all()
    assert (targets[:, [0, -1]] == NOT_ASKED).all()
    whole = np.where(targets == NOT_ASKED, inputs, targets)[:, 1:-1]
    assert (np.diff(whole, axis=1) == 1).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 10**6), st.sampled_from([8, 16, 32]))
def test_a_batch_depends_on_seed_and_step_only(seed, step, context):
    streams = [Stream(np.arange(400, dtype=np.int32), np.arange(0, 400, 10), 1.0)]
    one, two = (next_words(rng_of(seed, step), streams, 4, context, 0.5, ORDINARY) for _ in range(2))
    assert one.inputs.equal(two.inputs) and one.targets.equal(two.targets)
    other = next_words(rng_of(seed, step + 1), streams, 4, context, 0.5, ORDINARY)
    assert not one.inputs.equal(other.inputs)


def test_windows_come_from_the_streams_in_their_shares_and_half_start_a_paragraph(streams):
    starts = next_words(rng_of(0, 0), streams, 4000, 16, 0.0, ORDINARY).inputs[:, 0].numpy()
    first = starts[starts < 400]
    assert len(first) / 4000 == pytest.approx(0.75, abs=0.035)
    # Half at a paragraph, and a tenth of the other half by chance.
    assert (first % 10 == 0).mean() == pytest.approx(0.55, abs=0.05)


def test_the_target_is_the_next_token(streams):
    batch = next_words(rng_of(0, 0), streams, 50, 16, 0.0, ORDINARY)
    assert (batch.targets == batch.inputs + 1).all()


def test_repeated_rows_ask_only_for_what_the_first_copy_gave_away(streams):
    batch = next_words(rng_of(3, 0), streams, 300, 32, 1.0, ORDINARY)
    for inputs, targets in zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True):
        length = targets.index(next(t for t in targets if t != NOT_ASKED))
        assert 4 <= length <= 16 and NOT_ASKED not in targets[length:]
        for i in range(length, 32):
            # The token was there before, and after it came what is asked for now.
            assert inputs[i] == inputs[i - length] and targets[i] == inputs[i - length + 1]


def test_about_the_asked_share_of_the_rows_is_repeated(streams):
    batch = next_words(rng_of(0, 0), streams, 4000, 16, 0.12, ORDINARY)
    assert (batch.targets == NOT_ASKED).any(1).float().mean().item() == pytest.approx(0.12, abs=0.03)
