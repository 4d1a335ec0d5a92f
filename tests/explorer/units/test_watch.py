"""A folder of units, watched while it fills."""

import numpy as np
import pytest

from explorer.ablation.sweep import batches, sweep
from explorer.units import ablation, store
from explorer.units.executors import Here
from explorer.units.watch import Watcher
from models.errors import InputError
from tests.explorer.units.test_same_bytes import data, planner_of  # noqa: F401  (a fixture)


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


def _digests(folder):
    import json

    return json.loads((folder / "plan" / "0000.json").read_text())["units"]


def test_a_folder_without_units_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no units"):
        Watcher(tmp_path)
    (tmp_path / "job.json").write_text('{"attention_explorer_units": 1, "about": {"shown": 3}}')
    with pytest.raises(InputError, match=r"holds no units.* Name the folder"):
        Watcher(tmp_path)
