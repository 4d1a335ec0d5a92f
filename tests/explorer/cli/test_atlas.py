"""The command that reads every head over a corpus."""

import json

import pytest

from explorer.atlas.atlas import Atlas
from explorer.cli.main import main


def test_a_file_is_read_whole_and_again_in_the_same_bytes(tmp_path, llama_folder, capsys):
    data = tmp_path / "texts.csv"
    data.write_text("sentence,label\n" + "".join(f"the cat sat on the mat {'warm ' * i},{i % 2}\n" for i in range(8)))
    for out in ("a", "b"):
        assert main(["atlas", "--model", str(llama_folder), "--data", str(data), "--out", str(tmp_path / out), "--longest", "10"]) == 0
    told = capsys.readouterr()
    assert "8 texts" in told.out and "were cut" in told.err and "sink" in told.out
    made = Atlas.open(tmp_path / "a")
    assert made.manifest["corpus"]["texts"] == 8 and made.manifest["options"]["longest"] == 10
    assert not (tmp_path / "a.work").exists()
    files = [file.relative_to(tmp_path / "a") for file in (tmp_path / "a").rglob("*") if file.is_file()]
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


def test_what_was_asked_for_is_what_is_read(tmp_path, llama_folder):
    out = tmp_path / "atlas"
    more = ["--data", "own", "--limit", "5", "--tokens", "20", "--seed", "7", "--pruned", "0.1"]
    assert main(["atlas", "--model", str(llama_folder), "--out", str(out), *more]) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["options"] | {"seed": 7, "tokens": 20, "pruned": "0.1"} == manifest["options"]
    assert manifest["corpus"]["texts"] <= 5
    assert Atlas.open(out).heads.loc[("decoder", 0, 1), "norm"] == 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--data", "nowhere.txt"], "no file"),
        (["--data", "own:fr"], "no file"),
        (["--limit", "0"], "At least one"),
        (["--tokens", "0"], "At least one"),
        (["--longest", "1"], "--longest"),
        (["--seed", "-1"], "--seed"),
        (["--pruned", "9.9"], "no head"),
        (["--pruned", "x"], "no head"),
    ],
)
def test_errors(tmp_path, llama_folder, more, why, capsys):
    assert main(["atlas", "--model", str(llama_folder), "--out", str(tmp_path / "x"), *more]) == 1
    told = capsys.readouterr().err
    assert "error:" in told and why in told and not (tmp_path / "x").exists()


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path, llama_folder, capsys):
    (tmp_path / "x").write_text("mine")
    assert main(["atlas", "--model", str(llama_folder), "--out", str(tmp_path / "x")]) == 1
    assert "is a file" in capsys.readouterr().err and (tmp_path / "x").read_text() == "mine"
