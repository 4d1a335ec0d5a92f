"""A folder of units, watched while it fills."""

import dataclasses

import numpy as np
import pytest

from explorer.ablation.sweep import batches, sweep
from explorer.atlas import reading
from explorer.atlas.sums import METRICS
from explorer.units import ablation, atlas, store
from explorer.units.executors import Here
from explorer.units.watch import Watcher
from models.errors import InputError
from tests.explorer.units.test_same_bytes import atlas_planner_of, data, planner_of  # noqa: F401  (a fixture)


class Stopped(Exception):
    pass


def test_what_is_done_is_shown_and_what_is_missing_is_named(llama_folder, data, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr("explorer.tasks.base.TOKENS", 40)
    planner, task = planner_of(llama_folder, data, tmp_path / "units", Here())
    watcher, seen = Watcher(tmp_path / "units"), []
    assert (watcher.look().planned, watcher.look().rises, watcher.look().idle) == (0, None, None)

    def tell(share):
        seen.append(watcher.look())
        if share > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        ablation.swept(planner, task, "zero", tell)
    planned = batches(task)
    last, n = Watcher(tmp_path / "units").look(), len(planned)
    assert last.phase == "sweep" and last.planned == n and n / 2 - 1 <= last.done < n and not last.finished
    assert [one.done for one in seen] == sorted(one.done for one in seen) and seen[-1].done == last.done
    there = [(tmp_path / "units" / store.UNITS).rglob(f"{digest}.json") for digest in _digests(tmp_path / "units")]
    done = [number for number, found in enumerate(there) if list(found)]
    assert len(done) == last.done and last.missing == tuple(number + 1 for number in range(n) if number not in done)[:12]
    # The picture so far is the sweep of the examples that are done.
    members = sorted(example for number in done for example in planned[number].index)
    alone = sweep(task).of(members)
    np.testing.assert_allclose(last.rises, alone.table(task.model.sites, "loss") - alone.baseline.mean_loss, atol=1e-6)
    assert last.examples == len(members) and last.left > 0 and last.idle < 60
    ablation.swept(planner_of(llama_folder, data, tmp_path / "units", Here())[0], task, "zero")
    planner.job.finish()
    over, whole = watcher.look(), sweep(task)
    assert over.finished and over.done == n and not over.missing and over.left == 0
    np.testing.assert_allclose(over.rises, whole.table(task.model.sites, "loss") - whole.baseline.mean_loss, atol=1e-6)


def test_an_atlas_is_known_as_far_as_its_shards_are_there(llama_folder, data, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(atlas, "TOKENS", 30)
    monkeypatch.setattr("explorer.atlas.options.Options.batch_tokens", 16, raising=False)
    planner, opened = atlas_planner_of(llama_folder, data, tmp_path / "units", Here())
    watcher = Watcher(tmp_path / "units")
    assert watcher.look().metrics is None

    def stop(share):
        if share > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        atlas.atlas(planner, opened, stop)
    seen, plan = watcher.look(), opened.atlas_plan
    assert 0 < seen.done < seen.planned and seen.rises is None
    # What it says is what somebody finds who reads the batches of these shards alone.
    done = [number for number in range(seen.planned) if number + 1 not in seen.missing]
    only = dataclasses.replace(plan, batches=tuple(batch for number in done for batch in plan.shard(number, seen.planned)))
    alone = reading.read(opened.model, only, opened.atlas).found.sums.means()
    _as_read(seen, opened.model, alone)
    # A shard whose file is lost or broken is one that is not done: the command reads it again.
    first = sorted((tmp_path / "units" / store.SHARDS).iterdir())
    first[0].unlink()
    first[1].write_bytes(b"broken")
    less = Watcher(tmp_path / "units").look()
    assert less.done == seen.done - 2 and not set(seen.missing) >= set(less.missing)
    made = atlas.atlas(atlas_planner_of(llama_folder, data, tmp_path / "units", Here())[0], opened)
    planner.job.finish()
    for whole in (watcher.look(), Watcher(tmp_path / "units").look()):
        assert whole.finished and whole.done == whole.planned
        _as_read(whole, opened.model, made.heads[list(METRICS)].to_numpy())


def _as_read(seen, model, means):
    heads = [(number, head) for number, site in enumerate(model.sites) for head in range(site.heads)]
    found = np.array([[seen.metrics[name][at] for name in METRICS] for at in heads])
    np.testing.assert_array_equal(found, means)
    assert np.nanstd(found[:, METRICS.index("entropy")]) > 0


def _digests(folder):
    import json

    return json.loads((folder / "plan" / "0000.json").read_text())["units"]


def test_a_folder_without_units_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no units"):
        Watcher(tmp_path)
    (tmp_path / "job.json").write_text('{"attention_explorer_units": 1, "about": {"shown": 3}}')
    with pytest.raises(InputError, match=r"holds no units.* Name the folder"):
        Watcher(tmp_path)
