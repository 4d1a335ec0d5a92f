"""Texts are read as tokenizer.json says, whatever class tokenizer_config.json names; checked against the tokenizers library alone."""

import json

import pytest
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, normalizers, processors
from tokenizers import models as kinds
from tokenizers import pre_tokenizers as parted
from tokenizers.trainers import BpeTrainer, UnigramTrainer

import models
from explorer import capture, reading
from models.opening import catalogue, tokenizing
from tests import tiny

TEXTS = ["the cat sat on the mat in 1999 and 2024, it's naïve 你好 Hello World", *map(str, range(0, 100_000, 97))] * 20
SAID = "Hello World, it's 1234 naïve  你好\nThe cat in 2024"
ENDS = ["<unk>", "<s>", "</s>", "<pad>"]
BYTES = parted.ByteLevel(add_prefix_space=False)


def trained(parts, normalizer=None, unigram: bool = False) -> Tokenizer:
    made = Tokenizer(kinds.Unigram() if unigram else kinds.BPE())
    made.pre_tokenizer, made.decoder = parts, decoders.Metaspace() if isinstance(parts, parted.Metaspace) else decoders.ByteLevel()
    if normalizer:
        made.normalizer = normalizer
    alphabet = [] if isinstance(parts, parted.Metaspace) else parted.ByteLevel.alphabet()
    how = {"special_tokens": ENDS, "show_progress": False}
    trainer = UnigramTrainer(vocab_size=90, unk_token="<unk>", **how) if unigram else BpeTrainer(vocab_size=400, initial_alphabet=alphabet, **how)
    made.train_from_iterator(TEXTS, trainer)
    return made


MADE = {
    "bytes": lambda: trained(BYTES),
    "three digits": lambda: trained(parted.Sequence([parted.Split(Regex(r"\p{N}{1,3}"), "isolated"), BYTES])),
    "lower case": lambda: trained(BYTES, normalizers.Lowercase()),
    "pieces": lambda: trained(parted.Metaspace()),
    "unigram": lambda: trained(parted.Metaspace(), unigram=True),
}


def saved(made: Tokenizer, name: str, folder, **said):
    folder.mkdir(exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    named = {"tokenizer_class": name, "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(named | said))
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize(
    "name", ["PreTrainedTokenizerFast", "GPT2Tokenizer", "Qwen2Tokenizer", "LlamaTokenizerFast", "GemmaTokenizer", "NllbTokenizer", "T5Tokenizer"]
)
def test_a_text_is_read_as_the_file_says(tmp_path, name, kind):
    made = MADE[kind]()
    found, notes = tokenizing.opened(saved(made, name, tmp_path))
    expected = made.encode(SAID, add_special_tokens=False)
    assert found(SAID, add_special_tokens=False)["input_ids"] == expected.ids
    if kind != "unigram":  # there the library shows an unknown character as itself
        assert found.convert_ids_to_tokens(expected.ids) == expected.tokens
    if name == "PreTrainedTokenizerFast" or (name, kind) == ("GPT2Tokenizer", "bytes"):
        assert not notes
    if (name, kind) in {("GPT2Tokenizer", "three digits"), ("Qwen2Tokenizer", "bytes"), ("LlamaTokenizerFast", "unigram")}:
        assert len(notes) == 1 and "tokenizer.json is followed" in notes[0]
    if (name, kind) == ("T5Tokenizer", "bytes"):  # that class cannot be made of such a vocabulary
        assert len(notes) == 1 and "does not fit" in notes[0]


def framed(made: Tokenizer, frame: str) -> Tokenizer:
    pair = f"{frame} $B </s>"
    ids = [(token, made.token_to_id(token)) for token in ("<s>", "</s>") if token in pair]
    made.post_processor = processors.TemplateProcessing(single=frame, pair=pair, special_tokens=ids)
    return made


@pytest.mark.parametrize("frame", ["<s> $A", "$A </s>", "<s> $A </s>"])
@pytest.mark.parametrize(("name", "kind"), [("RobertaTokenizer", "bytes"), ("XLMRobertaTokenizer", "unigram"), ("XLNetTokenizer", "unigram")])
def test_a_text_is_framed_as_the_file_says(tmp_path, name, kind, frame):
    made = framed(MADE[kind](), frame)
    found, notes = tokenizing.opened(saved(made, name, tmp_path, cls_token="<s>", sep_token="</s>"))
    for texts in (("the cat",), ("the cat", "a mat")):
        # Of a space before a text both have a say.
        begins = [found.decode(ids).replace(" ", "") for ids in (found(*texts)["input_ids"], made.encode(*texts).ids)]
        assert begins[0] == begins[1]
    assert len(notes) == 1 and "tokenizer.json is followed" in notes[0]


@pytest.mark.parametrize(
    ("name", "kind", "said", "ids"),
    [
        # These classes framed a text by their own settings in all versions of transformers.
        ("GPTNeoXTokenizer", "bytes", {}, []),
        ("NllbTokenizer", "unigram", {}, ["</s>"]),
        # And whoever writes such a setting means it.
        ("RobertaTokenizer", "bytes", {"add_bos_token": False}, None),
    ],
)
def test_what_settings_say_of_a_frame_is_followed(tmp_path, name, kind, said, ids):
    folder = saved(framed(MADE[kind](), "<s> $A"), name, tmp_path, cls_token="<s>", sep_token="</s>", **said)
    found, _notes = tokenizing.opened(folder)
    expected = transformers.AutoTokenizer.from_pretrained(folder)("the cat")["input_ids"]
    special = set(found.all_special_ids)
    assert [i for i in found("the cat")["input_ids"] if i in special] == [i for i in expected if i in special]
    if ids is not None:
        assert [i for i in expected if i in special and i != found.unk_token_id][-1:] == [found.convert_tokens_to_ids(token) for token in ids]


def test_what_tokenizer_config_json_may_say_stays(tmp_path):
    """Whether a space is put before a text, and whether capitals stay: neither is the file's alone."""
    spaced, notes = tokenizing.opened(saved(MADE["bytes"](), "GPT2Tokenizer", tmp_path / "one", add_prefix_space=True))
    assert not notes and spaced.tokenize("the cat")[0].startswith("Ġ")
    words = tiny.tokenizer("bert")
    words.backend_tokenizer.model = kinds.WordPiece({word: i for i, word in enumerate(tiny.SPECIAL + tiny.WORDS)}, unk_token="[UNK]")
    words.backend_tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    folder = saved(words.backend_tokenizer, "BertTokenizer", tmp_path / "two", unk_token="[UNK]", pad_token="[PAD]", do_lower_case=False)
    cased, notes = tokenizing.opened(folder)
    assert not notes and cased.tokenize("The cat") == ["[UNK]", "cat"]


def test_a_viewer_is_told_and_sees_the_file_s_tokens(tmp_path):
    folder = tiny.save("gpt2", tmp_path / "model")
    made = MADE["three digits"]()
    made.save(str(folder / "tokenizer.json"))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "GPT2Tokenizer", "unk_token": "<unk>"}))
    network = tiny.network("gpt2")
    network.resize_token_embeddings(400)
    network.save_pretrained(folder)
    model = models.load(folder, device="cpu")
    assert any("tokenizer.json" in note for note in model.notes)
    assert list(capture(model, "in 1234").source.ids) == made.encode("in 1234").ids


