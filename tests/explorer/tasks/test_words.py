"""Labels of words, against the loop that everybody writes, and the files that they come in."""

import json

import numpy as np
import pytest
import tokenizers
import torch
import transformers
from tokenizers import processors

import models
from explorer.ablation import heads
from explorer.ablation.results import TaskResults
from explorer.tasks import choose, data
from models import InputError
from tests import tiny
from tests.explorer.tasks.headed import headed, named

LABELS = ("O", "B-LOC", "I-LOC")
CONLL = "-DOCSTART- -X- O\n\nthe DT O\ncat NN B-LOC\nsat VB I-LOC\n. . O\n\na DT O\ndog NN B-LOC\n"
SENTENCES = [(["the", "cat", "sat", "."], [0, 1, 2, 0]), (["a", "dog"], [0, 1])]


@pytest.fixture(scope="module", params=[("BertForTokenClassification", "bert"), ("GPT2ForTokenClassification", "gpt2")])
def model(request, tmp_path_factory):
    network, base = request.param
    more = {"vocab_size": 256} if base == "gpt2" else {}
    return headed(tmp_path_factory.mktemp("words"), network, base, **more, **named(*LABELS))


def made(model, text=CONLL, name="f.conll", asked=None):
    return choose.make("tokens", model, data.read(text.encode(), name, **choose.told("tokens", asked)))


def test_scores_are_those_of_a_loop_over_first_pieces(model):
    task, shares, losses = made(model), [], []
    for words, right in SENTENCES:
        # The first piece of a word, found by tokenising it alone: no tokenizer of these merges across a space.
        pieces = [model.tokenizer((" " if i else "") + word, add_special_tokens=False)["input_ids"] for i, word in enumerate(words)]
        whole = model.tokenizer(" ".join(words))["input_ids"]
        first = np.cumsum([0, *map(len, pieces[:-1])]) + (model.tokenizer.cls_token_id is not None)
        with torch.no_grad():
            logits = model.network(input_ids=torch.tensor([whole])).logits[0]
        rows = logits[first.tolist()]
        shares.append(float((rows.argmax(-1) == torch.tensor(right)).float().mean()))
        losses.append(float(torch.nn.functional.cross_entropy(rows, torch.tensor(right))))
    scores = task.score()
    np.testing.assert_allclose(scores.correct, shares, atol=1e-6)
    np.testing.assert_allclose(scores.loss, losses, rtol=1e-4)
    assert scores.count.tolist() == [4, 2] and choose.possible(model) == ["tokens"]


def test_heads_are_removed_as_one_by_one(model):
    task = made(model)
    swept = TaskResults(task).exact()
    for head in heads.every(model):
        alone = task.score(lambda batch, head=head: heads.changes(model, [head]))
        np.testing.assert_allclose(swept.without[head].loss, alone.loss, atol=1e-4)


def test_json_says_the_same(model):
    rows = [json.dumps({"tokens": words, "ner_tags": [LABELS[i] for i in right]}) for words, right in SENTENCES]
    by_number = [json.dumps({"ner_tags": right, "tokens": words}) for words, right in SENTENCES]
    for text in ("\n".join(rows), "\n".join(by_number), f"[{', '.join(rows)}]"):
        assert [item.target for item in made(model, text, "f.jsonl").items] == [item.target for item in made(model).items]


def test_columns_comments_and_tabs():
    examples = data.read(b"# text = a cat\n1\ta\tDT\n2\tcat\tNN\n\n1\tit\tPP\n", "f.tsv", data.Asked(text="2", label="3"), "words")
    assert [(e.words, e.labels) for e in examples.examples] == [(("a", "cat"), ("DT", "NN")), (("it",), ("PP",))]
    assert examples.columns == {"text": "2", "label": "3"} and examples.labels == ("DT", "NN", "PP")


@pytest.mark.parametrize("comment", ["# id 1", "#\thttp://a.page\t[2011-03-26]", "# sent_id = 1", "#", "# one two three four"])
def test_words_that_are_counted_are_in_the_second_column(comment):
    """As in GermEval 2014: "1\tword\tlabel\tlabel", below a line that begins with "#"."""
    text = f"{comment}\n1\tin\tO\tO\n2\tRome\tB-LOC\tO\n\n{comment}\n1\tso\tO\tO\n"
    found = data.read(text.encode(), "f.tsv", data.Asked(label="3"), "words")
    assert [(e.words, e.labels) for e in found.examples] == [(("in", "Rome"), ("O", "B-LOC")), (("so",), ("O",))]
    assert found.columns == {"text": "2", "label": "3"} and any("counts the words" in note for note in found.notes)
    said = data.read(text.encode(), "f.tsv", data.Asked(text="1", label="3"), "words")
    assert said.examples[0].words == ("1", "2") and len(said.notes) == 1


def test_numbers_that_are_words_stay_words():
    found = data.read(b"1\tCD\tO\n2\tCD\tO\n\n7\tCD\tO\n", "f.tsv", answers="words")
    assert [e.words for e in found.examples] == [("1", "2"), ("7",)]
    two = data.read(b"1 O\n2 O\n", "f.conll", answers="words")
    assert [e.words for e in two.examples] == [("1", "2")]


