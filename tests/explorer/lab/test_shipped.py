import pytest

from explorer.lab import shipped
from models.errors import ModelError
from models.training.presets import PRESETS
from tests.tiny_training import training


def test_a_run_is_found_by_its_preset(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RUNS", tmp_path)
    assert shipped.folder("copying") is None and shipped.load("copying") is None
    run = training(2)
    while not run.finished:
        run.step()
    run.save(tmp_path / "copying")
    state = shipped.load("copying").read()
    assert state.done == 2 and [f.step for f in state.frames] == [0, 2]


def test_a_broken_one_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RUNS", tmp_path)
    (tmp_path / "copying").mkdir()
    (tmp_path / "copying" / "history.json").write_text("{}")
    with pytest.raises(ModelError, match="no training run"):
        shipped.load("copying")


def test_whatever_is_shipped_is_a_preset():
    found = [folder.name for folder in shipped.RUNS.iterdir() if folder.is_dir()] if shipped.RUNS.is_dir() else []
    if not found:
        pytest.skip("no runs are shipped with this checkout")
    assert set(found) <= set(PRESETS)
