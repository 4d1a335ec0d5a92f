"""An atlas in units: the same bytes as alone."""

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
