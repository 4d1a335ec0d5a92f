"""Examples of tasks: ours, files right and wrong, and data sets of the hub."""

import csv
import io
import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.jobs import Stopped
from explorer.tasks import data, tables
from explorer.tasks.data import Asked, Labelled
from explorer.tasks.formats import Format
from models import InputError

SST2 = Path(__file__).parents[3].parent / "shared" / "data" / "sst2"


def read(content, name="file.csv", /, *, answers=None, **asked):
    form = {key: asked.pop(key) for key in ("encoding", "separator", "quoting", "header") if key in asked}
    return data.read(
        content if isinstance(content, bytes) else content.encode(),
        name,
        Asked(**asked, format=Format(**form)),
        answers=answers,
    )


def refused(content, /, *said, name="file.csv", **more):
    with pytest.raises(InputError) as caught:
        read(content, name, **more)
    for part in said:
        assert part in str(caught.value)
    assert caught.value.advice


# Ours


def test_our_sentences_are_balanced_short_and_different():
    ours = data.sentiment()
    assert len(ours) >= 260 and ours.labels == ("negative", "positive")
    assert len({example.text.casefold() for example in ours.examples}) == len(ours)
    assert all(4 <= len(example.text.split()) <= 20 for example in ours.examples)
    by_kind = Counter((example.kind, example.label) for example in ours.examples)
    kinds = {kind for kind, _label in by_kind}
    assert kinds == {"plain", "negation", "contrast", "irony", "comparison", "question"}
    assert all(by_kind[kind, 0] == by_kind[kind, 1] >= 10 for kind in kinds)
    # Any first half is as balanced as the whole.
    assert all(abs(sum(2 * e.label - 1 for e in ours.examples[:n])) <= 1 for n in range(len(ours)))
    openings = Counter(" ".join(example.text.split()[:2]) for example in ours.examples)
    assert max(openings.values()) <= 5


def test_our_sentences_are_not_the_treebanks():
    if not SST2.is_dir():
        pytest.skip(f"{SST2} is not on this machine")
    theirs = {line.split("\t")[1].strip() for part in ("train", "dev") for line in (SST2 / f"{part}.tsv").read_text("utf-8").splitlines()}
    assert not theirs & {example.text.casefold() for example in data.sentiment().examples}


def test_our_passage():
    ours = data.passage()
    assert len(ours) >= 5 and 600 <= sum(len(example.text.split()) for example in ours.examples) <= 900
    assert all(example.label is None for example in ours.examples) and not ours.labels


# Files that are right


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_treebank_loses_no_row(part):
    path = SST2 / f"{part}.tsv"
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    found = data.read(path, path.name)
    assert [(example.label, example.text) for example in found.examples] == [(int(label), text) for label, text in lines]
    assert found.columns == {"text": "2", "label": "1"} and found.labels == ("0", "1")
    turned = read("\n".join(f"{text}\t{label}" for label, text in lines), "turned.tsv")
    assert turned.examples == found.examples and turned.columns == {"text": "1", "label": "2"}


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("label,sentence", {"label": '"label" (1)', "text": '"sentence" (2)'}),
        ("Sentiment,Review", {"label": '"Sentiment" (1)', "text": '"Review" (2)'}),
        ("gold_label,content", {"label": '"gold_label" (1)', "text": '"content" (2)'}),
        ("stars given,what they said", {"label": '"stars given" (1)', "text": '"what they said" (2)'}),
    ],
)
def test_columns_are_guessed_and_told(header, columns):
    found = read(f"{header}\n1,good and warm\n0,bad and cold\n")
    assert found.columns == columns
    assert found.examples == (Labelled("good and warm", 1), Labelled("bad and cold", 0))


@pytest.mark.parametrize(
    ("header", "row"),
    [("sentence1,sentence2,label", "one,two,1"), ("label,hypothesis,premise", "1,two,one"), ("question,sentence,label", "one,two,1")],
)
def test_pairs(header, row):
    found = read(f"{header}\n{row}\n")
    assert found.examples == (Labelled("one", 0, "two"),) and found.labels == ("1",) and set(found.columns) == {"text", "pair", "label"}


TWO_TEXTS = ["text,text2", "en,fr", "source,target", "src,tgt", "sentence1,sentence2", "Document,Summary"]
OF_LANGUAGES = ["English,Chinese", "中文,英文", "sentence_en,sentence_de", "text-en,text-fr", "en text,zh text"]
OF_LANGUAGES += ["原文,译文", "source_text,target_text"]


