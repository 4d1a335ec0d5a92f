"""Rows that say of themselves that nobody knows their label."""

import datasets
import pytest

from explorer.tasks import choose, data
from explorer.tasks.matching import match
from models import InputError
from tests.explorer.tasks.headed import headed

NLI = ("entailment", "neutral", "contradiction")


def _table(labels):
    return "premise\thypothesis\tlabel\n" + "".join(f"A man {i}.\tA dog {i}.\t{label}\n" for i, label in enumerate(labels))


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        (["neutral", "-", "entailment", "contradiction", "-"], [0, 2, 3]),
        (["0", "-1", "2", "1", "0"], [0, 2, 3, 4]),
        (["0.0", "-1.0", "2.0", "1.0", "0.0"], [0, 2, 3, 4]),
        (["-1", "0", "1"], [0, 1, 2]),  # sentiment is written so
        (["-2", "-1", "0", "1", "2"], [0, 1, 2, 3, 4]),
        (["-1", "-1"], [0, 1]),
        (["+", "-", "+"], [0, 1, 2]),
    ],
)
def test_rows_that_say_that_they_have_no_label_are_left_out_and_counted(labels, kept):
    """The whole file was refused: the model has no class "-"."""
    found = data.read(_table(labels).encode(), "nli.tsv", answers="class")
    assert [example.text for example in found.examples] == [f"A man {i}." for i in kept]
    assert any(note.endswith(f"no label: {len(labels) - len(kept)} of {len(labels)}.") for note in found.notes) == (len(kept) < len(labels))
    if len(kept) in (3, 4) and len(kept) < len(labels):
        assert match(found.labels, NLI).how in ("name", "number")


def test_a_dash_beside_classes_that_have_names_is_none_of_them_in_a_column_of_sentiment_either():
    """There -1 is a class; the whole file was refused: the model has no class "-"."""
    rows = [("a film", "negative"), ("another", "-"), ("a third", "positive")]
    content = "review,sentiment\n" + "".join(f"{text},{label}\n" for text, label in rows)
    found = data.read(content.encode(), "reviews.csv", answers="class")
    assert found.labels == ("negative", "positive") and [example.label for example in found.examples] == [0, 1]
    assert found.notes[-1].endswith("no label: 1 of 3.")
    both = data.read(content.replace("negative", "-").encode(), "reviews.csv", answers="class")
    assert both.labels == ("-", "positive") and len(both) == 3
    said = data.Asked(classes=(("-", ""), ("negative", "0"), ("positive", "1")))
    assert data.read(content.encode(), "reviews.csv", said, "class").notes[-1] == 'Left out as chosen, labels "-": 1 of 3.'


def test_minus_one_is_refused_where_it_may_be_one_of_the_model_s_classes(tmp_path):
    """-1, 0, 1, 2 for four classes: -1 was left out, and all the others were one off in silence."""
    content = "message,label\n" + "".join(f"the cat {i},{i % 4 - 1}\n" for i in range(8))
    known = {str(i): name for i, name in enumerate(("against", "neutral", "for", "news"))}
    model = headed(tmp_path, "BertForSequenceClassification", id2label=known, label2id={name: int(i) for i, name in known.items()})
    found = data.read(content.encode(), "tweets.csv", answers="class")
    assert found.unsaid == ("-1",) and "where it is a class, say which" in found.notes[-1]
    with pytest.raises(InputError, match="as many labels as the model has classes: 4"):
        choose.make("classify", model, found)
    said = data.Asked(classes=tuple((str(i - 1), str(i)) for i in range(4)))
    task = choose.make("classify", model, data.read(content.encode(), "tweets.csv", said, "class"))
    assert [item.target for item in task.items] == [0, 1, 2, 3] * 2
    out = data.Asked(classes=(("-1", ""), ("0", "0"), ("1", "1"), ("2", "2")))
    task = choose.make("classify", model, data.read(content.encode(), "tweets.csv", out, "class"))
    assert [item.target for item in task.items] == [0, 1, 2] * 2


def test_secret_labels_of_a_data_set_leave_the_others_to_be_scored(tmp_path):
    """The hub's SNLI and MNLI have a few in every part, and were refused for them."""
    features = datasets.Features(
        {"premise": datasets.Value("string"), "hypothesis": datasets.Value("string"), "label": datasets.ClassLabel(names=list(NLI))}
    )
    rows = {"premise": ["a b", "c d", "e f"], "hypothesis": ["g", "h", "i"], "label": [2, -1, 0]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "validation.parquet")
    found = data.hub(str(tmp_path), folder=True, answers="class")
    assert [(example.text, example.label) for example in found.examples] == [("a b", 2), ("e f", 0)]
    assert found.notes[-1].endswith("no label: 1 of 3.")


def test_a_label_with_a_byte_of_zero_behind_it_is_the_label():
    found = data.read(b"text,label\na film,pos\0\nanother,neg\nfine,pos\n", "films.csv", answers="class")
    assert found.labels == ("neg", "pos")
