"""Which heads matter: a job that runs elsewhere, watched on the page."""

import dataclasses

import numpy as np
import pytest

from explorer.ablation.sweep import batches, sweep
from explorer.ui.common import session
from explorer.units import ablation
from explorer.units.executors import Here
from models.opening import allowed
from tests import tiny
from tests.explorer.tasks.headed import headed, named
from tests.explorer.units.test_same_bytes import data, planner_of  # noqa: F401  (a fixture)
from tests.pages.shared import opened, settle, tables, written


@pytest.fixture(autouse=True)
def opens_it(monkeypatch, tmp_path_factory):
    """The page's own model is another one than that of the job."""
    made = headed(tmp_path_factory.mktemp("classifier"), "BertForSequenceClassification", **named("negative", "positive"))
    monkeypatch.setattr(session, "open_model", lambda *args: made)
    monkeypatch.setattr("explorer.tasks.base.TOKENS", 60)


class Stopped(Exception):
    pass


def boards(app):
    every = [tables(app, i) for i in range(len(app.get("vega_lite_chart")))]
    return [one["value"].to_numpy() for of in every for one in of if set(one.columns) == {"row", "head", "value", "removed"}]


def test_a_running_job_fills_on_the_page(tmp_path, data):  # noqa: F811
    folder = tiny.save("llama", tmp_path / "llama")
    planner, task = planner_of(folder, data, tmp_path / "units", Here())

    def stop(share):
        if share > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        ablation.swept(planner, task, "zero", stop)
    app = opened("importance", limit="3")
    before = len(boards(app))
    settle(app.text_input(key="units_folder").set_value(str(tmp_path / "units")).run())
    assert not app.exception
    n = len(batches(task))
    assert "Not done yet: units" in written(app) and "llama" in written(app) and len(boards(app)) == before + 1
    assert any(f" / {n} · " in str(bar.proto.text) for bar in app.get("progress"))
    so_far = boards(app)[-1]
    ablation.swept(planner_of(folder, data, tmp_path / "units", Here())[0], task, "zero")
    planner.job.finish()
    settle(app.run())
    found, whole = boards(app)[-1], sweep(task)
    np.testing.assert_allclose(found, (whole.table(task.model.sites, "loss") - whole.baseline.mean_loss).ravel(), atol=1e-6)
    assert "Finished" in written(app) and "Not done yet" not in written(app) and not np.allclose(found, so_far)


def test_a_folder_that_is_none_is_told_and_strangers_are_not_asked(tmp_path, monkeypatch):
    app = opened("importance", limit="3")
    settle(app.text_input(key="units_folder").set_value(str(tmp_path)).run())
    assert any("holds no units" in error.value for error in app.error)
    monkeypatch.setattr(allowed, "NOW", dataclasses.replace(allowed.NOW, folders=False))
    app = opened("importance", limit="3")
    assert "units_folder" not in {field.key for field in app.text_input} and not app.exception
