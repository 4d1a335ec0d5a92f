"""Relations against a loop over words, behind a causal mask and without one; corpora; folders that hold no atlas."""

import json

import numpy as np
import pandas as pd
import pytest

import models
from explorer.atlas import corpus, edges, making
from explorer.atlas import plan as planning
from explorer.atlas.atlas import Atlas
from explorer.atlas.options import Options
from explorer.capture import capture_ids
from explorer.cli.main import main
from explorer.syntax.words import pieces
from explorer.tasks import data
from models import InputError
from tests import tiny


@pytest.mark.parametrize("name", ["bert", "gpt2-mini"])
def test_relations_are_those_of_a_loop_over_words(name):
    model = models.load(name, device="cpu")
    texts = corpus.own().first(25)
    assert all(text.sentence is not None for text in texts.texts)
    atlas = making.make(model, texts, Options())
    right, due, kinds = {}, {}, set()
    with_rows = [head for head in atlas.heads.index if (atlas.rows(head)["relation"] != "").any()]
    part, layer, head_ = with_rows[-1]
    kept = {(one.text, one.row, one.relation, one.direction, one.target): one.kind for one in atlas.rows(with_rows[-1]).itertuples()}
    for number, text in enumerate(texts.texts):
        sentence = text.sentence
        ids, belongs = pieces(model, sentence.words)
        captured = capture_ids(model, ids)
        patterns = np.stack([captured.patterns(site.layer) for site in model.sites])
        for dependent, (head, relation) in enumerate(zip(sentence.heads, sentence.relations, strict=True)):
            if head < 0 or relation in ("punct", "root"):
                continue
            for direction, (own, target) in zip(edges.DIRECTIONS, ((dependent, head), (head, dependent)), strict=True):
                row = max(np.flatnonzero(belongs[own]))
                if model.kind == "decoder" and max(np.flatnonzero(belongs[target])) > row:
                    continue
                kind = (relation.split(":")[0], direction)
                due[kind] = due.get(kind, 0) + 1
                allowed = belongs.any(0) & ~belongs[own]
                best = np.where(allowed, patterns[:, :, row], -1).argmax(-1)
                right[kind] = right.get(kind, 0) + belongs[target][best]
                found = kept.get((number, row, *kind, min(np.flatnonzero(belongs[target]))))
                if found:
                    assert (found == "found") == belongs[target][best[layer, head_]]
                    kinds.add(found)
    assert kinds == {"found", "missed"} and part == model.parts[0]
    table = atlas.edges.set_index(["relation", "direction"])
    assert set(table.index) == set(due) and len(due) > 10
    for kind, n in due.items():
        assert (table.loc[[kind], "due"] == n).all()
        np.testing.assert_array_equal(table.loc[[kind], "found"], right[kind].ravel())


def test_a_corpus_is_read_from_every_kind_of_file(tmp_path):
    files = {
        "a.txt": "One text.\nAnother text.\n",
        "a.csv": "sentence,label\nOne text.,1\nAnother text.,0\n",
        "a.jsonl": '{"text": "One text."}\n{"text": "Another text."}\n',
        "a.conllu": "1\tOne\t_\t_\t_\t_\t2\tdet\t_\t_\n2\ttext.\t_\t_\t_\t_\t0\troot\t_\t_\n\n"
        "1\tAnother\t_\t_\t_\t_\t2\tdet\t_\t_\n2\ttext.\t_\t_\t_\t_\t0\troot\t_\t_\n",
    }
    digests = set()
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        found = corpus.named(str(tmp_path / name))
        assert [text.text for text in found.texts] == ["One text.", "Another text."], name
        assert len(corpus.named(str(tmp_path / name), limit=1).texts) == 1
        digests.add(found.digest)
    # The trees are a part of what is read; the kind of file is not.
    assert len(digests) == 2
    assert found.texts[0].sentence.relations == ("det", "root")
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("sentence1,sentence2\nA cat.,Un chat.\n", encoding="utf-8")
    assert corpus.named(str(pairs)).texts[0].target == "Un chat."


