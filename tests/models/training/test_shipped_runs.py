"""The command that trains what is shipped, and what is shipped, where it is there."""

import dataclasses

import pytest
import torch

import models
from models.training import runs, shipped_runs
from models.training.presets import PRESETS

SHIPPED = sorted(folder.parent for folder in shipped_runs.SHIPPED.glob("*/history.json"))


def test_the_command_writes_runs_and_a_card_and_leaves_what_is_there(tmp_path, monkeypatch, capsys):
    for name in ("majority", "order-without-positions"):
        preset = PRESETS[name]
        monkeypatch.setitem(PRESETS, name, dataclasses.replace(preset, settings=dataclasses.replace(preset.settings, steps=30)))
    command = ["--out", str(tmp_path), "--presets", "majority", "order-without-positions"]
    assert shipped_runs.main(command) == 0 and "2 runs" in capsys.readouterr().out
    run = runs.load(tmp_path / "majority")
    assert [snapshot.step for snapshot in run.snapshots] == list(run.settings.snapshot_steps())
    found = run.evaluate()
    row = f"| majority | 1 x 2, d_model 16 | {run.network.num_parameters():,} | 30 | {found.exact:.1%} of 1,000"
    assert row in (tmp_path / "README.md").read_text()
    assert models.load(tmp_path / "majority", device="cpu", dtype="auto").dtype == torch.float32
    before = (tmp_path / "majority" / "model.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(shipped_runs, "MOST_BYTES", 10)
    assert shipped_runs.main(command) == 1
    assert (tmp_path / "majority" / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.skipif(not SHIPPED, reason="no runs are shipped in this checkout")
def test_all_that_is_shipped_fits():
    files = [file for file in shipped_runs.SHIPPED.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= shipped_runs.MOST_BYTES
    assert {folder.name for folder in SHIPPED} == {name for name, preset in PRESETS.items() if preset.task != "characters"}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_run_is_what_its_preset_says(folder):
    run, preset = runs.load(folder), PRESETS[folder.name]
    assert run.task == preset.toy_task() and run.settings == preset.settings
    assert all(getattr(run.config, name) == value for name, value in preset.switches.items())
    assert preset.at_least <= run.evaluate().held_out_accuracy(run.task) <= preset.at_most
    assert 15 <= len(run.snapshots) <= 22
