"""Repeated tokens, nulls and roles."""

import json
import os

import numpy as np
import pytest
import torch

import models
from benchmarks import real
from explorer.capture import capture_ids
from explorer.scores import measure, null, published, repeated, roles
from models.toy import handmade
from models.training import held_out
from tests import tiny as making

TEXTS = ["The cat sat on the mat because it was warm.", "Where did the children play?", "A dull and empty story, told twice."]


def loaded(tmp_path, made) -> models.Model:
    network, tokenizer = made
    network.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return models.load(tmp_path, device="cpu")


@pytest.mark.parametrize("name", ["bert", "llama", "falcon"])
def test_repeated_tokens_by_a_loop(tiny, name):
    model = tiny(name)
    found = repeated.on_repeated(model, tokens=7, sequences=2, seed=3)
    ordinary = [i for i in range(len(model.tokenizer)) if i not in model.tokenizer.all_special_ids]
    sums = {key: [] for key in found}
    for seed in (3, 4):
        draw = torch.randint(len(ordinary), (7,), generator=torch.Generator().manual_seed(seed))
        ids = [ordinary[i] for i in draw] * 2
        pattern = capture_ids(model, ids).pattern(1, 2)
        sums["repeated_induction"].append(np.mean([pattern[i, i - 6] for i in range(7, 14)]))
        sums["repeated_duplicate"].append(np.mean([pattern[i, i - 7] for i in range(7, 14)]))
        sums["repeated_previous"].append(np.mean([pattern[i, i - 1] for i in range(1, 14)]))
    for key, values in sums.items():
        assert found[key][1, 2] == pytest.approx(np.mean(values), abs=1e-6)


def test_the_bundled_decoder_scores_as_in_its_card():
    model = models.load("gpt2-mini", device="cpu")
    found = repeated.on_repeated(model)
    np.testing.assert_allclose(found["repeated_induction"], held_out.induction(model).numpy(), atol=1e-5)
    assert found["repeated_induction"].max() > 0.9


def test_hand_made_heads_are_perfect(tmp_path):
    words = [f"w{i}" for i in range(2000)]  # so many that a copy hardly ever holds one twice
    model = loaded(tmp_path / "induction", handmade.induction(words))
    found = repeated.on_repeated(model, tokens=20)
    assert found["repeated_induction"].max() > 0.9 and found["repeated_previous"].max() > 0.95


def test_shuffled_texts_keep_their_frame_and_their_tokens(bert):
    for ids, text in zip(null.shuffled(bert, TEXTS), TEXTS, strict=True):
        own = bert.tokenizer(text)["input_ids"]
        assert (ids[0], ids[-1]) == (own[0], own[-1]) and sorted(ids) == sorted(own) and ids != own
    assert null.shuffled(bert, TEXTS) == null.shuffled(bert, TEXTS) != null.shuffled(bert, TEXTS, seed=1)


def test_random_weights_are_of_the_same_shape_and_say_so(bert):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    drawn = null.random_weights(bert)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not drawn.trained and "random weights" in drawn.name and len(drawn.sites) == 6
    assert drawn.network is not bert.network and not torch.equal(*(n.get_input_embeddings().weight for n in (drawn.network, bert.network)))
    assert measure.on_texts(drawn, TEXTS).values["relative_entropy"].min() > 0.98


def test_roles_of_the_bundled_bert(bert):
    told = []
    known = roles.known(bert, TEXTS, progress=told.append)
    assert told == sorted(told) and told[-1] == 1
    held = known.roles({(3, 4)})
    positional = [(one.layer, one.head) for one in held if one.role == "positional"]
    assert (0, 2) in positional
    one = next(one for one in held if (one.layer, one.head, one.role) == (0, 2, "positional"))
    assert one.score == "peak_previous" and one.value >= one.threshold == 0.9 and one.value > one.random
    # It looks one back whatever stands there.
    assert one.shuffled > 0.9
    assert any(one.role == roles.SYNTACTIC and (one.layer, one.head) == (3, 4) for one in held)
    assert held == sorted(held, key=lambda one: (one.layer, one.head, one.role))


def test_the_bundled_decoder_has_induction_heads():
    known = roles.known(models.load("gpt2-mini", device="cpu"), TEXTS)
    induction = {(one.layer, one.head) for one in known.roles() if one.role == "induction"}
    assert (1, 6) in induction


def test_a_threshold_is_not_enough_where_random_heads_reach_it(bert):
    scores = measure.on_texts(bert, TEXTS)
    everywhere = np.full(scores.shape, 0.95)
    random = measure.HeadScores("random", "encoder", scores.values | {"first": everywhere}, 1.0, 1, 1, 1)
    high = measure.HeadScores("high", "encoder", scores.values | {"first": np.full(scores.shape, 0.9)}, 1.0, 1, 1, 1)
    assert not [one for one in roles.Known(high, random, None).roles() if one.role == "sink"]
    assert len([one for one in roles.Known(high, None, None).roles() if one.role == "sink"]) == 72


@pytest.mark.parametrize("name", ["t5", "falcon", *making.TOYS])
def test_every_kind_of_model(tiny, name):
    known = roles.known(tiny(name), ["the cat sat on the mat .", "a dog"])
    assert known.scores.values["confidence"].shape == (2, 4) and isinstance(known.roles(), list)


def test_published_heads_stand_beside_ours(bert):
    scores = measure.on_texts(bert, TEXTS)
    assert published.beside(scores) == []
    values = {name: np.arange(144.0).reshape(12, 12) for name in ("repeated_induction", "repeated_duplicate")}
    stand_in = measure.HeadScores("openai-community/gpt2", "decoder", values, 1.0, 1, 1, 1)
    found = {(one.figure.score, one.figure.layer, one.figure.head): (one.figure.value, one.ours) for one in published.beside(stand_in)}
    assert found["repeated_induction", 5, 1] == (0.931, 61.0) and found["repeated_duplicate", 0, 5] == (0.703, 5.0)
    assert np.isnan(found["repeated_previous", 4, 11][1])


@pytest.mark.thorough
def test_smollm2_has_its_induction_head():
    if why := real.lacking():
        pytest.skip(why)
    try:
        folder = real.smollm2()
    except RuntimeError as error:  # a registry that does not answer says nothing about the project
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    found = repeated.on_repeated(models.load(folder, device="cpu", dtype="float32"), sequences=2)["repeated_induction"]
    assert found[18, 6] == pytest.approx(0.92, abs=0.03)


def test_the_command(tmp_path, llama_folder, lines, capsys):
    from explorer.cli.main import main

    out = tmp_path / "heads.json"
    assert main(["heads", "--model", str(llama_folder), "--data", str(lines), "--json", str(out)]) == 0
    made = json.loads(out.read_text())
    assert made["texts"] == 3 and np.array(made["scores"]["entropy"], float).shape == (2, 4)
    assert made["scores"]["next"][0] == [None] * 4
    assert all(set(one) >= {"layer", "head", "role", "value", "random", "shuffled"} for one in made["roles"])
    assert "positional" in capsys.readouterr().out
