"""Classes of examples and classes of models."""

import json
from dataclasses import replace

import pytest

import models
from explorer.tasks import choose, data
from explorer.tasks.matching import class_names, contradiction, match
from models import InputError
from tests.explorer.tasks.headed import headed

SENTIMENT = ("NEGATIVE", "POSITIVE")
STARS = tuple(f"{n} stars" for n in range(1, 6))
FINANCE = ("bullish", "bearish", "neutral")


@pytest.mark.parametrize(
    ("given", "known", "classes", "how"),
    [
        (("0", "1"), SENTIMENT, (0, 1), "number"),
        (("0", "1"), ("POSITIVE", "NEGATIVE"), (0, 1), "number"),
        (("0", "1"), ("negative", "neutral", "positive"), (0, 1), "number"),
        (("0", "1"), FINANCE, (0, 1), "number"),
        (("0", "1", "2"), FINANCE, (0, 1, 2), "number"),
        (("0", "2"), FINANCE, (0, 2), "number"),
        (("1",), SENTIMENT, (1,), "number"),
        (("1", "2", "3", "5"), STARS, (0, 1, 2, 4), "shifted"),
        (("1", "2", "3", "4", "5"), STARS, (0, 1, 2, 3, 4), "shifted"),
        (("1", "2", "3"), STARS, (0, 1, 2), "meaning"),
        (("2", "4"), STARS, (1, 3), "meaning"),
        (("0", "1", "2"), STARS, (0, 1, 2), "number"),
        (("1", "2"), ("top 10", "top 20", "top 30"), (1, 2), "number"),
        (("1", "2"), ("v0", "v1", "v2"), (1, 2), "number"),
        (("负面", "正面"), SENTIMENT, (0, 1), "meaning"),
        (("差评", "好评"), ("POSITIVE", "NEGATIVE"), (1, 0), "meaning"),
        (("消极", "中性", "积极"), ("positive", "negative", "neutral"), (1, 2, 0), "meaning"),
        (("negativo", "positivo"), SENTIMENT, (0, 1), "meaning"),
        (("bearish", "neutral", "bullish"), FINANCE, (1, 2, 0), "name"),
        (("bearish", "bullish"), SENTIMENT, (0, 1), "meaning"),
        (("👎", "👍"), ("POSITIVE", "NEGATIVE"), (1, 0), "meaning"),
        (("-1", "1"), SENTIMENT, (0, 1), "meaning"),
        (("+", "-"), SENTIMENT, (1, 0), "meaning"),
        (("\uff0b", "\uff0d"), ("POSITIVE", "NEGATIVE"), (0, 1), "meaning"),
        (("+", "\u2212"), ("neg", "neu", "pos"), (2, 0), "meaning"),
        (("-", "=", "+"), ("positive", "negative", "neutral"), (1, 2, 0), "meaning"),
        (("negative", "positive"), ("+", "-"), (1, 0), "meaning"),
        (("-1", "1"), ("POSITIVE", "NEGATIVE"), (1, 0), "meaning"),
        (("-1", "1"), ("up", "down"), (0, 1), "order"),
        (("LABEL_0", "LABEL_1"), SENTIMENT, (0, 1), "number"),
        (("LABEL_0", "LABEL_2"), ("LABEL_0", "LABEL_1", "LABEL_2"), (0, 2), "name"),
        (("0", "1"), ("LABEL_0", "LABEL_1"), (0, 1), "name"),
        (("1", "0"), ("0", "1"), (1, 0), "name"),
        (("positive", "negative"), SENTIMENT, (1, 0), "name"),
        (("neg", "pos"), ("POSITIVE", "NEGATIVE"), (1, 0), "meaning"),
        (("bad", "good"), SENTIMENT, (0, 1), "meaning"),
        (("neg", "neu", "pos"), ("positive", "negative", "neutral"), (1, 2, 0), "meaning"),
        (("art", "sport"), ("LABEL_0", "LABEL_1"), (0, 1), "order"),
        (("art", "sport"), ("a", "b", "c"), (0, 1), "order"),
    ],
)
def test_classes_are_matched_and_how_is_told(given, known, classes, how):
    found = match(given, known)
    assert (found.classes, found.how) == (classes, how)
    note = found.note(given, known)
    assert (note is None) == (how == "name") and (note is None or f"{given[0]} = {known[classes[0]]}" in note)


@pytest.mark.parametrize(
    ("given", "known", "strange"),
    [
        (("0", "1", "2"), SENTIMENT, '"2"'),
        (("0", "1", "2", "3", "4", "5"), STARS, '"5"'),
        (("mixed", "negative", "positive"), ("negative", "neutral", "positive"), '"mixed"'),
        (("a", "b", "c"), SENTIMENT, '"a"'),
        (("-1", "0"), ("a", "b", "c"), '"-1"'),
    ],
)
def test_what_cannot_be_matched_is_named(given, known, strange):
    with pytest.raises(InputError) as caught:
        match(given, known)
    assert strange in caught.value.problem and known[0] in caught.value.problem and caught.value.advice


def test_a_choice_is_taken_as_it_is():
    assert match(("0", "1"), SENTIMENT, {"0": "POSITIVE", "1": "0"}).classes == (1, 0)
    assert match(("a", "b", "c"), SENTIMENT, {"a": "0", "b": "1", "c": "negative"}).classes == (0, 1, 0)
    for chosen in ({"0": "POSITIVE"}, {"0": "2", "1": "0"}, {"0": "happy", "1": "0"}):
        with pytest.raises(InputError):
            match(("0", "1"), SENTIMENT, chosen)


