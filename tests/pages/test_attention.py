"""The page as Streamlit runs it, without a browser."""

import threading
import tomllib

import numpy as np
import pandas as pd
import pytest

import models
from explorer.capture import capture
from explorer.charts.common import palette, thumbnails
from explorer.examples import EXAMPLES
from explorer.ui.attention import head_grid
from explorer.ui.common import open_models
from explorer.views import crop
from models.surgery import slicing
from tests import ROOT, tiny
from tests.pages.shared import after, in_one_run, opened, settle, started, table, written


@pytest.fixture
def app():
    return started()


def test_it_opens_on_the_bundled_bert(app):
    assert not app.exception
    assert "6 layers × 12 heads" in app.main.markdown[0].value


def test_an_empty_text_is_told_and_nothing_is_lost(app):
    app.text_area(key="text").set_value("").run()
    assert not app.exception and "no text" in app.main.warning[0].value
    app.text_area(key="text").set_value("Back again.").run()
    assert not app.exception and not app.main.warning


def test_a_folder_that_does_not_exist_leaves_the_app_alive(monkeypatch):
    in_one_run(monkeypatch)
    app = started(model="/no/such/folder")
    assert not app.exception and "no folder" in app.main.error[0].value and "Shown instead: all-MiniLM-L6-v2" in app.main.error[0].value
    assert "MiniLM" in app.main.markdown[0].value


def test_an_example_fills_both_texts(app):
    app.selectbox(key="example").set_value(7).run()
    assert not app.exception and app.text_area(key="pair").value


def test_frames_of_other_makers_have_the_colours_of_the_theme():
    themes = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for name, dark in (("light", False), ("dark", True)):
        assert palette.page(dark) == (themes[name]["backgroundColor"], themes[name]["textColor"])


@pytest.mark.parametrize(("view", "words"), [("Lines", "hover over a token"), ("Whole model", "click a head to enlarge it"), ("Map", "layer")])
def test_every_view_runs(view, words):
    app = started(view=view, head="max")
    assert not app.exception and words in written(app)


def test_numbers_are_those_of_the_text_and_of_the_summary(bert):
    app = started(view="Numbers", head="max", layer="1")
    for text in ("The cat sat.", "Seven green apples fell from a tree."):
        app.text_area(key="text").set_value(text).run()
        shown = app.dataframe[0].value
        expected = capture(bert, text).patterns(1).max(0)
        assert not app.exception and shown.iloc[:, 0].name == "not shown"
        np.testing.assert_allclose(shown.iloc[:, 1:].to_numpy(), expected, atol=1e-4)


def test_neurons_are_those_of_the_text_and_a_summary_has_none(bert):
    app = started(view="Neurons", head="2", layer="3", q="2")
    for text in ("The cat sat.", "Seven green apples fell from a tree."):
        app.text_area(key="text").set_value(text).run()
        captured = capture(bert, text)
        made = captured.neurons(3, 2, 2, int(captured.pattern(3, 2)[2].argmax()))
        assert not app.exception and f"= score {made.score:.4f}; weight {made.weight:.4f}" in written(app)
    assert "no neurons" in written(started(view="Neurons", head="max"))


def test_the_map_and_the_grid_are_those_of_the_text_pair_and_head(bert):
    app = started(layer="2", head="3")
    for text, pair in (("The cat sat.", ""), ("Seven green apples fell from a tree.", ""), ("Where did they play?", "In the garden.")):
        app.text_area(key="text").set_value(text)
        settle(app.text_area(key="pair").set_value(pair).run())
        captured = capture(bert, text, pair or None)
        shown = table(app, {"r", "c", "end", "q", "w"}, chart=1)
        np.testing.assert_allclose(shown["w"], captured.pattern(2, 3).ravel(), atol=1e-6)
        heads = table(app, {"layer", "head", "largest", "n", "png"}, chart=0)
        largest = [captured.pattern(layer, head).max() for layer in range(6) for head in range(12)]
        np.testing.assert_allclose(heads[heads["head"].str.isdigit()]["largest"], largest, atol=1e-4)


@pytest.mark.parametrize("special", ["hidden", "renormalised"])
def test_special_tokens_leave_the_grid_as_they_leave_the_map(bert, special):
    app = started(special=special, layer="1", head="5")
    captured = capture(bert, app.text_area(key="text").value)
    kept = crop(captured.queries(), captured.keys(), special=special)
    heads = table(app, {"layer", "head", "largest", "n", "png"}, chart=0).set_index(["layer", "head"])
    for layer, head in ((0, 0), (1, 5), (5, 11)):
        assert heads.loc[(layer, str(head)), "largest"] == pytest.approx(kept.of(captured.pattern(layer, head)).max(), abs=1e-4)
    np.testing.assert_allclose(table(app, {"r", "c", "end", "q", "w"}, chart=1)["w"], kept.of(captured.pattern(1, 5)).ravel(), atol=1e-6)


