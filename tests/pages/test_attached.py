"""Which heads matter: a job that runs elsewhere, watched on the page."""

import dataclasses
from urllib.parse import parse_qs

import numpy as np
import pytest

from explorer.ablation.sweep import batches, sweep
from explorer.ui.common import session
from explorer.units import ablation, atlas
from explorer.units.executors import Here
from explorer.units.watch import Watcher
from models.opening import allowed
from tests import tiny
from tests.explorer.tasks.headed import headed, named
from tests.explorer.units.test_same_bytes import atlas_planner_of, data, planner_of  # noqa: F401  (a fixture)
from tests.pages.shared import opened, settle, tables, written


@pytest.fixture(autouse=True)
def opens_it(monkeypatch, tmp_path_factory):
    """The page's own model is another one than that of the job."""
    made = headed(tmp_path_factory.mktemp("classifier"), "BertForSequenceClassification", **named("negative", "positive"))
    monkeypatch.setattr(session, "open_model", lambda *args, **how: made)
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


def test_an_atlas_shows_its_heads_as_far_as_they_are_read(tmp_path, data, monkeypatch):  # noqa: F811
    monkeypatch.setattr(atlas, "TOKENS", 8)
    monkeypatch.setattr("explorer.atlas.options.Options.batch_tokens", 16, raising=False)
    folder, some = tiny.save("t5", tmp_path / "t5"), tmp_path / "some.txt"
    some.write_text("\n".join(data.read_text().splitlines()[:8]))
    planner, on = atlas_planner_of(folder, some, tmp_path / "units", Here())

    def stop(share):
        if share > 0.4:
            raise Stopped

    with pytest.raises(Stopped):
        atlas.atlas(planner, on, stop)
    seen = Watcher(tmp_path / "units").look()
    app = opened("importance", limit="3")
    before = len(boards(app))
    settle(app.text_input(key="units_folder").set_value(str(tmp_path / "units")).run())
    assert not app.exception and len(boards(app)) == before + 1
    assert 0 < seen.done < seen.planned and f"of {seen.done} of {seen.planned} shards" in written(app)
    np.testing.assert_allclose(boards(app)[-1], _shown(seen, "previous", on.model))
    settle(app.selectbox(key="attached_metric").set_value("entropy").run())
    so_far = boards(app)[-1]
    np.testing.assert_allclose(so_far, _shown(seen, "entropy", on.model))
    best = max(((site, head) for site, one in enumerate(on.model.sites) for head in range(one.heads)), key=lambda at: seen.metrics["entropy"][at])
    place = on.model.sites[best[0]]
    doors = [link.proto for link in app.get("page_link") if link.proto.page == "atlas"]
    places = [parse_qs(door.query_string) for door in doors]
    assert all(door["atlas_of"] == ["folder"] and door["atlas_folder"] == [str(tmp_path / "units")] for door in places)
    # Each head that is named is opened there.
    assert doors[0].label.replace("\\", "") == f"{place.part} {place.layer}.{best[1]} ({seen.metrics['entropy'][best]:.3f})"
    assert (places[0]["part"], places[0]["layer"], places[0]["head"]) == ([place.part], [str(place.layer)], [str(best[1])])
    assert len(doors) > 2 and "layer" not in places[-1]
    made = atlas.atlas(planner, on)
    planner.job.finish()
    settle(app.run())
    assert "Finished" in written(app) and not app.exception
    np.testing.assert_allclose(boards(app)[-1], made.heads["entropy"].to_numpy())
    assert not np.allclose(boards(app)[-1], so_far)


def _shown(seen, metric, model):
    return [seen.metrics[metric][number, head] for number, site in enumerate(model.sites) for head in range(site.heads)]


def test_a_folder_that_is_none_is_told_and_strangers_are_not_asked(tmp_path, monkeypatch):
    app = opened("importance", limit="3")
    settle(app.text_input(key="units_folder").set_value(str(tmp_path)).run())
    assert any("holds no units" in error.value for error in app.error)
    monkeypatch.setattr(allowed, "NOW", dataclasses.replace(allowed.NOW, folders=False))
    app = opened("importance", limit="3")
    assert "units_folder" not in {field.key for field in app.text_input} and not app.exception
