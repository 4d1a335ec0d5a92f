"""Decoders that classify: with and without a padding token, and where the padding token is the end of a text."""

import pytest
import torch
import transformers as t

import models
from explorer.flow import targets
from explorer.tasks import choose, data
from models.opening import last_token
from tests import families
from tests import tiny as making

EXAMPLES = data.Examples(
    "", tuple(data.Labelled(text, i % 2) for i, text in enumerate(("the cat sat", "a dog sat", "it was warm", "the mat"))), ("0", "1")
)
CLASSES = {"gpt2": (t.GPT2ForSequenceClassification, t.GPT2Config), "llama": (t.LlamaForSequenceClassification, t.LlamaConfig)}
SIZES = {
    "gpt2": {"vocab_size": 32, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 40},
    "llama": {**making._BERT, "num_key_value_heads": 2, "max_position_embeddings": 40},
}


def made(name: str, folder, padding: int | None) -> models.Model:
    torch.manual_seed(0)
    network, config = CLASSES[name]
    ends = {"eos_token_id": 3, "bos_token_id": 2, "pad_token_id": padding}
    built = network(config(**SIZES[name], **ends, num_labels=2)).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    built.save_pretrained(folder)
    making.tokenizer("llama").save_pretrained(folder)
    return models.load(folder, device="cpu")


def by_hand(folder, name: str, ids: list[int]) -> torch.Tensor:
    """Logits of one text, unpadded, by transformers alone."""
    network = CLASSES[name][0].from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        return network(input_ids=torch.tensor([ids])).logits[0]


@pytest.mark.parametrize("padding", [None, 0, 3])
@pytest.mark.parametrize("name", CLASSES)
def test_scores_are_those_of_one_text_after_the_other(tmp_path, name, padding):
    model = made(name, tmp_path, padding)
    scores = choose.make("classify", model, EXAMPLES).score()
    for i, example in enumerate(EXAMPLES.examples):
        logits = by_hand(tmp_path, name, model.tokenizer(example.text)["input_ids"])
        assert scores.predicted[i] == int(logits.argmax())
        assert scores.loss[i] == pytest.approx(float(-logits.log_softmax(-1)[example.label]), abs=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_a_stand_in_that_is_the_padding_token_does_not_move_the_row_that_is_read(tmp_path, name):
    model = made(name, tmp_path, 3)
    target = targets.make(model, "the cat sat on the mat", "class")
    ids = target.ids.clone()[None]
    ids[0, -1] = 3
    assert target.rows == (ids.shape[1] - 1,)
    network = CLASSES[name][0].from_pretrained(tmp_path, attn_implementation="eager").eval()
    with torch.no_grad():
        expected = network.score(network.base_model(ids)[0][:, -1]).softmax(-1)[0, target.number]
        _logit, chance = target.values(model.network, ids)
    assert float(chance[0]) == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_a_text_that_ends_with_padding_is_read_where_transformers_reads_it(tmp_path, name):
    model = made(name, tmp_path, 3)
    ids = [6, 7, 8, 3, 3]
    assert last_token.row(model.network, ids) == 2 and last_token.row(model.network, [3, 3]) == 0
    target = targets.make(model, ids, "class")
    assert target.rows == (2,)
    expected = by_hand(tmp_path, name, ids).softmax(-1)
    assert target.chance == pytest.approx(float(expected[target.number]), abs=1e-5)
    assert model.network.config.pad_token_id == 3


def test_encoders_classify_at_their_first_token_or_at_all_of_them(tmp_path):
    config = {**making._BERT, **making._POSITIONS, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    for pooling in ("cls", "mean"):
        folder = tmp_path / pooling
        t.ModernBertForSequenceClassification(t.ModernBertConfig(**config, classifier_pooling=pooling)).save_pretrained(folder)
        making.tokenizer("bert").save_pretrained(folder)
        target = targets.make(models.load(folder, device="cpu"), "the cat sat", "class")
        assert target.rows == ((0,) if pooling == "cls" else tuple(range(5)))


@pytest.mark.parametrize("kind", ["T5", "MBart"])
def test_texts_with_more_end_tokens_are_classified_too(tmp_path, kind):
    """A pasted end token: with a text of the same length that has one fewer, transformers would refuse both."""
    torch.manual_seed(0)
    config = getattr(t, f"{kind}Config")(
        **(families._T5 | {"pad_token_id": 0, "eos_token_id": 3} if kind == "T5" else families._PAIR), num_labels=2
    )
    config.id2label = {0: "no", 1: "yes"}
    network = getattr(t, f"{kind}ForSequenceClassification")(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(tmp_path)
    making.tokenizer("t5").save_pretrained(tmp_path)
    model = models.load(tmp_path, device="cpu")
    texts = ("the cat sat on", "a cat [SEP] dog", "a dog was warm")
    examples = data.Examples("", tuple(data.Labelled(text, 0) for text in texts), ("no", "yes"))
    found = choose.make("classify", model, examples).score()
    for text, loss in zip(texts, found.loss, strict=True):
        with torch.no_grad():
            logits = network(input_ids=torch.tensor([model.tokenizer(text)["input_ids"]])).logits
        assert loss == pytest.approx(float(torch.nn.functional.cross_entropy(logits, torch.tensor([0]))), abs=1e-5)
