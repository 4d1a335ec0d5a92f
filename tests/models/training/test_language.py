"""The small language models, from a few kilobytes of made-up text to a folder that opens like any other."""

import dataclasses
import gzip
import os
import random
import signal

import pytest
import torch
import transformers
from safetensors.torch import load_file

import models
from models.errors import InputError
from models.training import checkpoint, corpus, held_out, language, loop
from models.training.batches import NOT_ASKED, Batch
from models.training.recipe import BERT, GPT2, RECIPES, network_of
from tests import matrix

SMALL = {
    "steps": 6,
    "rate": 1e-3,
    "tokens": 64,
    "contexts": (16, 32),
    "shorter": ((8, 2),),
    "layers": 2,
    "heads": 2,
    "width": 16,
    "vocabulary": 300,
    "rising": 2,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    # Two threads on matrices this small only wait for each other.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Made-up texts in the shape of the real ones."""
    folder = tmp_path_factory.mktemp("data")
    rng = random.Random(0)

    def line(n):
        return " ".join(rng.choice(["the", "cat", "sat", "on", "a", "warm", "mat", ",", "and", "two @-@ one"]) for _ in range(n)) + " ."

    for part in ("train", "test"):
        file = folder / "wikitext2" / f"{part}.raw.gz"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(gzip.compress("".join(f" \n = Cats = \n \n {line(30)} \n {line(20)} \n" for _ in range(6)).encode()))
    for name in ("one", "two"):
        (folder / "gutenberg").mkdir(exist_ok=True)
        (folder / "gutenberg" / f"{name}.txt").write_text("\n\n".join(line(12) for _ in range(30)))
    return folder


def small(model):
    return dataclasses.replace(RECIPES[model], **SMALL)


def quiet(_line):
    pass


def loss_of(network, batch):
    with torch.no_grad():
        return language.loss(network, *language.asked(batch, torch.device("cpu")))


def weights(folder):
    return load_file(folder / "model.safetensors")


@pytest.fixture(scope="module", params=[GPT2, BERT])
def made(request, data, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / request.param
    language.make(small(request.param), data, out, say=quiet)
    return request.param, out


def test_what_is_made_opens_like_any_other_model(made):
    name, out = made
    model = models.load(out)
    assert (model.kind, len(model.sites), model.sites[0].heads) == ("decoder" if name == GPT2 else "encoder", 2, 2)
    assert model.trained and not model.view_only and not model.notes and model.max_length == 32
    auto = transformers.AutoModelForCausalLM if name == GPT2 else transformers.AutoModelForMaskedLM
    plain, info = auto.from_pretrained(out, dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    batch = tokenizer("the cat sat", return_tensors="pt")
    with torch.inference_mode():
        assert torch.allclose(plain(**batch).logits, model.network(**batch).logits, atol=1e-5)
    assert {value.dtype for value in weights(out).values()} == {torch.float16}


def test_the_card_names_the_data_the_command_and_the_figures(made, data):
    name, out = made
    text = (out / "README.md").read_text()
    assert "CC BY-SA 3.0" in text and f"--model {name}" in text and "--steps 6 " in text
    model, test = models.load(out), corpus.wikitext(data, "test")
    if name == GPT2:
        assert f"{held_out.bits_per_byte(model, test):.3f} bits per byte" in text
        scores = held_out.induction(model)
        layer, head = divmod(int(scores.argmax()), scores.shape[1])
        assert f"| induction heads (layer.head from 0) | {layer}.{head} {scores.max():.3f}" in text
    else:
        right, asked = held_out.masked_accuracy(model, test)
        assert f"| {asked:,} | {right / asked:.2%} |" in text
    assert not out.with_name(f"{name}.work").exists()


@pytest.mark.parametrize("model", [GPT2, BERT])
def test_an_interrupted_run_ends_with_the_same_weights_to_the_bit(model, data, tmp_path, monkeypatch):
    """A signal arrives in the middle of a step; the command is given again."""
    recipe = small(model)
    texts = corpus.read(data)
    tokenizer = language.tokenizer_of(recipe, texts)
    streams = language.streams_of(recipe, texts, tokenizer)
    whole, _seconds = language.train(recipe, streams, tokenizer, tmp_path / "whole.safetensors", quiet)
    file = tmp_path / "halves.safetensors"
    step = language.one_step

    def interrupted(network, optimisers, recipe, number, *rest):
        if number == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(network, optimisers, recipe, number, *rest)

    monkeypatch.setattr(language, "one_step", interrupted)
    with pytest.raises(loop.Stopped):
        language.train(recipe, streams, tokenizer, file, quiet)
    monkeypatch.setattr(language, "one_step", step)
    assert checkpoint.about(file)["step"] == 4
    with pytest.raises(InputError, match="another rate"):
        language.train(dataclasses.replace(recipe, rate=1e-2), streams, tokenizer, file, quiet)
    said = []
    halves, _seconds = language.train(recipe, streams, tokenizer, file, said.append)
    assert "after step 4 of 6" in said[0]
    for (name, one), (_name, two) in zip(whole.named_parameters(), halves.named_parameters(), strict=True):
        assert one.dtype == torch.float32 and torch.equal(one, two), name


def test_a_kill_between_two_checkpoints_starts_from_the_last_one(data, tmp_path, monkeypatch):
    step = language.one_step
    monkeypatch.setattr(loop, "_KEPT", -1.0)

    class Killed(BaseException):
        pass

    def killed(network, optimisers, recipe, number, *rest):
        if number == 2:
            raise Killed
        return step(network, optimisers, recipe, number, *rest)

    monkeypatch.setattr(language, "one_step", killed)
    with pytest.raises(Killed):
        language.make(small(GPT2), data, tmp_path / "out", say=quiet)
    monkeypatch.setattr(language, "one_step", step)
    said = []
    language.make(small(GPT2), data, tmp_path / "out", say=said.append)
    assert any("after step 2 of 6" in line for line in said)


def test_minutes_become_steps_and_a_run_that_goes_on_keeps_them(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(language, "_seconds_a_step", lambda *_: 10.0)
    monkeypatch.setitem(RECIPES, GPT2, small(GPT2))
    arguments = ["--model", GPT2, "--data", str(data), "--out", str(tmp_path / "out"), "--minutes", "0.5"]
    step = language.one_step

    def interrupted(*rest):
        os.kill(os.getpid(), signal.SIGINT)
        return step(*rest)

    monkeypatch.setattr(language, "one_step", interrupted)
    assert language.main(arguments) == 130
    monkeypatch.setattr(language, "one_step", step)
    monkeypatch.setattr(language, "_seconds_a_step", lambda *_: 1.0)
    assert language.main(arguments) == 0
    assert "after step 1 of 3" in capsys.readouterr().out


def test_a_broken_checkpoint_and_missing_data_are_told_in_words(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(RECIPES, GPT2, dataclasses.replace(small(GPT2), steps=1))
    (tmp_path / "out.work").mkdir()
    (tmp_path / "out.work" / "run.safetensors").write_bytes(b"not a checkpoint")
    arguments = ["--model", GPT2, "--data", str(data), "--out", str(tmp_path / "out")]
    assert language.main(arguments) == 1
    assert "is not a checkpoint" in capsys.readouterr().err
    assert language.main([*arguments, "--restart"]) == 0
    capsys.readouterr()
    assert language.main(["--model", GPT2, "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "wikitext2" in capsys.readouterr().err


@pytest.mark.parametrize("model", [GPT2, BERT])
def test_the_loss_equals_cross_entropy_over_all_logits(data, model):
    """Logits are computed only where something is asked for; the loss of transformers computes them all."""
    recipe = small(model)
    texts = corpus.read(data)
    tokenizer = language.tokenizer_of(recipe, texts)
    torch.manual_seed(1)
    network = network_of(recipe, tokenizer)
    inputs, targets = torch.randint(0, 256, (2, 2, 16))
    targets = torch.where(torch.rand(2, 16) < 0.5, targets, NOT_ASKED)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(inputs).logits.float()
    wanted = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=NOT_ASKED)
    assert loss_of(network, Batch(inputs, targets)).item() == pytest.approx(wanted.item(), abs=2e-3)


@pytest.mark.parametrize("model", matrix.part([GPT2, BERT], [BERT]))
def test_compiled_the_loss_and_its_gradient_are_the_same(data, model):
    """Taken apart as it is for machine code, and then run; half a minute of writing machine code is in `benchmarks.compiling`."""
    recipe = dataclasses.replace(small(model), layers=1)
    texts = corpus.read(data)
    tokenizer = language.tokenizer_of(recipe, texts)
    network = network_of(recipe, tokenizer)
    asked = language.asked(language.batch_of(recipe, 0, language.streams_of(recipe, texts, tokenizer), tokenizer), torch.device("cpu"))
    plain = language.loss(network, *asked)
    gradients = torch.autograd.grad(plain, list(network.parameters()), allow_unused=True)
    compiled = language.compiled_loss(network, "aot_eager")(network, *asked)
    assert compiled.item() == pytest.approx(plain.item(), abs=5e-3)
    for one, two in zip(gradients, torch.autograd.grad(compiled, list(network.parameters()), allow_unused=True), strict=True):
        assert (one is None) == (two is None) and (one is None or torch.allclose(one, two, atol=1e-6 + 0.05 * one.abs().max().item()))


def test_training_lowers_the_loss(data, tmp_path):
    recipe = dataclasses.replace(small(GPT2), steps=40, rate=1e-2)
    said = []
    language.make(recipe, data, tmp_path / "out", say=said.append)
    texts = corpus.read(data)
    tokenizer = language.tokenizer_of(recipe, texts)
    streams = language.streams_of(recipe, texts, tokenizer)
    torch.manual_seed(recipe.seed)
    fresh = network_of(recipe, tokenizer)
    trained = models.load(tmp_path / "out").network
    batch = language.batch_of(recipe, 1000, streams, tokenizer)
    assert loss_of(trained, batch) < 0.8 * loss_of(fresh, batch)


def test_token_embeddings_of_another_model_are_taken_by_token(data, tmp_path):
    language.make(dataclasses.replace(small(GPT2), steps=1), data, tmp_path / "giver", say=quiet)
    recipe = dataclasses.replace(small(BERT), embeddings=str(tmp_path / "giver"))
    tokenizer = language.tokenizer_of(recipe, corpus.read(data))
    begun = network_of(recipe, tokenizer).get_input_embeddings().weight
    giver = models.load(tmp_path / "giver")
    for token in ("Ġcat", "Ġ,", "a"):
        theirs = giver.network.get_input_embeddings().weight[giver.tokenizer.convert_tokens_to_ids(token)]
        assert torch.equal(begun[tokenizer.convert_tokens_to_ids(token)], theirs)
    with pytest.raises(InputError, match="another width"):
        network_of(dataclasses.replace(recipe, width=32), tokenizer)


def test_the_learning_rate_rises_stays_and_falls():
    recipe = dataclasses.replace(RECIPES[GPT2], steps=100, rate=1.0, rising=10, falling=0.3)
    rates = [recipe.rate_at(step) for step in range(100)]
    assert rates[:10] == pytest.approx([n / 10 for n in range(1, 11)])
    assert rates[10:71] == [1.0] * 61 and recipe.stays_until == 70
    assert rates[70:] == pytest.approx([n / 30 for n in range(30, 0, -1)])


def test_a_run_whose_rate_has_not_fallen_yet_may_be_given_another_length(data, tmp_path, monkeypatch):
    """Stopped after 3 of 6 steps and made 9 steps long, it ends as one of 9 steps does; after 5 of 6 it is too late."""
    recipe = small(GPT2)
    texts = corpus.read(data)
    tokenizer = language.tokenizer_of(recipe, texts)
    streams = language.streams_of(recipe, texts, tokenizer)
    longer = dataclasses.replace(recipe, steps=9)
    whole, _seconds = language.train(longer, streams, tokenizer, tmp_path / "whole.safetensors", quiet)
    step = language.one_step

    def until(last):
        def stopping(network, optimisers, recipe, number, *rest):
            if number == last - 1:
                os.kill(os.getpid(), signal.SIGTERM)
            return step(network, optimisers, recipe, number, *rest)

        monkeypatch.setattr(language, "one_step", stopping)
        with pytest.raises(loop.Stopped):
            language.train(recipe, streams, tokenizer, tmp_path / f"{last}.safetensors", quiet)
        monkeypatch.setattr(language, "one_step", step)

    until(3)
    longer_now, _seconds = language.train(longer, streams, tokenizer, tmp_path / "3.safetensors", quiet)
    for one, two in zip(whole.parameters(), longer_now.parameters(), strict=True):
        assert torch.equal(one, two)
    until(5)
    with pytest.raises(InputError, match="too far"):
        language.train(longer, streams, tokenizer, tmp_path / "5.safetensors", quiet)


def test_both_models_share_their_merges(data):
    texts = corpus.read(data)
    vocabularies = [language.tokenizer_of(small(model), texts).get_vocab() for model in (GPT2, BERT)]
    shared = vocabularies[0].items() & vocabularies[1].items()
    assert len(shared) > 256
    assert vocabularies[0].keys() - dict(shared).keys() == {"<|endoftext|>"}
    assert vocabularies[1].keys() - dict(shared).keys() == {"[PAD]", "[CLS]", "[SEP]", "[MASK]"}
