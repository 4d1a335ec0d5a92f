"""The training lab as Streamlit runs it, without a browser."""

import dataclasses
import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer import export
from explorer.capture import capture
from explorer.lab import shipped
from explorer.lab.film import Film
from explorer.lab.request import switches, task_fields
from explorer.ui.common import strangers
from explorer.ui.training import controls, runs
from models import Model
from models.training.presets import PRESETS
from models.training.settings import MOST_LAYERS, Settings
from models.training.toy import Training
from tests.pages.shared import alone, settle, shared, table, tables, written
from tests.tiny_training import training

HEADS = {"layer", "head", "x", "y", "largest", "q", "k", "png"}
NEXT = "The settings on the left are those of the next run: press Train."
POINTS = {"line", "colour", "kind", "step", "value"}
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


def plain(app: AppTest) -> str:
    """All that is written on the page, as it reads."""
    return re.sub(r"\\(.)", r"\1", written(app)).replace("**", "")


def shipped_copying(folder: Path) -> Training:
    """A run of four steps, which lies where the page looks for the shipped run of "copying"."""
    run = training(4)
    while not run.finished:
        run.step()
    run.save(folder / "copying")
    runs._kept.clear()
    return run


def test_without_a_shipped_run_it_says_so(opened):
    app = opened()
    assert not app.exception and "Press Train" in app.info[0].value
    assert PRESETS["induction"].look_at.split(":")[0] in written(app)


def test_it_opens_on_a_shipped_run(opened, tmp_path):
    run = shipped_copying(tmp_path)
    app = opened(lab_preset="copying")
    assert not app.exception and not app.info
    assert "finished" in written(app) and f"{run.evaluate().exact:.1%}" in written(app)
    # Nothing of it can be paused or stopped.
    assert all(app.button(key=key).disabled for key in ("pause", "step_once", "stop")) and not app.button(key="train").disabled


@pytest.mark.parametrize("public", [True, False])
def test_where_others_are_served_too_it_says_that_a_training_belongs_to_its_server(opened, public, monkeypatch):
    monkeypatch.setattr(strangers, "are_there", lambda: public)
    said = opened(**TINY).button(key="stop").help
    assert "The server that this page is connected to" in said if public else not said


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
    assert shared(app, "model") == name and shared(app, "text") == app.session_state["_lab"].shown.film.examples[0].text


def test_what_is_drawn_is_the_run_at_the_step_and_on_the_example(opened):
    # In large steps, so that six of them change what is seen.
    app = trained(opened(**TINY, lab_learning_rate="0.3"))
    with app.session_state["_lab"].shown.watched.still() as run:
        snapshots, history, task = list(run.snapshots), list(run.history), run.task
        networks = {s.step: run.model(s) for s in (snapshots[0], snapshots[-1])}
    texts = [example.text for example in app.session_state["_lab"].shown.film.examples]
    drawn = {}
    for step, example in ((6, 0), (0, 0), (0, 3)):
        app.select_slider(key="lab_slider").set_value(step).run()
        app.selectbox(key="lab_example").set_value(example).run()
        assert not app.exception
        captured = capture(networks[step], texts[example])
        heads = table(app, HEADS)
        expected = [(layer, head) for layer, site in enumerate(captured.sites("encoder")) for head in range(site.heads)]
        assert list(zip(heads["layer"], heads["head"], strict=True)) == expected
        for row in heads.itertuples():
            weights = captured.pattern(row.layer, row.head)
            # The page reads float16 snapshots, as this test does.
            assert row.largest == pytest.approx(float(weights.max()), abs=1e-5) == pytest.approx(float(weights[row.q, row.k]), abs=1e-5)
        drawn[step, example] = tuple(heads["largest"].round(4))
        accuracy = table(app, POINTS, 1)
        marked = [t for t in tables(app, 1) if list(t.columns) == ["step"]]
        assert [t["step"].tolist() for t in marked] == [[step]]
        thin = accuracy[accuracy["kind"] == 0]
        assert thin["value"].tolist() == pytest.approx([m.accuracy for m in history])
        thick = accuracy[accuracy["kind"] == 2]
        assert thick["value"].tolist() == pytest.approx([s.evaluation.held_out_accuracy(task) for s in snapshots])
    assert len(set(drawn.values())) == 3
    assert app.query_params["lab_step"] == "0" and app.query_params["lab_example"] == "3"


def test_roles_are_those_of_the_snapshots(opened):
    app = settle(trained(opened(**TINY, lab_over="roles", lab_role="same token")))
    lab = app.session_state["_lab"]
    points = table(app, POINTS, 1)
    with lab.shown.watched.still() as run:
        snapshots = list(run.snapshots)
    expected = Film(lab.shown.watched)
    for line, rows in points.groupby("line"):
        scores = [expected.roles(s)["same token"] for s in snapshots]
        places = [(place, head) for place, found in scores[0].items() for head in range(len(found))]
        place, head = places[int(line)]
        assert rows["value"].tolist() == pytest.approx([float(found[place][head]) for found in scores])
    assert len(set(points["line"])) == len(places)


