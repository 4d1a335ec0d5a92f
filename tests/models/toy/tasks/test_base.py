"""What all toy tasks promise: seeded examples, a held-out part that is never trained on, texts that read back."""

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models import InputError
from models.toy.tasks import IGNORED, TASKS, make
from models.toy.tasks.base import hashed

PASSAGE = "".join(random.Random(0).choices("abcdefgh .,\n", k=2000))
FINITE = {"order", "addition"}


def task(name, **settings):
    return make(name, ({"passage": PASSAGE, "length": 16} if name == "characters" else {}) | settings)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def rows(batch):
    return set(map(tuple, batch.input_ids.tolist()))


@pytest.mark.parametrize("name", TASKS)
def test_no_training_batch_holds_a_held_out_example(name):
    made, draws = task(name), generator(1)
    trained = set().union(*(rows(made.batch(200, draws)) for _ in range(10)))
    held_out = set().union(*map(rows, made.held_out(400)), *(rows(made.batch(40, draws, held_out=True)) for _ in range(5)))
    assert trained and held_out and not trained & held_out


@pytest.mark.parametrize("name", sorted(FINITE))
def test_a_finite_set_is_split_completely(name):
    made, draws = task(name), generator()
    trained = set().union(*(rows(made.batch(2000, draws)) for _ in range(20)))
    held_out = set().union(*map(rows, made.held_out(5000)))
    assert len(trained) + len(held_out) == {"order": 12 * 11 * 8, "addition": 53 * 53}[name]
    assert len(held_out) / (len(trained) + len(held_out)) == pytest.approx(made.held_out_share, abs=0.03)


@pytest.mark.parametrize("name", sorted(set(TASKS) - FINITE - {"characters"}))
def test_a_tenth_is_held_out(name):
    made, draws = task(name), generator()
    flags = torch.cat([made.is_held_out(made.draw(400, draws)[0]) for _ in range(5)])
    assert 0.06 < flags.float().mean() < 0.14


def test_both_orders_of_the_same_words_are_held_out_together():
    ids = torch.cat([batch.input_ids for batch in task("order").held_out(2000)])
    turned = ids[:, [2, 1, 0, 3, 4]]
    assert set(map(tuple, ids.tolist())) == set(map(tuple, turned.tolist()))


def test_the_end_of_a_text_is_held_out():
    made = task("characters")
    window = made.held_out(20)[0]
    end = PASSAGE[len(PASSAGE) - int(0.1 * len(PASSAGE)) :]
    assert all(made.text(ids) in end for ids in window.input_ids.tolist())
    assert made.is_held_out(made.batch(20, generator()).input_ids).logical_not().all()


@pytest.mark.parametrize("name", TASKS)
def test_a_seed_decides_and_nothing_else_is_touched(name):
    before = torch.get_rng_state()
    made = task(name)
    one, same, other = (made.batch(32, generator(seed)) for seed in (3, 3, 4))
    held_out = made.held_out(50)
    assert torch.equal(torch.get_rng_state(), before)
    for key, ids in one.inputs.items():
        assert torch.equal(ids, same.inputs[key])
    assert one.input_ids.shape != other.input_ids.shape or not torch.equal(one.input_ids, other.input_ids)
    again = task(name).held_out(50)
    assert all(torch.equal(a.input_ids, b.input_ids) for a, b in zip(held_out, again, strict=True))


@pytest.mark.parametrize("name", TASKS)
def test_held_out_examples_differ_and_have_answers(name):
    batches = task(name).held_out(60)
    found = [tuple(ids) for batch in batches for ids in batch.input_ids.tolist()]
    assert len(found) == len(set(found)) <= 60
    assert all(((batch.targets != IGNORED).sum(dim=1) > 0).all() for batch in batches)


@pytest.mark.parametrize("name", TASKS)
def test_a_text_reads_back(name):
    made = task(name)
    tokenizer, batch = made.tokenizer(), made.batch(4, generator())
    assert len(tokenizer) == len(made.tokens) + 1 and tokenizer.unk_token_id == len(made.tokens)
    for ids in batch.input_ids.tolist():
        assert tokenizer(made.text(ids))["input_ids"] == ids
    assert max(ids.shape[1] for ids in batch.inputs.values()) <= made.n_tokens
    assert made.describe().startswith(made.about)


@pytest.mark.parametrize("name", ["induction", "copying", "sorting", "recall", "brackets", "majority"])
def test_longer_examples_have_the_same_vocabulary(name):
    longer = {"recall": {"pairs": 8}, "majority": {"length": 31}}.get(name, {"length": 48})
    assert task(name, **longer).tokens == task(name).tokens
    assert task(name, **longer).n_tokens > task(name).n_tokens


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("sums", {}, "no task"),
        ("copying", {"size": 3}, "has length, n_symbols"),
        ("copying", {"length": 2, "n_symbols": 3}, "too few different"),
        ("copying", {"n_symbols": 99}, "99 symbols"),
        ("induction", {"longest": 30}, "more symbols"),
        ("recall", {"pairs": 9}, "more keys"),
        ("majority", {"length": 10}, "odd number"),
        ("brackets", {"length": 2}, "few brackets"),
        ("addition", {"modulus": 1}, "out of reach"),
        ("order", {"language": "fr"}, "no language"),
        ("characters", {"passage": "short"}, "too short"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name, settings, said):
    with pytest.raises(InputError, match=said):
        make(name, settings).held_out(5)


def _splitmix(number):
    """The finaliser of splitmix64 in Python's whole numbers, with the increment before each shift."""
    word = 2**64 - 1
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        number = ((number + 0x1E3779B97F4A7C15) & word ^ (number >> shift)) * factor & word
    return number ^ (number >> 31)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30))
def test_the_hash_is_the_same_on_every_machine(ids):
    total = sum(_splitmix((token + _splitmix(place)) & (2**64 - 1)) for place, token in enumerate(ids, 1)) & (2**64 - 1)
    assert hashed(torch.tensor([ids])).item() == _splitmix(total) & (2**62 - 1)


def test_the_hash_tells_inputs_apart():
    numbers = torch.cartesian_prod(torch.arange(200), torch.arange(200))
    assert len(hashed(numbers).unique()) == len(numbers)
