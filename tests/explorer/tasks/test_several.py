"""Several labels at once, against a loop over plain transformers."""

import json

import numpy as np
import pytest
import sklearn.metrics
import torch

from explorer.ablation import curves, heads
from explorer.ablation.results import TaskResults
from explorer.flow import targets
from explorer.tasks import choose, data
from models import InputError
from tests.explorer.tasks.headed import headed, named

LABELS = ("joy", "love", "anger")
CSV = 'text,labels\nthe cat sat on the mat,"joy, anger"\nthe dog did play,love\nwhere was it ?,\na cat in the garden,"anger;joy;love"\n'


@pytest.fixture(scope="module", params=[("BertForSequenceClassification", "bert"), ("OPTForSequenceClassification", "opt")])
def model(request, tmp_path_factory):
    network, base = request.param
    return headed(tmp_path_factory.mktemp("several"), network, base, problem_type="multi_label_classification", **named(*LABELS))


def made(model, text=CSV, name="f.csv", asked=None):
    return choose.make("multilabel", model, data.read(text.encode(), name, **choose.told("multilabel", asked)))


def test_scores_are_those_of_a_loop(model):
    task = made(model)
    right = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]])
    texts = ["the cat sat on the mat", "the dog did play", "where was it ?", "a cat in the garden"]
    with torch.no_grad():
        logits = torch.cat([model.network(**model.tokenizer(text, return_tensors="pt")).logits for text in texts])
    scores = task.score()
    np.testing.assert_array_equal(scores.predicted, (logits.sigmoid() > 0.5).numpy())
    assert scores.score == pytest.approx(1 - sklearn.metrics.hamming_loss(right, scores.predicted))
    loss = torch.nn.functional.binary_cross_entropy(logits.sigmoid(), torch.tensor(right, dtype=torch.float), reduction="none").mean(1)
    np.testing.assert_allclose(scores.loss, loss, rtol=1e-5)
    one = task.per_label(scores)
    np.testing.assert_array_equal(one["examples"], right.sum(0))
    for i in range(3):
        assert one["accuracy"][i] == pytest.approx((right[:, i] == scores.predicted[:, i]).mean())
        assert one["f1"][i] == pytest.approx(sklearn.metrics.f1_score(right[:, i], scores.predicted[:, i]))
    assert task.columns(scores, scores)["labels"] == ["joy, anger", "love", "", "joy, love, anger"]