def test_all_names_of_the_lab_have_its_prefix(opened):
    app = opened(**TINY)
    widgets = [*app.sidebar.selectbox, *app.sidebar.number_input, *app.sidebar.toggle, *app.sidebar.text_input, *app.button_group]
    assert len(widgets) > 30 and all(widget.key.startswith("lab_") for widget in widgets)


def test_another_training_than_the_most_is_told_to_wait(opened):
    app = opened(**TINY | {"lab_steps": "90000"})
    for n in range(1, runs.MOST + 1):
        press(app, "train")
        assert not app.error and len(app.session_state["_lab"].own) == n
    press(app, "train")
    assert f"{runs.MOST} trainings" in app.error[0].value and len(app.session_state["_lab"].own) == runs.MOST
    press(app, "stop")
    press(app, "train")
    assert not app.error and len(app.session_state["_lab"].own) == runs.MOST


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


def test_heading_and_line_are_those_of_the_run_that_is_shown(opened):
    app = trained(opened(**TINY))
    app.selectbox(key="lab_preset").set_value("recall").run()
    assert "Training lab :small[recall]" in written(app) and PRESETS["recall"].look_at in plain(app)
    app.selectbox(key="lab_run").set_value(app.session_state["_lab"].own[0].title).run()
    assert app.session_state["_lab"].shown.request.preset == "order"
    assert "Training lab :small[order]" in plain(app) and PRESETS["order"].look_at in plain(app)
    assert ":small[recall]" not in plain(app) and PRESETS["recall"].look_at not in plain(app)
    assert NEXT in written(app)


def test_the_status_names_the_run_and_a_line_says_that_the_settings_are_others(opened, tmp_path):
    shipped_copying(tmp_path)
    own = {"lab_steps": "4", "lab_batch": "4", "lab_warm_up": "0", "lab_learning_rate": "0.003"}
    app = opened(lab_preset="copying", **own)
    title = app.session_state["_lab"].shown.title
    assert title.startswith("shipped: copying (") and f"{title}] finished · step" in plain(app) and NEXT not in written(app)
    app.number_input(key="lab_heads").set_value(4).run()
    assert f"{title}. {NEXT}] finished" in plain(app)
    trained(app)
    assert "1: copying (heads=4, " in plain(app) and NEXT not in written(app)
    app.number_input(key="lab_seed").set_value(5).run()
    assert "1: copying (heads=4, " in plain(app) and NEXT in written(app)


def test_while_it_trains_the_page_says_how_much_time_is_left(opened):
    app = press(opened(**TINY | {"lab_steps": "90000"}), "train")
    live = app.session_state["_lab"].shown.watched
    until = time.monotonic() + 60
    while live.read().step_ms() is None and time.monotonic() < until:
        time.sleep(0.05)
    app.run()
    done, steps, ms, left = re.search(r"running · step ([\d,]+) / ([\d,]+) · .* · ([\d.]+) ms a step · (.+) left", plain(app)).groups()
    seconds = (int(steps.replace(",", "")) - int(done.replace(",", ""))) * float(ms) / 1e3
    minutes, rest = re.fullmatch(r"(?:(\d+) min)? ?(?:(\d+) s)?", left).groups(default="0")
    assert 60 * int(minutes) + int(rest) == pytest.approx(seconds, rel=0.1, abs=10)
    press(app, "pause")
    assert "paused" in written(app) and " left" not in written(app)


def test_a_batch_that_needs_too_much_memory_is_told(opened):
    app = opened(lab_preset="recall", lab_batch="1000000")
    assert not app.exception and "GB of memory" in app.warning[0].value and "smaller batch" in app.warning[0].value
    assert app.button(key="train").disabled and not app.session_state["_lab"].own
    app.number_input(key="lab_batch").set_value(64).run()
    assert not app.warning and not app.button(key="train").disabled


def test_more_layers_than_the_most_are_told(opened):
    app = opened(lab_preset="recall", lab_layers="20000")
    assert not app.exception and f"lab_layers=20000. At most {MOST_LAYERS} is" in plain(app)
    assert app.number_input(key="lab_layers").max == MOST_LAYERS and app.number_input(key="lab_layers").value == 1
    assert not app.button(key="train").disabled
    assert not opened(lab_preset="recall", lab_layers="3", lab_steps="x").warning


def test_a_text_that_is_too_short_is_told(opened):
    app = opened(lab_preset="characters")
    app.text_area(key="lab_text").set_value("Too short.").run()
    assert not app.exception and "too short" in app.warning[0].value and app.button(key="train").disabled


LAB = {"lab_step", "lab_over", "lab_role", "lab_part", "lab_example", "lab_shown", "lab_at_layer", "lab_at_head"}


def test_no_switch_has_the_name_of_something_else_in_the_address():
    names = {field.name for preset in PRESETS.values() for field in task_fields(preset.task)} | set(switches())
    names |= {field.name for field in dataclasses.fields(Settings)}
    others = {*LAB, controls.PRESET, "lab_text", "lab_run", "lab_slider"}
    assert not {controls.PREFIX + name for name in names} & others
