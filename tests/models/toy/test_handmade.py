"""Heads set by a formula do exactly what they are called."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer
import models
from models.toy import handmade

LETTERS = "abcdefgh"


@pytest.fixture(scope="module")
def induction(tmp_path_factory):
    folder = tmp_path_factory.mktemp("induction")
    network, tokenizer = handmade.induction(list(LETTERS), max_length=40)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return models.load(folder, device="cpu")


def test_each_token_attends_to_the_one_before():
    network, tokenizer = handmade.previous_token(list(LETTERS), max_length=40)
    ids = tokenizer("a b a a h c", return_tensors="pt")["input_ids"]
    layout = models.opening.sites.find_sites(network)
    with torch.no_grad(), models.attention.attending(layout.sites_of) as run:
        logits = network(ids).logits
    assert run.records[0].pattern(0)[range(1, 7), range(6)].min() > 0.999
    assert torch.equal(logits[0, 1:].argmax(-1), ids[0, :-1])


@settings(max_examples=15)
@given(st.permutations(LETTERS), st.integers(2, 8))
def test_a_repeated_text_is_continued(induction, letters, length):
    segment = letters[:length]
    text = " ".join([*segment, *segment])
    captured = explorer.capture(induction, text)
    first, second = captured.pattern(0, 0), captured.pattern(1, 0)
    n = len(captured.tokens)
    assert first[range(1, n), range(n - 1)].min() > 0.999  # "[BOS]" is at 0
    again = range(1 + length, n)
    assert second[again, [at - length + 1 for at in again]].min() > 0.999
    assert second[range(1, 1 + length), 0].min() > 0.999  # new tokens rest on "[BOS]"
    ids = torch.tensor([captured.queries().ids])
    with torch.no_grad():
        probabilities = induction.network(ids).logits[0].softmax(-1)
    expected = [ids[0, at - length + 1] for at in again]
    assert probabilities[again, expected].min() > 0.999


def test_a_sweep_finds_that_both_heads_are_needed(induction):
    from explorer.ablation.sweep import sweep
    from explorer.tasks.data import Examples, Labelled
    from explorer.tasks.language import Next

    task = Next(induction, Examples("repeats", (Labelled("a b c d a b c d", None), Labelled("h g f h g f h g f", None)), ()))
    found = sweep(task)
    for head in ((0, 0), (1, 0)):
        # Of ten tokens each is as likely as the others; with both heads, what follows a repeated one is certain.
        assert found.without[head].mean_loss == pytest.approx(math.log(10), abs=1e-3)
        assert found.baseline.loss == pytest.approx([math.log(10) * new / asked for new, asked in ((5, 8), (4, 9))], abs=1e-3)