@pytest.mark.parametrize("header", TWO_TEXTS + OF_LANGUAGES)
def test_pairs_of_which_neither_is_a_label(header):
    found = read(f"{header}\none,two\nthree,four\n", label="")
    assert found.examples == (Labelled("one", None, "two"), Labelled("three", None, "four"))


@pytest.mark.parametrize("row", ["English,a dog", "Chinese food,English food", "text,a dog"])
def test_a_text_is_no_language(row):
    assert len(read(f"{row}\none,two\nthree,four\n", label="", header=False).examples) == 3
    assert read(f"{row}\none,two\nthree,four\n", label="").columns.keys() == {"text"}


def test_a_target_beside_a_source_is_a_label_where_one_is_wanted():
    assert read("source,target\none,1\ntwo,0\n", answers="class").examples == (Labelled("one", 1), Labelled("two", 0))


def test_what_was_asked_and_what_was_found_go_with_the_examples():
    found = read("a;b\none;1\ntwo;0\n", header=True, classes=(("0", "good"), ("1", "bad")))
    assert found.read.names == ("a", "b") and found.read.choice.label == 1 and found.classes == (("0", "good"), ("1", "bad"))
    assert found.read.format == Format("utf-8", ";", False, True)


FAULTS = Path(__file__).parents[3].parent / "shared" / "faults"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("array.json", [("good film", "1"), ("bad film", "0")]),
        ("cola.tsv", [("Our friends won't buy this.", "1"), ("One more and I am giving up up.", "0"), ("The more we study, the more.", "1")]),
        ("labels_float.csv", [("good film", "1"), ("bad film", "0")]),
        ("lone_quote.tsv", [('"unfinished quote here', "1"), ("another plain line", "0"), ('5" disk drives are old', "0"), ('nice"', "1")]),
        ("pipe.csv", [("good film", "1"), ("bad film", "0")]),
        (
            "quote_spans_rows.tsv",
            [('"i loved every minute', "1"), ('and then it fell apart"', "0"), ("a fine film", "1"), ("no good at all", "0")],
        ),
        ("semicolon_nohead.csv", [("the film was good", "1"), ("the film was bad", "0"), ("an okay day", "1")]),
        ("sep_line.csv", [("good film", "1"), ("bad film", "0")]),
        ("utf16le_nobom.csv", [("good", "1"), ("bad", "0")]),
    ],
)
def test_files_that_were_misread(name, expected):
    if not (FAULTS / name).is_file():
        pytest.skip(f"{FAULTS / name} is not on this machine")
    found = data.read(FAULTS / name, name, answers="class")
    assert [(example.text, found.labels[example.label]) for example in found.examples] == expected


def test_columns_can_be_named_or_numbered():
    text = "id,one,two,mark\n7,a b,c d,1\n8,e f,g h,0\n"
    assert read(text, text="two", label="mark").examples[0] == Labelled("c d", 1)
    assert read(text, text="2", label="4", pair="3").examples[1] == Labelled("e f", 0, "g h")
    assert read("label,sentence\n1,good\n", label="").examples == (Labelled("good", None),)
    refused(text, 'no column "three"', '"two" (3)', text="three")
    refused(text, "at once", text="two", label="3")


@pytest.mark.parametrize(
    ("written", "numbers", "names"),
    [
        ("pos neg pos", [1, 0, 1], ("neg", "pos")),
        ("Positive negative positive", [1, 0, 1], ("negative", "Positive")),
        ("positive positive positive", [1, 1, 1], ("negative", "positive")),
        ("True False True", [1, 0, 1], ("False", "True")),
        ("LABEL_2 LABEL_0 LABEL_2", [2, 0, 2], ("LABEL_0", "LABEL_1", "LABEL_2")),
        ("negative neutral positive", [0, 1, 2], ("negative", "neutral", "positive")),
        ("sport art art", [1, 0, 0], ("art", "sport")),
        ("1 1 1", [0, 0, 0], ("1",)),
        ("0 2 2", [0, 1, 1], ("0", "2")),
        ("1 3 2", [0, 2, 1], ("1", "2", "3")),
        ("-1 1 1", [0, 1, 1], ("-1", "1")),
        ("1.0 0.0 1.0", [1, 0, 1], ("0", "1")),
        ("5000 70 70", [1, 0, 0], ("70", "5000")),
    ],
)
def test_labels_keep_their_names(written, numbers, names):
    found = read("label,text\n" + "\n".join(f"{label},some words {i}" for i, label in enumerate(written.split())))
    assert [example.label for example in found.examples] == numbers and found.labels == names


