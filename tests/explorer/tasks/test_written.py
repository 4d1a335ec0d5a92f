"""Files whose lines are written in a way of their own: words with labels, translations, labels behind an @."""

import pytest

from explorer.tasks import data
from explorer.tasks.data import Asked
from models import InputError

CONLL = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\nBlackburn NNP I-NP I-PER\n"
TABS = "EU\tB-ORG\nrejects\tO\n\nPeter\tB-PER\nBlackburn\tI-PER\n"
OF_GENES = "EU\tB\nrejects\tO\n\nPeter\tB\nBlackburn\tI\n"
TREES = """# text = EU rejects
1 EU eu PROPN _ _ 2 nsubj _ _
2-3 x _ _ _ _ _ _ _ _
2 rejects reject VERB _ _ 0 root _ _

1 Peter Peter PROPN _ _ 0 root _ _
2 Blackburn _ PROPN _ _ 1 flat _ _
""".replace(" ", "\t").replace("#\ttext\t=\tEU\t", "# text = EU ")


@pytest.mark.parametrize("name", ["train.txt", "train.tsv", "train.tab"])
@pytest.mark.parametrize("content", [CONLL, TABS, OF_GENES, TREES], ids=["2003", "tabs", "genes", "trees"])
def test_words_with_their_labels_are_sentences_of_words(content, name):
    """A language model was scored on the labels, too, or on each word as a text of its own."""
    found = data.read(content.encode(), name, Asked(label=""))
    assert [example.text for example in found.examples] == ["EU rejects", "Peter Blackburn"]
    assert any("CoNLL" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.conll", CONLL),
        ("a.bio", TABS),
        ("a.conllu", TREES),
        ("a.conll", "EU NNP\nrejects VBZ\n\nPeter NNP\nBlackburn NNP\n"),
        ("a.CONLL", "1 EU NNP\n2 rejects VBZ\n\n1 Peter NNP\n2 Blackburn NNP\n"),
        ("a.iob", "word tag\nEU X\nrejects Y\n\nPeter X\nBlackburn X\n"),
    ],
)
def test_a_file_that_is_called_one_of_words_is_one_whatever_stands_beside_them(name, content):
    """A masked model's page took none of them."""
    found = data.read(content.encode(), name, Asked(label=""))
    assert [example.text for example in found.examples] == ["EU rejects", "Peter Blackburn"]


def test_a_story_that_is_called_a_file_of_words_is_refused():
    with pytest.raises(InputError, match=r"story\.conll is called a file of words"):
        data.read(b"Once upon a time.\nThere was a keeper of clocks.\n", "story.conll", Asked(label=""))


@pytest.mark.parametrize("name", ["ner.txt", "ner.conll", "ner.tsv"])
@pytest.mark.parametrize("answers", ["class", "number", "many"])
def test_where_a_text_wants_a_label_words_with_theirs_are_called_so(name, answers):
    """The advice was to call a column of labels "label"."""
    with pytest.raises(InputError, match="holds words and what each is labelled with") as caught:
        data.read(TABS.encode(), name, answers=answers)
    assert "a model that labels words" in caught.value.advice


@pytest.mark.parametrize("name", ["pairs.txt", "pairs.csv", "pairs.tsv"])
@pytest.mark.parametrize("behind", ["", " ||| 0-0 1p1 2:2", "|||"])
def test_bars_part_translations(name, behind):
    """fast_align's format was one text with bars in it, or the translation alone."""
    content = f"Das Haus , klein ||| The house , small{behind}\nJa .||| Yes .{behind}\n"
    found = data.read(content.encode(), name, Asked(label=""))
    assert [(example.text, example.pair) for example in found.examples] == [("Das Haus , klein", "The house , small"), ("Ja .", "Yes .")]
    with pytest.raises(InputError, match=r"Line 2, column .*the text is missing"):
        data.read(b"Ja . ||| Yes .\n ||| No .\n", name, Asked(label=""))


@pytest.mark.parametrize("answers", [None, "class"])
def test_labels_behind_an_at_sign(answers):
    found = data.read(b"Profit of 3@000 fell .@negative\r\nIt rose .@positive\r\n\r\nNothing .@neutral\r\n", "phrases.txt", answers=answers)
    assert [(example.text, found.labels[example.label]) for example in found.examples] == [
        ("Profit of 3@000 fell .", "negative"),
        ("It rose .", "positive"),
        ("Nothing .", "neutral"),
    ]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("Write to me@example.com\nor to you@example.com\n", ["Write to me@example.com", "or to you@example.com"]),
        ("Blood type O\nVitamin B\nand more\n", ["Blood type O", "Vitamin B", "and more"]),
        ("Blood type O\nVitamin B\n", ["Blood type O", "Vitamin B"]),
        ("a ||| b\nno bars\n", ["a ||| b", "no bars"]),
        ("a |||| b\nc |||| d\n", ["a |||| b", "c |||| d"]),
        ("1 of 8 fields is not a tree at\nall\n", ["1 of 8 fields is not a tree at", "all"]),
    ],
)
def test_prose_stays_prose(content, texts):
    assert [example.text for example in data.read(content.encode(), "story.txt").examples] == texts


def test_texts_of_classes_that_are_called_as_tags_stay_texts():
    found = data.read(b"a good film\tO\na bad film\tB\nfine then\tO\nbad\tB\n", "films.tsv", answers="class")
    assert [example.text for example in found.examples] == ["a good film", "a bad film", "fine then", "bad"] and found.labels == ("B", "O")
