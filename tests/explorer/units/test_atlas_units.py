"""An atlas in units: the same bytes as alone, also on a cluster."""

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.units import atlas, store
from tests.explorer.units.test_same_bytes import data, run  # noqa: F401  (a fixture)


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(atlas, "TOKENS", 30)
    monkeypatch.setattr("explorer.atlas.options.Options.batch_tokens", 16, raising=False)


def _files(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("corpus", ["lines", "own"])
def test_an_atlas_in_units_is_the_atlas(llama_folder, data, small_shards, tmp_path, corpus):  # noqa: F811
    command = ["atlas", "--model", llama_folder, "--data", data if corpus == "lines" else "own", "--limit", 20]
    assert run(*command, "--out", tmp_path / "alone") == 0
    assert run(*command, "--out", tmp_path / "there", "--units", tmp_path / "units") == 0
    assert _files(tmp_path / "there") == _files(tmp_path / "alone")
    shards = sorted((tmp_path / "units" / store.SHARDS).iterdir())
    assert len(shards) > 2
    # A shard's file that is lost, and one that is broken, are made again.
    shards[0].unlink()
    shards[1].write_bytes(b"broken")
    whole = shards[2].stat().st_mtime_ns
    assert run(*command, "--out", tmp_path / "again", "--units", tmp_path / "units") == 0
    assert _files(tmp_path / "again") == _files(tmp_path / "alone") and shards[2].stat().st_mtime_ns == whole


def _same_on(scheduler, llama_folder, data, tmp_path):  # noqa: F811
    command = ["atlas", "--model", llama_folder, "--data", data, "--limit", 20]
    assert run(*command, "--out", tmp_path / "alone") == 0
    assert run(*command, "--out", tmp_path / "there", "--scheduler", scheduler, "--units", tmp_path / "units") == 0
    assert _files(tmp_path / "there") == _files(tmp_path / "alone")
    assert len(list((tmp_path / "units" / store.SHARDS).iterdir())) > 2


def test_on_workers_of_dask(llama_folder, data, small_shards, tmp_path):  # noqa: F811
    distributed = pytest.importorskip("distributed", reason="distributed is not installed (requirements-cluster.txt)")
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None, "protocol": "tcp"}
    with distributed.LocalCluster(**how) as cluster:
        _same_on(cluster.scheduler_address, llama_folder, data, tmp_path)


@pytest.mark.thorough
def test_on_a_local_cluster_of_processes(llama_folder, data, small_shards, tmp_path):  # noqa: F811
    """As docs/cluster.md says to try it: a scheduler and workers that share nothing with the command but the disk."""
    pytest.importorskip("distributed", reason="distributed is not installed (requirements-cluster.txt)")
    command = [sys.executable, "-m", "scripts.cluster", "--workers", "2", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as cluster:
        try:
            address = cluster.stdout.readline().split()[-1]
            assert address.startswith("tcp://")
            _same_on(address, llama_folder, data, tmp_path)
        finally:
            cluster.terminate()