def test_a_first_row_that_carries_a_label_is_no_header():
    assert len(read("pos,content\nneg,title\npos,fine words\n")) == 3
    assert len(read("pos\ta b\nneg\tc d\n", "file.tsv")) == 2
    assert len(read("review\n1,2 is a sum\n".replace(",", " "))) == 1


def test_two_texts_again_and_again_are_no_labels_where_a_column_of_numbers_is():
    for numbers in ((0, 1), (1, 2)):
        rows = [f"The plot goes nowhere.;warm and good;{numbers[0]}", f"A warm and clever film.;cold and bad;{numbers[1]}"] * 6
        found = read("\n".join(["one;two;mark", *rows]) + "\n")
        assert dict(found.columns) == {"text": '"one" (1)', "label": '"mark" (3)'}
    found = read("\n".join(["one;two", *["The plot goes nowhere.;dull", "A warm and clever film.;warm"] * 6]) + "\n")
    assert found.columns["label"] == '"two" (2)'


@pytest.mark.parametrize("cell", ["NaN", "nan", "<NA>", "#N/A", "null", " NULL "])
def test_what_tables_write_for_nothing_is_no_class(cell):
    with pytest.raises(InputError, match=r"Line 3, column \"label\" \(2\): the label is missing"):
        read(f"text,label\na b,pos\nc d,{cell}\ne f,neg\n")
    assert read("text,label\na b,none\nc d,NA\n").labels == ("NA", "none")


def test_a_column_of_long_numbers_is_no_text():
    rows = ['"4","1467810369000","Mon Apr 06","good film"', '"0","1467810370000","Mon Apr 06","bad film"']
    found = read("\n".join(rows) + "\n")
    assert [example.text for example in found.examples] != ["1467810369000", "1467810370000"]


def test_semicolons_and_tabs_in_a_csv():
    assert read('label;sentence\n1;"good; warm"\n0;bad, cold\n').examples == (Labelled("good; warm", 1), Labelled("bad, cold", 0))
    assert read("label\tsentence\n1\tgood\n").examples == (Labelled("good", 0),)


def test_quotes_in_a_tsv_are_read_both_ways():
    assert read('label\tsentence\n1\t"quoted ""so"" well"\n0\tplain\n', "f.tsv").examples[0].text == 'quoted "so" well'
    assert read('label\tsentence\n1\t"over\ntwo lines"\n0\tplain\n', "f.tsv").examples[0].text == "over\ntwo lines"
    assert read('1\t" an open quote\n0\tit is 5" long\n1\t"so" he said\n', "f.tsv").examples[0].text == '" an open quote'


def test_json_lines():
    lines = [{"sentence": "good", "label": True}, {"label": False, "sentence": "bad\u2028line"}]
    found = read("\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "file.jsonl")
    assert found.examples == (Labelled("good", 1), Labelled("bad\u2028line", 0)) and found.labels == ("false", "true")
    assert found.columns == {"text": '"sentence" (1)', "label": '"label" (2)'}


def test_plain_text_by_line_or_by_paragraph():
    assert [e.text for e in read("one\ntwo\r\nthree\n\n", "a.txt").examples] == ["one", "two", "three"]
    found = read("one\ntwo\n\n \nthree\n", "a.txt")
    assert [e.text for e in found.examples] == ["one two", "three"] and "paragraph" in found.notes[0]


def test_a_mark_at_the_start_is_no_part_of_a_name():
    assert read(b"\xef\xbb\xbflabel,sentence\n1,good\n").columns["label"] == '"label" (1)'


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)


@given(
    st.lists(st.tuples(TEXT, st.integers(0, 3)), min_size=1, max_size=8),
    st.sampled_from(["csv", "tsv"]),
    # With other line ends, Python's minimal quoting leaves a bare carriage return unquoted.
    st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]),
)
def test_any_text_comes_back_from_a_file(examples, kind, style):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter="\t" if kind == "tsv" else ",", lineterminator=style[0], quoting=style[1])
    writer.writerows([["sentence", "label"], *examples])
    found = read(file.getvalue(), f"f.{kind}")
    assert written(found) == examples