def test_fewer_right_answers_than_by_guessing_are_doubted(bert):
    examples = choose.built_in("classify").first(60)
    right, swapped = (
        choose.make("classify", bert, replace(examples, classes=classes))
        for classes in ((("negative", "0"), ("positive", "1")), (("negative", "1"), ("positive", "0")))
    )
    assert not right.doubt(right.score())
    doubt = swapped.doubt(swapped.score())
    assert "of 60 examples are right" in doubt and "2 classes" in doubt
    assert not swapped.subset([0]).doubt(swapped.subset([0]).score())  # one example may be wrong by accident


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"id2label": {0: "negative", 1: "positive"}}, ("negative", "positive")),
        ({"id2label": {1: "negative", 2: "positive"}}, ("negative", "positive")),  # counted from 1
        ({"id2label": {0: 0, 1: 1}}, ("0", "1")),
        ({"id2label": {0: None, 1: "positive"}}, ("LABEL_0", "positive")),
        ({"id2label": {0: "LABEL_0", 1: "LABEL_1"}, "label2id": {"positive": 0, "negative": "1"}}, ("positive", "negative")),
        ({"id2label": {0: "LABEL_0", 1: "LABEL_1"}, "label2id": {"positive": 0}}, ("LABEL_0", "LABEL_1")),
        ({"id2label": {0: "LABEL_0", 1: "LABEL_1"}, "label2id": None}, ("LABEL_0", "LABEL_1")),
        ({"id2label": {0: "x", 7: "y"}}, ("x", "LABEL_1")),
    ],
)
def test_classes_have_the_names_that_somebody_gave_them(tmp_path, said, names):
    """What people write into config.json: also where it is not what transformers writes, and the names are in `label2id` alone."""
    headed(tmp_path, "BertForSequenceClassification")
    config = {key: value for key, value in json.loads((tmp_path / "config.json").read_text()).items() if key not in ("id2label", "label2id")}
    (tmp_path / "config.json").write_text(json.dumps(config | said))
    model = models.load(tmp_path, device="cpu")
    assert class_names(model.network.config) == names and not contradiction(model.network.config)
    task = choose.make("classify", model, data.read(b"text,label\nthe cat,1\na dog,0\n", "f.csv"))
    assert [item.target for item in task.items] == [1, 0] and task.labels == names


def test_two_names_of_one_class_are_told(tmp_path):
    said = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 1, "positive": 0}}
    model = headed(tmp_path, "BertForSequenceClassification", **said)
    task = choose.make("classify", model, data.read(b"text,label\nthe cat,positive\na dog,negative\n", "f.csv"))
    assert [item.target for item in task.items] == [1, 0]
    assert any('class 0 "negative" in id2label, which is followed, and "positive" in label2id' in note for note in task.notes)


@pytest.mark.parametrize(
    ("given", "known", "classes", "how"),
    [
        # However the words of a name are put together: by order, the first would be card_arrival.
        (("card arrival", "lost card"), ("lost_card", "card_arrival"), (1, 0), "meaning"),
        (("not relevant", "relevant"), ("Relevant", "Not-Relevant"), (1, 0), "meaning"),
        (("Sci-Tech", "Sports"), ("Sports", "Sci/Tech"), (1, 0), "meaning"),
        # An accent is one character or two.
        (("ne\u0301gatif", "positif"), ("positif", "n\u00e9gatif"), (1, 0), "name"),
        # Topologies of proteins tell letters by their case.
        (("B", "H", "b"), ("b", "B", "h", "H"), (1, 3, 0), "name"),
        (("a-b", "a b"), ("a b", "a-b"), (1, 0), "name"),
    ],
)
def test_names_that_are_written_in_another_way(given, known, classes, how):
    found = match(given, known)
    assert (found.classes, found.how) == (classes, how)
    assert match(given, known, dict(zip(given, [known[number] for number in classes], strict=True))).classes == classes


def test_what_nobody_sees_makes_no_class_of_its_own():
    rows = "text,label\u200b\na b,positive\nc d,negative\ne f,positive\u200b\ng h,\ufeffnegative\u00a0\ni j,Positive\n"
    found = data.read(rows.encode(), "f.csv")
    assert found.labels == ("negative", "positive") and [e.label for e in found.examples] == [1, 0, 1, 0, 1]
    assert data.read("text,label\na,1\u200b\nb,0\n".encode(), "f.csv").labels == ("0", "1")
    many = data.read('{"text": "a", "labels": ["joy\u200b"]}\n{"text": "b", "labels": ["joy"]}\n'.encode(), "f.jsonl", answers="many")
    assert many.labels == ("joy",)
    words = data.read("a O\u200b\nb O\n".encode(), "f.conll", answers="words")
    assert words.labels == ("O",)


def test_signs_stand_in_the_order_of_what_they_mean():
    """+ came before -, so that a model without names for its classes got them the wrong way round."""
    found = data.read("text,label\na film,+\nanother,-\na third,\uff0b\n".encode(), "f.csv", answers="class")
    assert found.labels == ("-", "+") and [example.label for example in found.examples] == [1, 0, 1]


def test_letters_of_another_case_are_other_classes():
    found = data.read(b"text,label\na,B\nb,b\nc,B\n", "f.csv")
    assert found.labels == ("B", "b") and [e.label for e in found.examples] == [0, 1, 0]
