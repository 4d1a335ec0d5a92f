"""The page as Streamlit runs it, without a browser."""

import tomllib

import numpy as np
import pytest
import torch

import models
from explorer.capture import capture
from explorer.charts.common import palette
from explorer.ui.common import session
from models.opening import loading
from tests import ROOT, tiny
from tests.pages.shared import started, written


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


def test_a_folder_that_does_not_exist_leaves_the_app_alive():
    # AppTest has no word for a typed option; the address has.
    app = started(model="/no/such/folder")
    assert not app.exception and "no folder" in app.error[0].value
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


def test_a_model_is_released_when_its_place_in_the_cache_goes(tmp_path, monkeypatch):
    folder = str(tiny.save("bert", tmp_path / "bert"))
    session._model.clear()
    released = []
    # The cache holds the function itself, so what it does inside is watched.
    monkeypatch.setattr(loading, "_empty_cache", lambda: released.append("emptied"))
    monkeypatch.setattr(models.Model, "device", property(lambda model: torch.device("cuda")))
    for stamp in range(5):
        session._model(folder, "cpu", "auto", stamp)
        assert len(released) == (stamp == 4)
    session._model.clear()
    assert len(released) == 5