def test_a_data_set_of_the_hub_is_a_corpus(tmp_path, monkeypatch):
    """The hub is a folder here: its data set has parts, a column of texts and one of labels, of which an atlas wants none."""
    datasets = pytest.importorskip("datasets")
    for part in ("train", "validation"):
        rows = {"idx": [0, 1, 2], "sentence": [f"{part} text {n}." for n in range(3)], "label": [0, 1, 1]}
        datasets.Dataset.from_dict(rows).to_parquet(tmp_path / f"{part}-00000-of-00001.parquet")
    asked, real = [], datasets.load_dataset_builder
    monkeypatch.setattr(data, "_ask", asked.append)
    monkeypatch.setattr(data, "_check_own", lambda repo, files: asked.append(repo))
    monkeypatch.setattr(datasets, "load_dataset_builder", lambda name, configuration: real(str(tmp_path)))
    told = []
    found = corpus.named("hub:owner/name", limit=2, progress=told.append)
    assert [text.text for text in found.texts] == ["validation text 0.", "validation text 1."] and told == [0.5, 1.0]
    assert asked == ["owner/name", "owner/name"] and "owner/name" in found.name
    assert any("validation" in note and "train" in note for note in found.notes)
    # The command writes of it what it writes of a file with the same texts.
    (tmp_path / "same.txt").write_text("validation text 0.\nvalidation text 1.\n")
    model = str(tiny.save("llama", tmp_path / "llama"))
    for name, given in (("hub", "hub:owner/name"), ("file", str(tmp_path / "same.txt"))):
        assert main(["atlas", "--model", model, "--data", given, "--limit", "2", "--out", str(tmp_path / name)]) == 0
    hub, file = (Atlas.open(tmp_path / name) for name in ("hub", "file"))
    pd.testing.assert_frame_equal(hub.heads, file.heads)
    assert hub.manifest["corpus"]["sha256"] == file.manifest["corpus"]["sha256"] and "owner/name" in hub.title


def test_a_data_set_of_the_hub_that_cannot_be_had_is_told(tmp_path, monkeypatch, capsys):
    pytest.importorskip("datasets")

    def gone(repo):
        raise ConnectionError("no network")

    monkeypatch.setattr(data, "_ask", gone)
    model = str(tiny.save("llama", tmp_path / "llama"))
    assert main(["atlas", "--model", model, "--data", "hub:owner/name", "--out", str(tmp_path / "atlas")]) == 1
    said = capsys.readouterr().err
    assert "error:" in said and "owner/name" in said and "Traceback" not in said and not (tmp_path / "atlas").exists()


def test_what_is_no_corpus_is_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        corpus.named(str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match="At least one text"):
        corpus.named(None, limit=0)
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(InputError, match="empty"):
        corpus.named(str(tmp_path / "empty.txt"))


def test_a_folder_without_an_atlas_is_refused(tiny, tmp_path):
    model = tiny("bert")
    with pytest.raises(InputError, match="no atlas"):
        Atlas.open(tmp_path)
    made = making.write(model, corpus.own().first(3), tmp_path / "atlas")
    assert Atlas.open(tmp_path / "atlas").heads.equals(made.heads)
    (tmp_path / "atlas" / "heads.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"heads\.parquet"):
        Atlas.open(tmp_path / "atlas")
    manifest = json.loads((tmp_path / "atlas" / "manifest.json").read_text())
    (tmp_path / "atlas" / "manifest.json").write_text(json.dumps(manifest | {"version": 0}))
    with pytest.raises(InputError, match="version 0"):
        Atlas.open(tmp_path / "atlas")


def test_a_text_that_is_longer_than_the_model_reads_is_cut_and_counted(tiny):
    plan = planning.made(tiny("bert"), corpus.Corpus("one", (corpus.Text("the cat " * 100), corpus.Text("a cat"))), Options(longest=30))
    assert [len(ids) for ids in plan.sources] == [30, 4] and plan.unread == (172, 1)
