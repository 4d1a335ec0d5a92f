"""positions from the shell: against the functions themselves."""

import json

import pytest

from explorer.cli import main
from explorer.positions import order, tables, terms
from tests import tiny as making


def run(model, out, *more: object) -> tuple[int, dict]:
    status = main.main(["positions", "--model", str(model), "--json", str(out), "--device", "cpu", *map(str, more)])
    return status, json.loads(out.read_text()) if out.exists() else {}


def test_bert(tmp_path, bert, capsys) -> None:
    status, made = run("bert", tmp_path / "out.json", "--text", "dog bites man")
    assert status == 0
    assert made["kind"] == "learned" and made["table"] == {"name": tables.learned(bert).name, "rows": 512, "width": 384, "learned": True}
    assert made["principal_angles"]["angles"] == pytest.approx(terms.principal_angles(bert, 10).angles.tolist())
    assert made["equivariance"]["with"] == pytest.approx(order.permuted(bert, "dog bites man", [2, 1, 0]).max)
    assert made["equivariance"]["without"] < 1e-5 and made["four_terms"]["deviation"] < 1e-5
    assert made["notes"] == []
    assert capsys.readouterr().out.startswith("learned; deviation from equivariance ")


def test_rope_has_no_table(tmp_path, capsys) -> None:
    status, made = run(making.save("llama", tmp_path / "llama"), tmp_path / "out.json", "--text", "the cat sat")
    assert status == 0 and made["kind"] == "rope"
    assert made["table"] is made["principal_angles"] is made["four_terms"] is None
    assert any("RoPE" in note for note in made["notes"]) and any("causal" in note for note in made["notes"])
    assert "causal" in capsys.readouterr().err


def test_what_cannot_be_is_null(tmp_path) -> None:
    folder = making.save("t5", tmp_path / "t5")
    _status, made = run(folder, tmp_path / "out.json", "--text", "the cat sat")
    assert made["kind"] == "relative" and made["equivariance"]["without"] < 1e-5


def test_dimensions(tmp_path) -> None:
    folder = making.save("bert", tmp_path / "bert")
    _status, made = run(folder, tmp_path / "out.json", "--text", "the cat sat", "--angles", 3)
    assert len(made["principal_angles"]["angles"]) == 3
    _status, made = run(folder, tmp_path / "out.json", "--text", "the cat sat", "--angles", 99)
    assert made["principal_angles"] is None and "99 dimensions" in made["notes"][0]


def test_no_text(tmp_path, capsys) -> None:
    status, made = run("bert", tmp_path / "out.json", "--text", " ")
    assert status == 1 and not made and "There is no text" in capsys.readouterr().err