def test_a_word_may_begin_with_a_hash():
    text = "#happy O\nday B-X\n\n# O\n# a new paragraph\n# sent_id = 2\nso O\n"
    examples = data.read(text.encode(), "f.conll", answers="words")
    assert [e.words for e in examples.examples] == [("#happy", "day"), ("#", "so")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("f.conll", "a O\ncat\n", "Line 2 has 1 columns"),
        ("f.conll", "a O\n#happy O O\n", "Line 2 has 3 columns"),
        ("f.conll", "cat\n", "Line 1 has one column"),
        ("f.conll", "\n \n", "is empty"),
        ("f.jsonl", '{"tokens": ["a"], "ner_tags": []}\n', "Line 1: 1 words, and 0 labels"),
        ("f.jsonl", '{"tokens": "a", "ner_tags": ["O"]}\n', "no list of words"),
        ("f.jsonl", '{"tokens": [["a"]], "ner_tags": ["O"]}\n', "neither a word nor a label"),
        ("f.conll", "a B-PER\n", '"B-PER"'),
    ],
)
def test_what_does_not_fit_is_refused(model, name, text, said):
    with pytest.raises(InputError, match=said):
        made(model, text, name)


def test_a_long_sentence_is_cut_and_its_end_is_not_scored(model):
    if model.tokenizer.cls_token_id is None:
        pytest.skip("bytes fill the limit with other words")
    n = 60
    task = made(model, "cat O\n" * n, "f.conll")
    (item,) = task.items
    assert len(item.inputs["input_ids"]) == 40 and sum(label >= 0 for label in item.target) == 38
    assert any("were cut" in note for note in task.notes)


def test_labels_can_be_matched_by_hand(model):
    asked = data.Asked(classes=(("PLACE", "B-LOC"), ("NONE", "0")))
    (item,) = made(model, "a NONE\ndog PLACE\n", asked=asked).items
    assert [label for label in item.target if label >= 0] == [0, 1]


@pytest.fixture(scope="module")
def of_bytes(tmp_path_factory):
    """A model whose tokenizer reads bytes with the space before a word, as RoBERTa's does, and frames a text."""
    folder = tmp_path_factory.mktemp("bytes")
    headed(folder, "BertForTokenClassification", **named(*LABELS), vocab_size=259)
    tokenizer = tiny.tokenizer("gpt2")
    tokenizer.add_special_tokens({"cls_token": "<s>", "sep_token": "</s>"})
    frame = {"special_tokens": [(token, tokenizer.convert_tokens_to_ids(token)) for token in ("<s>", "</s>")]}
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", **frame)
    tokenizer.save_pretrained(folder)
    return models.load(folder, device="cpu")


def test_words_of_a_script_without_spaces_are_all_scored(of_bytes):
    task = made(of_bytes, "我 O\n爱 B-LOC\n北京 I-LOC\n。 O\n", "f.conll")
    (item,) = task.items
    whole = of_bytes.tokenizer("我 爱 北京 。")
    assert item.inputs["input_ids"] == whole["input_ids"]
    first = {i: label for i, label in enumerate(item.target) if label >= 0}
    # Each character of Chinese has three bytes, and so has what follows a space its first one there.
    assert first == {1: 0, 4: 1, 8: 2, 15: 0} and task.score().count.tolist() == [4]


@pytest.mark.parametrize(("side", "scored"), [("right", ["O", "B-LOC"]), ("left", ["I-LOC"])])
def test_a_sentence_is_cut_where_its_tokenizer_cuts_it(of_bytes, side, scored):
    before = of_bytes.tokenizer.truncation_side
    of_bytes.tokenizer.truncation_side = side
    try:
        task = made(of_bytes, f"{'a' * 30} O\n{'b' * 7} B-LOC\n{'c' * 30} I-LOC\n", "f.conll")
    finally:
        of_bytes.tokenizer.truncation_side = before
    (item,) = task.items
    held = {i: label for i, label in enumerate(item.target) if label >= 0}
    assert [LABELS[label] for label in held.values()] == scored and len(item.inputs["input_ids"]) == 40
    read = of_bytes.tokenizer.convert_ids_to_tokens(item.inputs["input_ids"])
    # The first piece of a word is the space before it, where there is one.
    assert [read[i + (read[i] == "Ġ")][0] for i in held] == [{"O": "a", "B-LOC": "b", "I-LOC": "c"}[one] for one in scored]


def test_a_sentence_whose_every_label_is_cut_away_is_left_out(tmp_path):
    """One word of many pieces, cut on the left: its first piece, at which its label is read, is gone. Its score was nan, and that of all."""
    headed(tmp_path, "BertForTokenClassification", num_labels=2, **named("O", "B-LOC"))
    pieces = {word: i for i, word in enumerate([*tiny.SPECIAL, "a", "b", "##a", "##b"])}
    backend = tokenizers.Tokenizer(tokenizers.models.WordPiece(pieces, unk_token="[UNK]"))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    frame = [("[CLS]", pieces["[CLS]"]), ("[SEP]", pieces["[SEP]"])]
    backend.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=frame)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **names, truncation_side="left")
    made.save_pretrained(tmp_path)
    model = models.load(tmp_path, device="cpu")

    def task(text):
        return choose.make("tokens", model, data.read(text.encode(), "f.conll", **choose.told("tokens")))

    long = "ab" * 30
    some = task(f"{long} O\n\nab O\nba B-LOC\n")
    assert len(some) == 1 and np.isfinite(some.score().loss).all() and any("1 of 2 texts are left out" in note for note in some.notes)
    with pytest.raises(InputError, match="anything to predict"):
        task(f"{long} O\n")
