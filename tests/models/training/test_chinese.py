"""zh-mini and translate-mini, from made-up sentences to folders that open like any other."""

import dataclasses
import math
import random

import pytest
import sacrebleu
import torch
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoModelForSeq2SeqLM, AutoTokenizer

import models
from models.errors import InputError
from models.training import chinese, chinese_texts, loop, translation

SMALL = {"steps": 5, "rate": 1e-3, "tokens": 200, "layers": 1, "heads": 2, "width": 16, "context": 32, "rising": 2}
WORDS = {"cat": "猫", "dog": "狗", "man": "人", "sees": "看见", "loves": "爱", "bites": "咬"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("zh"), random.Random(0)
    made = [(rng.choice(["cat", "dog", "man"]), rng.choice(["sees", "loves", "bites"]), i) for i in range(300)]
    lines = [f"The {who} {does} {i}.\t{WORDS[who]}{WORDS[does]}{i}。\twho" for who, does, i in made]
    (folder / chinese_texts.PAIRS).write_text("\n".join(lines), encoding="utf-8")
    (folder / chinese_texts.PROSE).write_text("\n".join(["# 甲", *["猫看见狗，狗咬人。人爱猫。"] * 30]), encoding="utf-8")
    return folder


RECIPES = {
    chinese: dataclasses.replace(chinese.Recipe(), **SMALL),
    translation: dataclasses.replace(translation.Recipe(), **SMALL, pieces=80),
}
BOTH = pytest.mark.parametrize("of", RECIPES, ids=lambda of: of.NAME)


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    found = {}
    for of, recipe in RECIPES.items():
        found[of] = tmp_path_factory.mktemp("made") / of.NAME
        of.make(recipe, data, found[of], say=lambda _line: None)
    return found


@BOTH
def test_plain_transformers_opens_it_and_so_do_we(of, made):
    tokenizer = AutoTokenizer.from_pretrained(made[of], local_files_only=True)
    plain = {chinese: AutoModelForMaskedLM, translation: AutoModelForSeq2SeqLM}[of].from_pretrained(made[of], local_files_only=True)
    assert plain.config.vocab_size == len(tokenizer)
    model = models.load(made[of], device="cpu", dtype="float32")
    assert model.kind == ("encoder" if of is chinese else "encoder-decoder") and not model.view_only and model.trained
    assert not (made[of].parent / f"{of.NAME}.work").exists()
    assert next(iter(load_file(made[of] / "model.safetensors").values())).dtype == torch.float16


@BOTH
def test_the_card_says_what_is_measured(of, made, data):
    card = (made[of] / "README.md").read_text(encoding="utf-8")
    model = models.load(made[of], device="cpu", dtype="float32")
    held_out = chinese_texts.pairs(data).held_out
    assert "Tatoeba" in card and "CC BY 2.0 FR" in card and f"{model.parameters:,}" in card
    if of is chinese:
        right, asked = chinese.accuracy(model, chinese.chinese(held_out))["all"]
        assert f"| {asked:,} | {right / asked:.2%} |" in card
    else:
        found = translation.translated(model, [row[0] for row in held_out])
        assert f"{sacrebleu.corpus_bleu(found, [[row[1] for row in held_out]], tokenize='zh').score:.2f}" in card


@BOTH
def test_a_stopped_run_goes_on_to_the_same_weights(of, data, made, tmp_path, monkeypatch):
    steps = iter(range(100))
    update = loop.update

    def stops(*given, **named):
        if next(steps) == 3:
            raise loop.Stopped
        return update(*given, **named)

    monkeypatch.setattr(loop, "_KEPT", -1.0)
    monkeypatch.setattr(loop, "update", stops)
    out = tmp_path / of.NAME
    with pytest.raises(loop.Stopped):
        of.make(RECIPES[of], data, out, say=lambda _line: None)
    said = []
    of.make(RECIPES[of], data, out, say=said.append)
    assert [line for line in said if "goes on after step 3" in line]
    once, twice = load_file(made[of] / "model.safetensors"), load_file(out / "model.safetensors")
    assert all(torch.equal(once[name], twice[name]) for name in once)


@BOTH
def test_another_recipe_does_not_go_on(of, data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_KEPT", -1.0)
    monkeypatch.setattr(of, "write_card", lambda *_given: (_ for _ in ()).throw(RuntimeError("the end is not reached")))
    out = tmp_path / of.NAME
    with pytest.raises(RuntimeError):
        of.make(RECIPES[of], data, out, say=lambda _line: None)
    with pytest.raises(InputError, match="another width"):
        of.make(dataclasses.replace(RECIPES[of], width=32), data, out, say=lambda _line: None)


def test_a_run_goes_on_with_the_vocabulary_that_it_began_with(data, tmp_path, monkeypatch):
    """Which of two pieces that are equally common gets in, the library decides anew each time."""
    monkeypatch.setattr(loop, "_KEPT", -1.0)
    monkeypatch.setattr(translation, "write_card", lambda *_given: (_ for _ in ()).throw(RuntimeError("the end is not reached")))
    out = tmp_path / "translate-mini"
    with pytest.raises(RuntimeError):
        translation.make(RECIPES[translation], data, out, say=lambda _line: None)
    began = AutoTokenizer.from_pretrained(out, local_files_only=True).get_vocab()
    another = translation.characters.for_translation

    def shifted(english, chinese, size, context):
        return another(english, chinese, size - 1, context)

    monkeypatch.setattr(translation.characters, "for_translation", shifted)
    with pytest.raises(RuntimeError):
        translation.make(RECIPES[translation], data, out, say=lambda _line: None)
    assert AutoTokenizer.from_pretrained(out, local_files_only=True).get_vocab() == began


def test_the_loss_is_that_of_a_loop_over_sentences(made):
    """Padding changes nothing, and each target is read one place later."""
    model = models.load(made[translation], device="cpu", dtype="float32")
    network, tokenizer, pad = model.network, model.tokenizer, model.tokenizer.pad_token_id
    rows = [("The cat sees 1.", "猫看见1。"), ("The man bites 22 dogs.", "人咬22狗。")]
    sources, targets = (translation.encoded(tokenizer, rows, side) for side in (0, 1))
    losses = []
    for source, target in zip(sources, targets, strict=True):
        logits = network(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([[pad, *target[:-1]]])).logits[0]
        losses += [-logits[i].log_softmax(-1)[token].item() for i, token in enumerate(target)]
    padded = [translation.sentences.padded(side, pad) for side in (sources, targets)]
    found = translation.loss(network, *padded, pad, smoothing=0.0).item()
    assert math.isclose(found, sum(losses) / len(losses), rel_tol=0.02)  # bfloat16


def test_what_is_not_in_the_vocabulary_is_never_right(made):
    model = models.load(made[chinese], device="cpu", dtype="float32")
    assert chinese.accuracy(model, ["龘"] * 5) == {"all": (0, 5), "characters": (0, 5)}


@BOTH
def test_the_command_says_what_is_missing(of, tmp_path, capsys):
    assert of.main(["--data", str(tmp_path), "--out", str(tmp_path / "x")]) == 1
    assert "cannot be read" in capsys.readouterr().err
