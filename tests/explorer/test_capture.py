"""Capture: tokens, patterns, long texts, other people's alphabets."""

import threading

import numpy as np
import pytest
import torch

import explorer
import models
from explorer.tokens import labels, readable
from models.opening import sites
from tests import tiny as making

TEXT = "the cat sat on the mat because it was warm ."


def eager_of(model, given):
    model.network.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            return model.network(**sites.inputs_for(model.network, **given), output_attentions=True)
    finally:
        model.network.set_attn_implementation(models.attention.NAME)


def test_the_real_bert_equals_eager_on_a_pair(bert):
    text, pair = "Where did the children play?", "They played behind the old house."
    captured = explorer.capture(bert, text, pair)
    eager = eager_of(bert, bert.tokenizer(text, pair, return_tensors="pt"))
    for layer in range(6):
        np.testing.assert_allclose(captured.patterns(layer), eager.attentions[layer][0].numpy(), atol=1e-5, rtol=0)
    assert captured.tokens[0] == "[CLS]" and captured.segments[0] == 0 and captured.segments[-1] == 1
    assert sum(captured.special) == 3


@pytest.mark.parametrize("name", [*making.ENCODERS, *making.DECODERS])
def test_every_architecture(tiny, name):
    model = tiny(name)
    captured = explorer.capture(model, "the cat sat on mat" if name != "gpt2" else "the cat")
    n = len(captured.tokens)
    assert captured.pattern(1, 3).shape == (n, n)
    np.testing.assert_allclose(captured.patterns(0).sum(-1), 1, atol=1e-5)
    z = captured.outputs(0, 1)
    record = captured.record(0)
    np.testing.assert_allclose(z, captured.pattern(0, 1) @ record.value[0, 1 // record.group].numpy(), atol=1e-5)


@pytest.mark.parametrize("name", [*making.ENCODERS, *making.DECODERS, *making.PAIRED])
def test_it_tells_how_far_it_is_and_can_be_stopped_in_the_middle(tiny, name):
    told: list[float] = []

    def report(share: float) -> None:
        told.append(share)
        if len(told) == 1:
            raise KeyboardInterrupt

    text, target = "the cat", "a dog" if name in making.PAIRED else None
    with pytest.raises(KeyboardInterrupt):
        explorer.capture(tiny(name), text, target=target, progress=report)
    told.clear()
    captured = explorer.capture(tiny(name), text, target=target, progress=told.append)
    assert told == sorted(told) and told[-1] == 1 and 0 < told[0] <= 0.5
    assert len(told) == len(captured.layout)


@pytest.mark.parametrize("name", making.PAIRED)
def test_source_and_target(tiny, name):
    given = explorer.capture(tiny(name), "the cat sat", target="a dog")
    assert given.parts == ("encoder", "decoder", "cross")
    assert given.pattern(0, 0, "cross").shape == (len(given.queries("cross")), len(given.keys("cross")))
    made = explorer.capture(tiny(name), "the cat sat")
    assert any("generated" in note for note in made.notes)


def test_view_only_shows_weights_and_says_no_to_the_rest(tiny):
    captured = explorer.capture(tiny("falcon"), "the cat sat")
    np.testing.assert_allclose(captured.patterns(0).sum(-1), 1, atol=1e-5)
    with pytest.raises(models.InputError, match="view-only"):
        captured.neurons(0, 0, 1, 0)


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "t5"])
def test_neurons_sum_to_the_score(tiny, name):
    captured = explorer.capture(tiny(name), "the cat")
    made = captured.neurons(1, 3, 1, 0)
    scores = captured.record(1).scores(3)[1]
    assert made.scale * made.product.sum() + made.added == pytest.approx(made.score)
    assert np.exp(made.score - float(torch.logsumexp(scores, 0))) == pytest.approx(made.weight, abs=1e-6)
    if name in ("bert", "llama"):
        assert abs(made.added) < 1e-5


@pytest.mark.parametrize("size", [1, 3, 7, 64])
def test_thumbnails_keep_the_largest_weight(bert, size):
    captured = explorer.capture(bert, TEXT)
    n = len(captured.tokens)
    for layer, pooled in enumerate(captured.thumbnails(size)):
        edges = [i * n // min(n, size) for i in range(min(n, size) + 1)]
        whole = captured.patterns(layer)
        for i in range(len(edges) - 1):
            for j in range(len(edges) - 1):
                block = whole[:, edges[i] : edges[i + 1], edges[j] : edges[j + 1]]
                np.testing.assert_allclose(pooled[:, i, j], block.max((1, 2)), rtol=0, atol=1e-5)


def test_mean_and_maximum(bert):
    captured = explorer.capture(bert, TEXT)
    np.testing.assert_allclose(captured.mean(2), captured.patterns(2).mean(0), atol=1e-7)
    np.testing.assert_array_equal(captured.maximum(2), captured.patterns(2).max(0))


def test_a_text_of_100_000_tokens_is_cut_with_a_note(bert):
    captured = explorer.capture(bert, "word " * 100_000)
    assert len(captured.tokens) == 512 and "512 of 100002" in captured.notes[0]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_text(bert, text):
    with pytest.raises(models.InputError, match="no text"):
        explorer.capture(bert, text)


@pytest.mark.parametrize("text", ["🙂🏳️‍🌈 ok", "שלום עולם", "</script><img src=x onerror=alert(1)>", "我爱你", "\u2028 \\ \" '"])
def test_any_alphabet(bert, tiny, text):
    assert len(explorer.capture(bert, text).tokens) >= 3
    assert "".join(readable(tiny("gpt2").tokenizer, tiny("gpt2").tokenizer(text[:3])["input_ids"])).replace("<", "")


def test_pairs_and_targets_only_where_they_belong(tiny):
    with pytest.raises(models.InputError):
        explorer.capture(tiny("gpt2"), "the", pair="cat")
    with pytest.raises(models.InputError):
        explorer.capture(tiny("bert"), "the", target="cat")


def test_readable_tokens(tiny):
    tokenizer = tiny("gpt2").tokenizer
    assert readable(tokenizer, tokenizer("a b")["input_ids"]) == ["a", " ", "b"]
    assert readable(tokenizer, tokenizer("é")["input_ids"]) == ["<C3>", "<A9>"]
    assert labels([" cat", " ", "\n", ""]) == ["cat", "␣", "⏎", "∅"]


def test_threads_see_their_own_pictures(bert, tiny):
    texts = {"bert": "one two three four", "tiny": "the cat sat on mat"}
    used = {"bert": bert, "tiny": tiny("bert")}
    expected = {name: explorer.capture(used[name], texts[name]).patterns(1) for name in used}
    wrong = []

    def work(name: str) -> None:
        for _ in range(15):
            found = explorer.capture(used[name], texts[name]).patterns(1)
            if not np.array_equal(found, expected[name]):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in [*used, *used]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
