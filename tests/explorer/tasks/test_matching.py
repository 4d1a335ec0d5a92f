"""Classes of examples and classes of models."""

from dataclasses import replace

import pytest

from explorer.tasks import choose
from explorer.tasks.matching import match
from models import InputError

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