@pytest.mark.parametrize("entry", [entry for entry in catalogue.CATALOGUE if entry.bundled], ids=lambda entry: entry.name)
def test_tokenizers_of_the_bundled_models_are_their_files(entry):
    folder = catalogue.bundled_folder(entry.name)
    if folder and (folder / "tokenizer.json").is_file():
        assert not tokenizing.opened(folder)[1]


def test_words_are_not_parted_at_random(tmp_path):
    """Dropout of merges is for a training; a file that was saved with it would be read in another way each time."""
    made = MADE["pieces"]()
    expected = made.encode(SAID, add_special_tokens=False).ids
    made.model.dropout = 0.5
    found, notes = tokenizing.opened(saved(made, "PreTrainedTokenizerFast", tmp_path))
    assert all(found(SAID, add_special_tokens=False)["input_ids"] == expected for _again in range(5))
    assert len(notes) == 1 and "at random" in notes[0]


PAIR = ("the cat sat", "in 1999 and 2024")
_SMALL = {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 24, "intermediate_size": 32, "num_labels": 2}


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("AlbertTokenizer", lambda n: transformers.AlbertConfig(vocab_size=n, embedding_size=16, **_SMALL)),
        ("AlbertTokenizerFast", lambda n: transformers.AlbertConfig(vocab_size=n, embedding_size=16, **_SMALL)),
        ("PreTrainedTokenizerFast", lambda n: transformers.BertConfig(vocab_size=n, **_SMALL)),
        ("XLNetTokenizer", lambda n: transformers.XLNetConfig(vocab_size=n, d_model=24, n_layer=2, n_head=4, d_inner=32, num_labels=2)),
    ],
)
def test_of_two_texts_each_token_is_marked_as_in_training(tmp_path, name, config):
    """Version 5 of transformers returns no token types from these classes: their networks read both texts as the first one."""
    made = trained(parted.Metaspace(), unigram=True)
    ends = [("<s>", made.token_to_id("<s>")), ("</s>", made.token_to_id("</s>"))]
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=ends)
    saved(made, name, tmp_path)
    classes = {"albert": "Albert", "bert": "Bert", "xlnet": "XLNet"}
    given = config(made.get_vocab_size())
    torch.manual_seed(0)
    network = getattr(transformers, f"{classes[given.model_type]}ForSequenceClassification")(given).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(tmp_path)
    model = models.load(tmp_path, device="cpu")
    read, types = reading.encode(model, *PAIR), made.encode(*PAIR).type_ids
    assert list(read.types) == types and 1 in types
    text = {"input_ids": torch.tensor([read.ids]), "attention_mask": torch.ones(1, len(types), dtype=torch.long)}
    with torch.no_grad():
        marked = network(**text, token_type_ids=torch.tensor([types])).logits
        plain = network(**text).logits
        ours = model.network(**reading.inputs(text["input_ids"], read.types)).logits
    torch.testing.assert_close(ours, marked)
    assert (marked - plain).abs().max() > 1e-3


@pytest.mark.parametrize("said", [{"tokenizer_class": "TokenizersBackend"}, {"model_input_names": ["input_ids", "attention_mask"]}])
def test_a_tokenizer_that_says_what_it_returns_is_followed(tmp_path, said):
    found, _notes = tokenizing.opened(saved(trained(BYTES), "PreTrainedTokenizerFast", tmp_path, **said))
    assert "token_type_ids" not in found.model_input_names