@given(st.lists(st.tuples(TEXT, st.integers(0, 3)), min_size=1, max_size=8))
def test_any_text_comes_back_from_json_lines(examples):
    lines = "\n".join(json.dumps({"sentence": text, "label": label}, ensure_ascii=False) for text, label in examples)
    assert written(read(lines, "f.jsonl")) == examples


def written(found):
    """Texts, and labels as the file has them."""
    return [(example.text, int(found.labels[example.label])) for example in found.examples]


@given(st.lists(TEXT, min_size=1, max_size=6), st.data())
def test_the_line_of_a_missing_label_is_the_one_an_editor_shows(texts, drawn):
    broken = drawn.draw(st.integers(0, len(texts) - 1))
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["sentence", "label"])
    for i, text in enumerate(texts):
        line = len(io.StringIO(file.getvalue(), newline=None).readlines()) + 1
        if i == broken:
            expected = line
        writer.writerow([text, "" if i == broken else 1])
    refused(file.getvalue(), f'Line {expected}, column "label" (2)')


# Files that are wrong


def test_wrong_rows_are_named_by_line_and_column():
    good = 'label,sentence\n1,"over\ntwo lines"\n\n'
    refused(good + ",no label\n", 'Line 5, column "label" (1)', "missing")
    refused(good + "1, \n", 'Line 5, column "sentence" (2)', "missing")
    refused(good + "1\n", "Line 5 has 1 of 2 fields", 'column "sentence" (2)')
    refused(good + "1,one, two\n", "Line 5 has 3 fields where 2", "column 3")
    refused(good + "good,one\n", 'Line 5, column "label" (1)', "'good'")
    refused(good + "0.73,one\n", 'Line 5, column "label" (1)', "0.73")
    refused(good + '1,"never closed\n1,x\n', "Line 5", "does not close")
    refused(good + '1,"closed" too soon\n', "Line 5", "expected after")
    refused("1\tone\n0\n", "Line 2 has 1 of 2 fields", "column 2", name="f.tsv")
    refused("label,sentence,label\n1,a,1\n", "Line 1", '"label" twice', "columns 1 and 3")


def test_wrong_json():
    good = '{"label": 1, "sentence": "a"}\n\n'
    refused(good + '{"label": 1,}\n', "Line 3, character", name="f.jsonl")
    refused(good + "[1]\n", "Line 3", "not an object", name="f.jsonl")
    refused(good + '{"sentence": "a"}\n', 'Line 3, column "label" (1)', "missing", name="f.jsonl")
    refused(good + '{"label": 1}\n', 'Line 3, column "sentence" (2)', "missing", name="f.jsonl")
    refused(good + '{"label": 1, "sentence": 5}\n', 'Line 3, column "sentence" (2)', "5 is not a text", name="f.jsonl")
    refused(good + '{"label": [1], "sentence": "a"}\n', 'Line 3, column "label" (1)', "list", name="f.jsonl")
    refused(good + '{"label": 1, "label": 2, "sentence": "a"}\n', "Line 3", '"label" twice', name="f.jsonl")
    refused(good + '{"label": 1, "sentence": "\\ud83d"}\n', 'Line 3, column "sentence" (2)', "U+D83D", name="f.jsonl")
    refused(good + "[" * 100_000, "Line 3", name="f.jsonl")
    refused("{}\n", "no fields", name="f.jsonl")


def test_wrong_files(tmp_path, monkeypatch):
    refused("", "is empty")
    refused("\n \n", "is empty")
    refused("label,sentence\n", "no rows")
    refused(b"label,sentence\n1,caf\xe9\n", "line 2, character 6", "0xe9")
    refused(b"\xef\xbb\xbflabel,sentence\r\n1,\xff\n", "line 2, character 3", "0xff")
    refused("a", ".csv", name="file.xlsx")
    refused("sentence\nall alone\n", 'only one column, "sentence" (1)', "line 2", answers="class")
    refused("one line\nand another\n", "only one column", name="f.txt", answers="class")
    with pytest.raises(InputError, match="cannot be read"):
        data.read(tmp_path / "nothing.csv", "nothing.csv")
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    refused("label,sentence\n1,a\n", "MB")


def test_a_column_without_labels_is_no_label():
    assert read("id,sentence\n1,one\n2,two\n").labels == ()
    refused("id,sentence\n1,one\n2,two\n", "no column of labels", answers="class")


# The hub


