"""Files of text in a data set of the hub are read as one's own are."""

import pytest

from explorer.tasks import data, hub_files
from explorer.tasks.data import Asked
from explorer.tasks.formats import Format
from models import InputError

pytest.importorskip("datasets")


def _read(tmp_path, files, **how):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode())
    return data.hub(str(tmp_path), folder=True, **how)


FILES = {
    "a quote in a row": ("train.tsv", 'text\tlabel\n"a film\t1\nanother"\t0\nfine\t1\n', ['"a film', 'another"', "fine"], ["1", "0", "1"]),
    "no header": ("train.csv", "a good film,1\na bad one,0\nfine,1\n", ["a good film", "a bad one", "fine"], ["1", "0", "1"]),
    "semicolons": ("train.csv", "text;label\na film, good;1\na bad one;0\n", ["a film, good", "a bad one"], ["1", "0"]),
    "codes": ("train.csv", "text,label\na,01\nb,02\n", ["a", "b"], ["01", "02"]),
    "numbers": ("train.csv", "text,label\n1984,1\n007,0\n", ["1984", "007"], ["1", "0"]),
    "dates": (
        "train.jsonl",
        '{"text": "2020-01-01", "label": 1}\n{"text": "2021-01-01", "label": 0}\n',
        ["2020-01-01", "2021-01-01"],
        ["1", "0"],
    ),
    "unknown names": ("train.csv", "frage,antwort\na b c d,e f g h\ni j,k l m\n", None, None),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_text_are_read_as_one_s_own(tmp_path, kind):
    name, content, texts, labels = FILES[kind]
    if texts is None:  # as the hub has it: a first row that is not seen to be an example names the columns
        found = _read(tmp_path, {name: content}, asked=Asked(label=""))
        assert found.read.names == ("frage", "antwort") and len(found) == 2
        return
    found = _read(tmp_path, {name: content}, answers="class")
    assert [example.text for example in found.examples] == texts
    assert [found.labels[example.label] for example in found.examples] == labels


def test_parts_follow_each_other_up_to_the_limit(tmp_path):
    shards = {f"train-{i}.csv": "text,label\n" + "".join(f'"text {i}, {row}",{row % 2}\n' for row in range(4)) for i in range(3)}
    found = _read(tmp_path, {"test.csv": "text,label\nsecret,0\n", **shards}, split="train", limit=6, answers="class")
    assert [example.text for example in found.examples] == [f"text {i}, {row}" for i in range(2) for row in range(4)][:6]
    assert "The first 6 rows were read." in found.notes
    with pytest.raises(InputError, match="Row 3"):
        _read(tmp_path, {"train-0.csv": "text,label\na,1\nb,0\nc,\n"}, split="train", answers="class", limit=3)


def test_what_somebody_says_about_a_file_is_followed(tmp_path):
    content = {"train.tsv": '"a\t1\nb"\t0\n'}
    said = Asked(format=Format(quoting=False, header=False))
    assert [example.text for example in _read(tmp_path, content, asked=said, answers="class").examples] == ['"a', 'b"']


def test_what_its_owner_describes_is_left_to_datasets(tmp_path, monkeypatch):
    """Names of classes, other settings, and large or unreadable files."""
    card = "---\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
    card += "          '0': bad\n          '1': good\n---\n"
    found = _read(tmp_path, {"README.md": card, "train.csv": "text,label\na film,1\nanother,0\n"}, answers="class")
    assert found.labels == ("bad", "good")
    (tmp_path / "README.md").write_text("---\nconfigs:\n- config_name: default\n  data_files: train.csv\n  skiprows: 1\n---\n")
    found = _read(tmp_path, {"train.csv": "written in 2020\ntext,label\na film,1\nanother,0\n"}, answers="class")
    assert [example.text for example in found.examples] == ["a film", "another"]
    (tmp_path / "README.md").unlink()
    monkeypatch.setattr(hub_files, "_MOST_BYTES", 20)
    found = _read(tmp_path, {"train.csv": "text,label\na film,01\nanother,02\n"}, answers="class")
    assert found.labels == ("1", "2"), "datasets read it"


@pytest.mark.parametrize("kind", ["file", "lines", "stored"])
def test_translations_in_an_object_are_texts_and_their_translations(tmp_path, kind):
    """What run_translation of transformers wants, and what WMT and OPUS are on the hub: no column of texts was found."""
    lines = '{"id": "0", "translation": {"en": "A cat.", "fr": "Un chat."}}\n{"id": "1", "translation": {"en": "A dog.", "fr": "Un chien."}}\n'
    if kind == "file":
        found = data.read(lines.encode(), "train.jsonl", Asked(label=""))
    elif kind == "lines":
        found = _read(tmp_path, {"train.jsonl": lines}, asked=Asked(label=""))
    else:
        import datasets

        features = datasets.Features({"id": datasets.Value("string"), "translation": datasets.Translation(languages=["en", "fr"])})
        rows = {"id": ["0", "1"], "translation": [{"en": "A cat.", "fr": "Un chat."}, {"en": "A dog.", "fr": "Un chien."}]}
        datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "train.parquet")
        found = data.hub(str(tmp_path), folder=True, asked=Asked(label=""))
    assert [(example.text, example.pair) for example in found.examples] == [("A cat.", "Un chat."), ("A dog.", "Un chien.")]
    turned = data.read(lines.encode(), "train.jsonl", Asked("translation.fr", "", "translation.en"))
    assert [(example.text, example.pair) for example in turned.examples] == [("Un chat.", "A cat."), ("Un chien.", "A dog.")]


