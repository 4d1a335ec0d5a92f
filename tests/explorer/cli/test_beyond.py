"""The commands beyond the weights: the same numbers as the functions behind them."""

import json

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

import models
from explorer import generate
from explorer.cli.main import main
from explorer.flow import methods, targets
from explorer.lens import contributions, layers
from tests import tiny as making

TEXT = "the cat sat on"


def made(command: str, folder, tmp_path, *more: str) -> dict:
    out = tmp_path / f"{command}.json"
    assert main([command, "--model", str(folder), "--text", TEXT, "--json", str(out), *more]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_trace(tmp_path, llama_folder, capsys):
    found = made("trace", llama_folder, tmp_path, "--at", "2")
    model = models.load(llama_folder, device="cpu")
    traced = methods.trace(model, targets.make(model, TEXT, at=2))
    assert found["target"]["kind"] == "next" and found["target"]["read_at"] == [2]
    assert set(found["methods"]) == set(traced.tokens)
    np.testing.assert_allclose(found["methods"]["rollout"], traced.tokens["rollout"], atol=1e-6)
    assert found["without"][3] is None and "rank correlation" in capsys.readouterr().out


def test_lens(tmp_path, llama_folder):
    found = made("lens", llama_folder, tmp_path, "--top", "2")
    expected = layers.lens(models.load(llama_folder, device="cpu"), TEXT, k=2)
    assert [row["layer"] for row in found["layers"]] == [-1, 0, 1] and found["layers"][2]["words"] == expected.words[2]
    np.testing.assert_allclose(found["divergence"], expected.divergence, atol=1e-5)


def test_logit(tmp_path, llama_folder):
    found = made("logit", llama_folder, tmp_path, "--id", "7", "--against", "6")
    expected = contributions.contributions(models.load(llama_folder, device="cpu"), TEXT, None, 7, against=6)
    np.testing.assert_allclose(found["heads"], expected.heads, atol=1e-5)
    assert found["total"] == pytest.approx(found["logit"], abs=1e-4) and found["chance"] is None


def test_generate(llama_folder, capsys):
    assert main(["generate", "--model", str(llama_folder), "--text", TEXT, "--tokens", "5", "--seed", "2"]) == 0
    steps = generate.generate(models.load(llama_folder, device="cpu"), TEXT, generate.Sampling(seed=2), tokens=5)
    assert capsys.readouterr().out == "".join(step.token.text for step in steps if not step.ends) + "\n"


@pytest.mark.parametrize("more", [["trace", "--at", "77"], ["lens", "--masked", "99"], ["logit", "--id", "999"]])
def test_errors(tmp_path, llama_folder, more, capsys):
    command, *rest = more
    assert main([command, "--model", str(llama_folder), "--text", TEXT, "--json", str(tmp_path / "x.json"), *rest]) == 1
    assert "error:" in capsys.readouterr().err and not (tmp_path / "x.json").exists()


SHORT = {"lens": ["--json", "l.json", "--text", TEXT], "syntax": ["--json", "s.json"], "slice": ["--heads", "0.1", "--out", "small"]}


@pytest.mark.parametrize("command", SHORT)
def test_every_command_notes_what_there_is_to_know_of_the_model(tmp_path, capsys, monkeypatch, command):
    """Weights that the file lacks are random, and so is what is read of them."""
    monkeypatch.chdir(tmp_path)
    file = making.save("bert", tmp_path / "bert") / "model.safetensors"
    save_file({name: w for name, w in load_file(file).items() if "layer.1.output.dense" not in name}, file, {"format": "pt"})
    main([command, "--model", str(tmp_path / "bert"), *SHORT[command]])
    assert capsys.readouterr().err.count("weights are random") == 1