@pytest.fixture
def folder(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"idx": datasets.Value("int32"), "sentence": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    for split, labels in (("train", [0, 1, 1]), ("validation", [1, 0, 1]), ("test", [-1, -1, -1])):
        rows = {"idx": [0, 1, 2], "sentence": [f"{split} {i}" for i in range(3)], "label": labels}
        datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / f"{split}-00000-of-00001.parquet")
    return tmp_path


def test_a_folder_of_parquet(folder):
    found = data.hub(str(folder), folder=True)
    assert found.labels == ("bad", "good") and [e.label for e in found.examples] == [1, 0, 1]
    assert "validation" in found.notes[0] and "train" in found.notes[0]
    assert len(data.hub(str(folder), "train", limit=2, folder=True)) == 2
    secret = data.hub(str(folder), "test", folder=True)
    assert [e.label for e in secret.examples] == [None] * 3 and "3 examples carry no label" in secret.notes[-1]
    with pytest.raises(InputError, match="no part dev"):
        data.hub(str(folder), "dev", folder=True)
    with pytest.raises(InputError, match="no column"):
        data.hub(str(folder), asked=Asked(text="review"), folder=True)


def test_a_data_set_of_long_rows_is_read_as_far_as_a_file_may_be_long(folder, monkeypatch):
    row = len("validation 0") + len("1") + len("0")
    monkeypatch.setattr(tables, "MAX_BYTES", 2 * row + 1)
    found = data.hub(str(folder), folder=True)
    assert len(found) == 2 and "The first 2 rows were read: no more than" in found.notes[1]
    monkeypatch.setattr(tables, "MAX_BYTES", row - 1)
    with pytest.raises(InputError, match="The first row of"):
        data.hub(str(folder), folder=True)


def test_reading_a_data_set_tells_how_far_it_is_and_can_be_stopped(folder):
    told = []
    data.hub(str(folder), limit=4, folder=True, progress=told.append)
    assert told == [0.25, 0.5, 0.75]

    def stop(share):
        raise Stopped

    with pytest.raises(Stopped):
        data.hub(str(folder), folder=True, progress=stop)


def test_a_hub_name_with_a_configuration(monkeypatch, folder):
    import datasets

    asked, real = [], datasets.load_dataset_builder

    def load(name, configuration):
        asked.append((name, configuration))
        return real(str(folder))

    monkeypatch.setattr(data, "_ask", lambda repo: asked.append(repo))
    monkeypatch.setattr(data, "_check_own", lambda repo, files: asked.append((repo, sorted(files))))
    monkeypatch.setattr(datasets, "load_dataset_builder", load)
    assert data.hub("owner/name:part").labels == ("bad", "good")
    assert asked == ["owner/name", ("owner/name", "part"), ("owner/name", ["test", "train", "validation"])]


def test_a_data_set_that_names_files_of_this_machine_is_refused_before_they_are_read(monkeypatch, tmp_path):
    """Whoever owns a data set writes its description."""
    datasets = pytest.importorskip("datasets")
    secret = tmp_path / "secret.txt"
    secret.write_text("nobody's business\n")
    described = tmp_path / "described"
    described.mkdir()
    (described / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: {secret}\n---\n")
    assert data.hub(str(described), folder=True).examples[0].text == "nobody's business", "datasets reads what is named there"
    builder = datasets.load_dataset_builder(str(described))
    monkeypatch.setattr(builder, "as_streaming_dataset", lambda: pytest.fail("it was read"))
    monkeypatch.setattr(data, "_ask", lambda repo: None)
    monkeypatch.setattr(datasets, "load_dataset_builder", lambda name, configuration: builder)
    with pytest.raises(InputError, match="not its own") as refused:
        data.hub("owner/name")
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("file", "own"),
    [
        ("hf://datasets/owner/name@0a1b/data/x.csv", True),
        ("hf://datasets/owner/another@0a1b/x.csv", False),
        ("hf://datasets/owner/name-private@0a1b/x.csv", False),
        ("/etc/hosts", False),
        ("http://169.254.169.254/x.json", False),
        ("zip://x.csv::/root/x.zip", False),
    ],
)
def test_files_of_a_data_set_are_its_own(file, own):
    with nullcontext() if own else pytest.raises(InputError, match="not its own"):
        data._check_own("owner/name", {"train": ["hf://datasets/owner/name@0a1b/y.csv", file]})