@pytest.mark.parametrize(("first", "texts"), [("7", ("A cat.", "Un chat.")), ("train-7", ("A cat.", "Un chat.")), ("Seekor kucing.", None)])
def test_a_column_that_counts_rows_is_not_indonesian(first, texts):
    """With "id" for a third language no pair was found, and the longest column alone was the text."""
    content = f'id,en,fr\n"{first}",A cat.,Un chat.\n'
    found = data.read(content.encode(), "pairs.csv", Asked(label="")).examples[0]
    assert (found.text, found.pair) == texts if texts else not found.pair
    found = data.read(b"id,en\nSeekor kucing.,A cat.\n", "pairs.csv", Asked(label="")).examples[0]
    assert (found.text, found.pair) == ("Seekor kucing.", "A cat.")
    found = data.read(b"id,en\n7,A cat.\n", "pairs.csv", Asked(label="")).examples[0]
    assert (found.text, found.pair) == ("A cat.", "")


def test_other_objects_in_an_object_are_no_columns():
    """As pandas writes a table by columns or by rows: one row of many columns would be read of it."""
    for content in (
        '{"text": {"0": "a", "1": "b"}, "label": {"0": 1, "1": 0}}',
        '{"0": {"text": "a", "label": 1}, "1": {"text": "b", "label": 0}}',
    ):
        with pytest.raises(InputError):
            data.read(content.encode(), "films.json", answers="class")
    found = data.read(b'{"translation": {"gu": "A", "kk": "B"}}\n', "pairs.jsonl", Asked(label="")).examples[0]
    assert (found.text, found.pair) == ("A", "B")


@pytest.mark.parametrize("beside", ['"labels": [1, 2]', '"text": {"a": "b c"}', '"text": ["b", "c"]'], ids=["labels", "object", "list"])
def test_lists_and_objects_beside_plain_columns_are_left_out(tmp_path, beside):
    """They were taken for the column of labels or of texts by their names, and refused."""
    content = "".join(f'{{"zin": "a film {i}", "sentiment": "{word}", {beside}}}\n' for i, word in enumerate(("pos", "neg")))
    found = _read(tmp_path, {"train.jsonl": content}, answers="class")
    assert [(example.text, found.labels[example.label]) for example in found.examples] == [("a film 0", "pos"), ("a film 1", "neg")]
    with pytest.raises(InputError, match="a column of labels is needed"):
        _read(tmp_path, {"train.jsonl": '{"text": "a film", "labels": [1, 2]}\n{"text": "another", "labels": [1]}\n'}, answers="class")