def test_the_grid_of_a_long_text_is_drawn_by_a_job_and_the_one_before_says_what_it_is(bert, monkeypatch):
    columns = {"layer", "head", "largest", "n", "png"}
    app = started()
    before = table(app, columns)
    # Two texts that begin alike are two texts.
    first, second = (" ".join(["So it went on, and on, and on, until the end of"] * 4 + [end]) for end in ("day.", "night."))
    monkeypatch.setattr(head_grid, "_AT_ONCE", 0)
    for text in (first, second):
        go_on, made = threading.Event(), head_grid._made
        monkeypatch.setattr(head_grid, "_made", lambda *given, go_on=go_on, made=made: (go_on.wait(60), made(*given))[1])
        try:
            app.text_area(key="text").set_value(text).run()
            assert not app.exception and "Still shown" in written(app) and "Drawing all heads" in app.get("progress")[0].proto.text
            pd.testing.assert_frame_equal(table(app, columns), before)
            np.testing.assert_allclose(
                table(app, {"r", "c", "end", "q", "w"}, chart=1)["w"], capture(bert, text).pattern(0, 0).ravel(), atol=1e-6
            )
        finally:
            go_on.set()
        settle(app)
        assert "Still shown" not in written(app)
        before, captured = table(app, columns), capture(bert, text)
        largest = [captured.pattern(layer, head).max() for layer in range(6) for head in range(12)]
        np.testing.assert_allclose(before[before["head"].str.isdigit()]["largest"], largest, atol=1e-4)


def test_colours_change_the_pictures_of_the_grid_too(bert):
    captured = capture(bert, EXAMPLES[0].text)
    weights, seen = captured.pattern(3, 4), captured.visible(3)
    largest = max(captured.pattern(layer, head).max() for layer in range(6) for head in range(12))
    for scale, how in (("fixed", {}), ("own", {"top": largest}), ("root", {"gamma": 0.4})):
        heads = table(started(scale=scale), {"layer", "head", "largest", "n", "png"}, chart=0).set_index(["layer", "head"])
        assert heads["png"].loc[(3, "4")] == thumbnails.encode(weights, seen, **how)


def test_model_text_and_head_survive_a_switch_of_page():
    app = started(model="bert-mini", text="Seven green apples.", layer="2", head="3")
    after(app, "heads")
    assert app.selectbox(key="model").value == "bert-mini" and app.text_area(key="text").value == "Seven green apples."
    after(app, "attention")
    assert "bert-mini" in app.main.markdown[0].value and (app.query_params["layer"], app.query_params["head"]) == ("2", "3")


def test_too_many_models_close_the_one_that_nobody_used(tmp_path, monkeypatch):
    released, forgotten = [], []
    monkeypatch.setattr(models.Model, "release", lambda model: released.append(model.number))
    pool = open_models.OpenModels(most=2)
    pool.on_close(forgotten.append)
    made = [models.load(tiny.save("bert", tmp_path / str(i))) for i in range(3)]
    for i, model in enumerate(made):
        pool.put(i, model)
        assert pool.get(0) is made[0]
    for thread in [thread for thread in threading.enumerate() if thread.name.startswith("closing")]:
        thread.join(10)
    # 0 was looked at again and again: 1 went.
    assert pool.get(1) is None and released == forgotten == [made[1].number]


def test_a_model_that_is_busy_is_closed_without_anybody_waiting(tmp_path, monkeypatch):
    """One long batch of somebody who still looks at it keeps its lock; others open their model meanwhile."""
    released = threading.Event()
    pool = open_models.OpenModels(most=1)
    busy, wanted = (models.load(tiny.save("bert", tmp_path / name)) for name in ("busy", "wanted"))
    release = busy.release
    monkeypatch.setattr(busy, "release", lambda: (release(), released.set()))
    pool.put("busy", busy)
    with busy.lock:
        waiting = threading.Thread(target=pool.put, args=("wanted", wanted))
        waiting.start()
        waiting.join(10)
        assert not waiting.is_alive() and pool.get("wanted") is wanted and pool.get("busy") is None
        assert not released.wait(0.05)
    assert released.wait(10)


@pytest.mark.parametrize("page", ["attention", "softmax", "beyond", "heads"])
@pytest.mark.parametrize(("layer", "head"), [("0", "0"), ("1", "3"), ("0", "mean"), ("7", "max")])
def test_a_layer_that_lost_its_heads_gives_way_to_one_that_has_some(tmp_path, monkeypatch, page, layer, head):
    whole = models.load(tiny.save("gpt2", tmp_path), device="cpu")
    small = slicing.sliced(whole, {0: range(4), 1: [0]})
    monkeypatch.setattr("explorer.ui.common.session.open_model", lambda *asked, **how: small)
    app = opened(page, text="the cat", layer=layer, head=head, softmax="model")
    assert not app.exception, [error.message for error in app.exception]
    if page == "attention":
        shown = {"mean": "captured.mean(1, ", "max": "captured.maximum(1, "}.get(head, "captured.pattern(1, 0, ")
        assert any(shown in code.value for code in app.code)
