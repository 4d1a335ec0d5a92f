"""The command that looks for syntax."""

import json

import pytest

from explorer.cli.main import main


def test_our_own_treebank(tmp_path, capsys):
    out = tmp_path / "syntax.json"
    assert main(["syntax", "--model", "bert", "--limit", "30", "--json", str(out)]) == 0
    made = json.loads(out.read_text())
    assert made["sentences"] == 30 and made["same"][0]["n"] >= made["halves"][0]["n"]
    assert all(len(pair) == 2 for pair in made["syntactic"])
    assert "det" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--words", "many"], ["--conllu", "nowhere.conllu"], ["--words", "900..1000"]])
def test_errors(tmp_path, llama_folder, more, capsys):
    assert main(["syntax", "--model", str(llama_folder), "--json", str(tmp_path / "x.json"), *more]) == 1
    assert "error:" in capsys.readouterr().err and not (tmp_path / "x.json").exists()