def _response(status):
    import httpx2 as httpx

    return httpx.Response(status, request=httpx.Request("GET", "http://hub.invalid"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda e: e.RepositoryNotFoundError("x", response=_response(404)), "knows no data set owner/name"),
        (lambda e: e.GatedRepoError("x", response=_response(403)), "gated"),
        (lambda e: e.LocalEntryNotFoundError("x"), "cannot be reached"),
        (lambda e: ConnectionError("x"), "cannot be reached"),
        (lambda e: RuntimeError("Dataset scripts are no longer supported, but found name.py"), "code of its own"),
        (lambda e: ValueError("Config name is missing.\nPlease pick one among the available configs: ['a', 'b']"), "'a', 'b'"),
        (lambda e: ValueError("BuilderConfig 'x' not found. Available: ['a']"), "owner/name:configuration"),
        (lambda e: FileNotFoundError("No (supported) data files found"), "no data that can be read"),
    ],
)
def test_the_hub_fails(monkeypatch, error, said):
    import huggingface_hub.errors as errors

    def fail(repo):
        raise error(errors)

    monkeypatch.setattr(data, "_ask", fail)
    with pytest.raises(InputError) as caught:
        data.hub("owner/name")
    assert said in str(caught.value)


def test_an_error_of_the_hub_tells_no_folder_of_this_machine(monkeypatch, tmp_path):
    def fail(repo):
        raise FileNotFoundError(
            f"Couldn't find any data file at {tmp_path}/owner/name. Couldn't find 'owner/name' on the Hugging Face Hub either"
        )

    monkeypatch.setattr(data, "_ask", fail)
    with pytest.raises(InputError, match="no data that can be read") as caught:
        data.hub("owner/name")
    assert str(tmp_path) not in str(caught.value)


def test_a_name_of_a_data_set_never_reads_a_file(monkeypatch, folder):
    """Nor one that lies below the folder that the server runs in, and is called as a data set."""
    monkeypatch.setattr(data, "_ask", lambda repo: None)
    (folder / "owner").mkdir()
    (folder / "owner" / "name").mkdir()
    (folder / "owner" / "name" / "secret.csv").write_text("text,label\nhidden,1\n")
    monkeypatch.chdir(folder)
    for name in (str(folder), ".", "./owner/name", "owner/name", "owner/../owner/name", "~"):
        with pytest.raises(InputError, match="is no hub id"):
            data.hub(name)


def test_a_wrong_hub_name(tmp_path):
    for name in ("", "a/b/c", "no spaces, please"):
        with pytest.raises(InputError):
            data.hub(name)
    (tmp_path / f"{tmp_path.name}.py").write_text("raise SystemExit('never run')")
    with pytest.raises(InputError, match="code of its own"):
        data.hub(str(tmp_path), folder=True)


@pytest.mark.parametrize("names", [("label", "label_text"), ("label", "labelName"), ("stars", "stars_name")])
@pytest.mark.parametrize("words", [("negative", "positive"), ("positive", "negative")])
def test_numbers_of_classes_are_called_as_the_column_beside_them_says(names, words):
    """Another numbering than the model's is then found by the names (SetFit's data sets come so)."""
    rows = "".join(f"a film,{number},{words[number]}\n" for number in (1, 0, 1))
    found = read(f"text,{names[0]},{names[1]}\n{rows}".encode(), "f.csv")
    assert [example.label for example in found.examples] == [1, 0, 1] and found.labels == words
    assert any(f"0 = {words[0]}, 1 = {words[1]}" in note and names[1] in note for note in found.notes)
    as_numbers = read(f"text,{names[0]},{names[1]}\n{rows}".encode(), "f.csv", label=names[0])
    assert as_numbers.labels == ("0", "1")


@pytest.mark.parametrize("beside", ["x,x,x", "a,b,c", "a,,a", "A,a,A"])
def test_a_column_that_does_not_name_the_classes_is_left_alone(beside):
    cells = beside.split(",")
    rows = "".join(f"a film,{number},{cell}\n" for number, cell in zip((1, 0, 1), cells, strict=True))
    assert read(f"text,label,label_text\n{rows}".encode(), "f.csv").labels == ("0", "1")


def test_a_label_in_quotes_behind_a_space_is_the_label():
    found = read(b'text, label\n"good, film", "1"\n"bad, film", "0"\n', "f.csv")
    assert found.labels == ("0", "1") and [example.text for example in found.examples] == ["good, film", "bad, film"]