def test_heads_are_removed_as_one_by_one(model):
    task = made(model)
    results = TaskResults(task)
    swept = results.exact()
    for head in heads.every(model):
        alone = task.score(lambda batch, head=head: heads.changes(model, [head]))
        np.testing.assert_allclose(swept.without[head].loss, alone.loss, atol=1e-5)
        np.testing.assert_array_equal(swept.without[head].predicted, alone.predicted)
    found = curves.curve(task, "greedy", step=0.5)
    assert found.points[0].score == pytest.approx(task.score().score) and len(found.points) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.jsonl", '{"text": "the cat", "labels": ["joy", "anger"]}\n{"text": "a dog", "labels": []}\n'),
        ("f.jsonl", '{"text": "the cat", "labels": [0, 2]}\n{"text": "a dog", "labels": []}\n'),
        ("f.csv", "text,joy,love,anger\nthe cat,1,0,1\na dog,0,0,0\n"),
        ("f.tsv", "text\tlabels\nthe cat\t0,2\na dog\t\n"),
        ("f.tsv", "text\tlabels\tseen\tkept\nthe cat\t0,2\t1\t0\na dog\t\t0\t1\n"),
    ],
)
def test_labels_may_be_written_in_several_ways(model, name, text):
    assert [item.target for item in made(model, text, name).items] == [[1, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("kind", ["int", "float", "text", "numpy", "bool"])
def test_lists_of_yes_and_no_are_no_numbers_of_labels(model, kind):
    rows = [[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]]
    written = {
        "int": rows,
        "float": [[float(one) for one in row] for row in rows],
        "text": [str(row) for row in rows],
        "numpy": [str(np.array(row, dtype=float)) for row in rows],
        "bool": [[bool(one) for one in row] for row in rows],
    }
    texts = ["the cat sat on the mat", "the dog did play", "where was it ?", "a cat in the garden"]
    lines = [json.dumps({"text": text, "labels": row}) for text, row in zip(texts, written[kind], strict=True)]
    task = made(model, "\n".join(lines), "f.jsonl")
    assert [item.target for item in task.items] == rows
    found = data.read("\n".join(lines).encode(), "f.jsonl", answers="many")
    assert any("one place for each label" in note for note in found.notes)


def test_two_places_are_not_both_labels():
    found = data.read(b'{"text": "a cat", "labels": [0, 1]}\n{"text": "a dog", "labels": [1, 0]}\n', "f.jsonl", answers="many")
    assert [example.labels for example in found.examples] == [("1",), ("0",)]
    numbers = data.read(b'{"text": "a cat", "labels": [0, 1]}\n{"text": "a dog", "labels": [1]}\n', "f.jsonl", answers="many")
    assert [example.labels for example in numbers.examples] == [("0", "1"), ("1",)] and not numbers.notes


def test_columns_of_labels_can_be_named(model):
    asked = data.Asked(text="text", label="love, anger")
    task = made(model, "text,kept,love,anger\nthe cat,1,0,1\na dog,0,0,0\n", asked=asked)
    assert [item.target for item in task.items] == [[0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text,labels\nthe cat,hate\n", '"hate"'),
        ('text,labels\nthe cat,"joy,joy"\n', "Line 2"),
        ("text,joy,love\nthe cat,1,2\n", "no column of labels"),
    ],
)
def test_what_does_not_fit_is_refused(model, text, said):
    with pytest.raises(InputError, match=said):
        made(model, text)


def test_a_model_says_whether_it_gives_one_label_or_several(model, tmp_path):
    single = headed(tmp_path, "BertForSequenceClassification", **named(*LABELS))
    assert choose.possible(model) == ["multilabel"] and choose.possible(single) == ["classify"]
    with pytest.raises(InputError, match="several labels at once"):
        choose.make("classify", model, data.read(b"text,label\na cat,joy\n", "f.csv"))
    with pytest.raises(InputError, match="no head that gives several"):
        choose.make("multilabel", single, data.read(b"text,labels\na cat,joy\n", "f.csv", answers="many"))


def test_a_trace_asks_for_the_probability_of_one_label_alone(model):
    target = targets.make(model, "the cat sat", "class", number=2)
    with torch.no_grad():
        logits = model.network(**model.tokenizer("the cat sat", return_tensors="pt")).logits[0]
    assert target.chance == pytest.approx(float(logits.sigmoid()[2]), abs=1e-6)
    _logit, chance = target.values(model.network, target.ids[None])
    assert float(chance.detach()) == pytest.approx(target.chance, abs=1e-6)


def test_a_lone_label_applies_or_does_not(tmp_path):
    """A filter with one output, trained by binary cross-entropy: it is no number, and no choice between classes."""
    found = headed(tmp_path, "BertForSequenceClassification", problem_type="multi_label_classification", **named("toxic"))
    assert set(choose.possible(found)) & {"classify", "multilabel", "regression"} == {"multilabel"}
    task = made(found, "text,toxic\nthe cat sat,1\na dog did play,0\n", asked=data.Asked(label="toxic"))
    assert task.labels == ("toxic",) and [item.target for item in task.items] == [[1.0], [0.0]]
    with torch.no_grad():
        chance = found.network(**found.tokenizer("the cat sat", return_tensors="pt")).logits.sigmoid().item()
    assert task.score().predicted[0, 0] == (chance > 0.5)
    assert targets.make(found, "the cat sat", "class").chance == pytest.approx(chance, abs=1e-6)
