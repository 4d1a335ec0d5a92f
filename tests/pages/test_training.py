"""The training lab as Streamlit runs it, without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from explorer import export
from explorer.lab import shipped
from explorer.ui.training import runs
from models import Model
from models.training.presets import PRESETS
from tests.pages.shared import alone, written
from tests.tiny_training import training

TINY = {"lab_preset": "order", "lab_steps": "6", "lab_batch": "4", "lab_d_model": "8"}


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """Opens the page where no run is shipped; what still trains is stopped afterwards."""
    monkeypatch.setattr(shipped, "RUNS", tmp_path)
    apps = []

    def open_(**params: str) -> AppTest:
        # The page alone: the attention page, where the app starts, would open a large model first.
        apps.append(alone("training", **params))
        return apps[-1]

    yield open_
    for app in apps:
        if "_lab" in app.session_state:
            for entry in app.session_state["_lab"].own:
                entry.watched.stop()


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def trained(app: AppTest) -> AppTest:
    press(app, "train")
    assert app.session_state["_lab"].shown.watched.join(60)
    return app.run()


def test_without_a_shipped_run_it_says_so(opened):
    app = opened()
    assert not app.exception and "Press Train" in app.info[0].value
    assert PRESETS["induction"].look_at.split(":")[0] in written(app)


def test_it_opens_on_a_shipped_run(opened, tmp_path):
    run = training(4)
    while not run.finished:
        run.step()
    run.save(tmp_path / "copying")
    runs._kept.clear()
    app = opened(lab_preset="copying")
    assert not app.exception and not app.info
    assert "finished" in written(app) and f"{run.evaluate().exact:.1%}" in written(app)
    # Nothing of it can be paused or stopped.
    assert all(app.button(key=key).disabled for key in ("pause", "step_once", "stop")) and not app.button(key="train").disabled


def test_it_trains_and_the_model_can_be_opened(opened):
    app = trained(opened(**TINY))
    assert not app.exception
    assert "finished" in written(app) and "**6** / 6" in written(app)
    with app.session_state["_lab"].shown.watched.still() as run:
        assert f"{run.evaluate().exact:.1%}" in written(app)
    # AppTest knows no other page here; what is kept for the sidebar is there all the same.
    press(app, "open_trained")
    (name, model), *others = app.session_state["_trained"].items()
    assert not others and name == f"{export.TRAINED_HERE}order, step 6" == model.name and isinstance(model, Model) and model.trained
    assert app.session_state["model"] == name and app.session_state["text"]


def test_switches_that_do_not_go_together_are_told(opened):
    app = opened(**TINY)
    app.number_input(key="lab_heads").set_value(3).run()
    assert not app.exception and "does not divide" in app.warning[0].value
    assert app.button(key="train").disabled
    app.number_input(key="lab_heads").set_value(4).run()
    assert not app.warning and not app.button(key="train").disabled


def test_another_preset_brings_its_switches(opened):
    app = opened(lab_preset="order", lab_heads="4")
    assert app.number_input(key="lab_heads").value == 4
    app.selectbox(key="lab_preset").set_value("induction-one-layer").run()
    preset = PRESETS["induction-one-layer"]
    assert app.number_input(key="lab_heads").value == preset.switches["heads"] and app.number_input(key="lab_layers").value == 1
    assert app.number_input(key="lab_init_std").value == preset.switches.get("init_std", 0.02)
    assert app.number_input(key="lab_steps").value == preset.settings.steps
    assert preset.lesson in written(app).replace("\\", "")


def test_every_preset_and_every_view_runs(opened):
    for name in ("translation", "characters"):
        app = trained(opened(lab_preset=name, lab_steps="2", lab_batch="2", lab_d_model="8"))
        assert not app.exception, name
        for view in ("roles", "gradients"):
            app.button_group(key="lab_over").set_value(view).run()
            assert not app.exception, (name, view)
        app.button_group(key="lab_shown").set_value("one").run()
        assert not app.exception, name


def test_runs_are_compared_and_forgotten(opened):
    app = trained(trained(opened(**TINY)))
    lab = app.session_state["_lab"]
    assert [entry.number for entry in lab.entries] == [1, 2] and lab.shown is lab.own[1]
    app.selectbox(key="lab_run").set_value(lab.own[0].title).run()
    assert app.session_state["_lab"].shown is lab.own[0]
    press(app, "forget")
    assert [entry.number for entry in app.session_state["_lab"].entries] == [2] and not app.exception


def test_a_run_of_another_task_is_found_again(opened):
    app = trained(opened(**TINY))
    app.selectbox(key="lab_preset").set_value("recall").run()
    assert not app.exception and "Press Train" in app.info[0].value
    app.selectbox(key="lab_run").set_value(app.session_state["_lab"].own[0].title).run()
    assert not app.exception and not app.info and app.session_state["_lab"].shown.number == 1


def test_a_text_that_is_too_short_is_told(opened):
    app = opened(lab_preset="characters")
    app.text_area(key="lab_text").set_value("Too short.").run()
    assert not app.exception and "too short" in app.warning[0].value and app.button(key="train").disabled
