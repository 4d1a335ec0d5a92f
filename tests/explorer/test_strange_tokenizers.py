"""Tokenizers that are not those of their network: words that were added to one of the two, nothing for what is not known."""

import json
from pathlib import Path

import pytest
import torch
import transformers

import explorer
import models
from explorer import generate, reading
from explorer.flow import targets
from explorer.lens import layers
from explorer.syntax import words
from explorer.tasks import choose, data
from tests import tiny as making

KNOWN, STRANGE = "the cat sat", "the zebra sat"


def grown(name: str, folder: Path) -> models.Model:
    """A model whose tokenizer was given more words, and whose network was not: "zebra" is behind its last id."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(making.save(name, folder))
    tokenizer.add_tokens([*(f"filler{i}" for i in range(making.network(name).config.vocab_size - len(tokenizer))), "zebra"])
    tokenizer.save_pretrained(folder)
    return models.load(folder, device="cpu")


def without_unknown(folder: Path) -> models.Model:
    file = making.save("bert", folder) / "tokenizer.json"
    said = json.loads(file.read_text())
    said["model"]["unk_token"] = "[NOWHERE]"
    file.write_text(json.dumps(said))
    return models.load(folder, device="cpu")


def ways(model: models.Model, text: str) -> dict:
    """Everything that reads a text, as far as the model can do it."""
    paired = model.kind == "encoder-decoder"
    examples = data.Examples("", (data.Labelled(text, None, text if paired else ""), data.Labelled("the cat", None, "a")))
    found = {"capture": lambda: explorer.capture(model, text, target="a dog" if paired else None)}
    found["task"] = lambda: choose.make("masked" if model.kind == "encoder" else "next", model, examples).score()
    if paired:
        found["target"] = lambda: explorer.capture(model, "the cat", target=text)
    else:
        found |= {"lens": lambda: layers.lens(model, text), "target": lambda: targets.make(model, text)}
        found["words"] = lambda: words.pieces(model, text.split())
    if model.kind != "encoder":
        found["generate"] = lambda: list(generate.generate(model, text, tokens=1))
    return found


@pytest.mark.parametrize("name", ["bert", "llama", "t5"])
def test_a_token_that_the_network_has_not_is_named(tmp_path, name):
    model = grown(name, tmp_path)
    for way in ways(model, KNOWN).values():
        way()
    for what, way in ways(model, STRANGE).items():
        with pytest.raises(models.InputError, match='the token "zebra", which its network has not') as caught:
            way()
        assert caught.value.advice, what


def test_a_tokenizer_that_has_no_token_for_what_it_does_not_know_says_so(tmp_path):
    model = without_unknown(tmp_path)
    for way in ways(model, KNOWN).values():
        way()
    for way in ways(model, STRANGE).values():
        with pytest.raises(models.InputError, match="cannot take this text"):
            way()


@pytest.mark.parametrize("name", ["roberta", "gpt2", "distilbert", "llama", "opt"])
def test_types_of_a_tokenizer_of_another_kind_are_not_read(tmp_path, name):
    """Korean RoBERTa and Chinese GPT-2 come with BERT's tokenizer: the one has no row for type 1, the other reads types as words."""
    network = making.network(name)
    if name == "roberta":
        config = network.config
        config.type_vocab_size = 1
        network = transformers.RobertaForMaskedLM(config).eval()
    (tmp_path / "words").write_text("\n".join(making.SPECIAL + making.WORDS))
    network.save_pretrained(tmp_path / "model")
    transformers.BertTokenizer(str(tmp_path / "words")).save_pretrained(tmp_path / "model")
    model = models.load(tmp_path / "model", device="cpu")
    assert "token_type_ids" in model.tokenizer.model_input_names
    read = reading.read(model, explorer.capture(model, "the cat sat", pair="a dog did play" if model.kind == "encoder" else ""))
    assert not read.types and (1 in read.segments) == (model.kind == "encoder")
    ids = torch.tensor([read.ids])
    with torch.no_grad():
        expected = model.network.base_model(ids)[0]
        assert torch.allclose(reading.run(model.network, read.inputs()), expected, atol=1e-5)
        if model.kind == "decoder":
            of_text = torch.tensor([reading.read(model, "the cat sat").ids])
            made = model.network.generate(of_text, attention_mask=torch.ones_like(of_text), max_new_tokens=5, do_sample=False)
            assert [step.token.number for step in generate.generate(model, "the cat sat", tokens=5)] == made[0, of_text.shape[1] :].tolist()


@pytest.mark.parametrize(
    ("name", "text", "twice"),
    [
        ("bert", "[CLS] the cat", "[CLS]"),
        ("bert", "the cat [SEP]", "[SEP]"),
        ("bert", "the [SEP] cat", ""),
        ("bert", "the cat", ""),
        ("bart", "the cat [SEP]", "[SEP]"),
        ("llama", "[CLS] the cat", ""),  # it adds none
    ],
)
def test_a_text_that_brings_its_frame_along_is_told(tiny, name, text, twice):
    """As what a chat template wrote and somebody pasted."""
    captured = explorer.capture(tiny(name), text, target="a dog" if name == "bart" else None)
    told = [note for note in captured.notes if "reads it twice" in note]
    assert len(told) == bool(twice) and all(twice in note for note in told)
