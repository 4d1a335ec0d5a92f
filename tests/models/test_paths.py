"""Paths as somebody typed them."""

import os
from pathlib import Path

import pytest

import models
from explorer.cli.main import main
from models.paths import is_file, is_folder, typed

ODD = ["~nosuchuser/x", "x" * 300, "a\0b", "half \ud83d", "caf\udce9", "/" + "y" * 5000, ""]


@pytest.mark.parametrize("text", ODD)
def test_what_cannot_be_is_not_there(text):
    path = typed(text)
    assert not is_file(path) and is_folder(path) == (text == "")


def test_home_is_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert typed("~/x") == tmp_path / "x" and is_folder(typed("~"))


@pytest.mark.parametrize("text", [text for text in ODD if text])
def test_a_model_that_cannot_be_is_refused_in_words(text):
    with pytest.raises(models.ModelError) as caught:
        models.load(text, device="cpu")
    assert caught.value.advice


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the user of this process may read everything")
def test_a_folder_that_may_not_be_read_is_refused_in_words(tmp_path):
    tmp_path.chmod(0)
    try:
        with pytest.raises(models.ModelError, match="may not be read"):
            models.load(tmp_path, device="cpu")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    "words",
    [
        ["capture", "--model", "bert", "--text", "caf\udce9", "--out", "x.npz"],
        ["capture", "--model", "~nosuchuser/x", "--text", "a", "--out", "x.npz"],
        ["generate", "--model", "gpt2-mini", "--text", "half \ud83d"],
        ["ablate", "--model", "bert", "--task", "classify", "--data", "~nosuchuser/x.csv", "--json", "x.json"],
        ["ablate", "--model", "bert", "--task", "classify", "--data", "z" * 300 + ".csv", "--json", "x.json"],
    ],
)
def test_the_shell_says_what_is_wrong_without_a_traceback(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    # A bar that moves may have been there before.
    assert capsys.readouterr().err.split("\r")[-1].startswith("error: ") and not list(Path().iterdir())
