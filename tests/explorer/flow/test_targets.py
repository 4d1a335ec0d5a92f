"""Targets, and each token left out in turn."""

import numpy as np
import pytest
import torch

import models
from explorer.flow import blankout, methods, targets
from tests import tiny as making

TEXT = "The film was a wonderful surprise."


def test_the_bundled_bert_has_classes_and_a_vector(bert):
    assert targets.kinds(bert) == ("class", "vector")
    found = targets.make(bert, TEXT)
    assert found.name == "positive" and found.chance > 0.5 and found.labels[0] == "[CLS]"
    assert found.free == tuple(range(1, len(found.labels) - 1)) == found.rows
    assert sum(chance for _number, _name, chance in found.best) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "at"), [("the [MASK] sat on the mat .", 2), ("the [MASK] sat on [MASK] .", 2), ("[MASK]", 1), ("the cat sat .", 4)]
)
def test_the_word_that_its_writer_has_masked_is_the_one_that_is_asked_for(tiny, text, at):
    """The last word, a full stop mostly, was masked beside it, and that was predicted."""
    model = tiny("bert")
    found = targets.make(model, text, "masked")
    assert found.rows == (at,) and found.tokens.ids[at] == model.tokenizer.mask_token_id
    others = [(i, token) for i, token in enumerate(model.tokenizer(text)["input_ids"]) if i != at]
    assert [(i, token) for i, token in enumerate(found.tokens.ids) if i != at] == others
    with torch.no_grad():
        logits = model.network(input_ids=torch.tensor([found.tokens.ids])).logits[0, at]
    assert found.number == int(logits.argmax()) and found.value == pytest.approx(float(logits.max()), abs=1e-4)


def test_a_masked_word(tiny):
    model = tiny("bert")
    found = targets.make(model, "the cat sat", "masked", at=2, number=7)
    assert found.labels[2] == "[MASK]" and found.rows == (2,) and 2 not in found.free
    with torch.no_grad():
        logits = model.network(input_ids=found.ids[None]).logits[0, 2]
    assert found.value == pytest.approx(float(logits[7])) and found.chance == pytest.approx(float(logits.softmax(-1)[7]))
    assert found.best[0][0] == int(logits.argmax())


def test_what_comes_after_the_target_is_not_left_out(tiny):
    found = targets.make(tiny("llama"), "the cat sat on mat", "next", at=2)
    assert found.rows == (2,) and found.free == (0, 1, 2)


@pytest.mark.parametrize("name", [*making.ENCODERS, *making.DECODERS])
def test_every_architecture_has_all_methods_that_it_bears(tiny, name):
    model = tiny(name)
    target = targets.make(model, "the cat" if name == "gpt2" else "the cat sat on mat")
    found = methods.trace(model, target)
    assert set(found.tokens) | set(found.missing) == set(methods.METHODS)
    assert all(values.shape == (len(target.ids),) and np.isfinite(values).all() for values in found.tokens.values())
    assert np.isfinite(found.effects[list(target.free)]).all()


def test_effects_are_those_of_a_loop(bert):
    target = targets.make(bert, TEXT)
    found = blankout.effects(bert, target)
    number, name = blankout.filler(bert)
    assert name == "[MASK]"
    for at in target.free:
        ids = target.ids.clone()
        ids[at] = number
        with torch.no_grad():
            assert found[at] == pytest.approx(target.chance - float(target.values(bert.network, ids[None])[1][0]), abs=1e-6)
    assert np.isnan(found[[0, -1]]).all()
    # "wonderful" is what makes it positive.
    assert np.nanargmax(found) == target.labels.index("wonderful")


def test_a_vector_is_itself_and_moves_when_words_go(bert):
    target = targets.make(bert, TEXT, "vector")
    with torch.no_grad():
        along, cosine = target.values(bert.network, target.ids[None])
    assert cosine[0] == pytest.approx(1, abs=1e-6) and along[0] > 0
    assert np.nanmin(blankout.effects(bert, target)) > 0


def test_long_texts_have_no_flow_unasked(bert):
    target = targets.make(bert, "word " * (methods.FLOW_TOKENS + 1))
    found = methods.trace(bert, target)
    assert "flow" in found.missing and "flow" not in found.tokens


def test_agreement_over_texts(bert):
    found = methods.agreement(bert, [TEXT, "", "A dull and empty story."])
    assert np.isnan(found["rollout"]).tolist() == [False, True, False] and "flow" not in found
    assert all(np.nanmax(np.abs(values)) <= 1 for values in found.values())


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("bert", {"text": ""}, "no text"),
        ("bert", {"text": "the", "kind": "next"}, "cannot be asked"),
        ("bert", {"text": "the", "at": 9}, "no token 9"),
        ("bert", {"text": "the", "kind": "masked", "number": 99}, "no class or token"),
        ("falcon", {"text": "the"}, "view-only"),
        ("t5", {"text": "the"}, "lone stack"),
    ],
)
def test_errors(tiny, name, how, said):
    with pytest.raises(models.InputError, match=said):
        targets.make(tiny(name), **how)


@pytest.mark.parametrize("flow", [True, False])
def test_how_far_a_trace_is_tells_of_what_is_still_to_do(bert, monkeypatch, flow):
    shares, own = [], blankout.effects

    def effects(model, target, progress):
        for share in (0.5, 1.0):
            progress(share)
        return own(model, target)

    monkeypatch.setattr(blankout, "effects", effects)
    methods.trace(bert, targets.make(bert, TEXT), shares.append, flow=flow)
    assert shares == sorted(shares) and shares[-1] == 1.0
    # Where nothing follows, half of the tokens left out is about half of the work; else it is the smaller part.
    assert shares[1] == pytest.approx(0.2 if flow else 0.55)
