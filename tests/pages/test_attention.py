"""The page as Streamlit runs it, without a browser."""

import tomllib
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import models
from explorer.charts.common import palette
from explorer.ui.common import session
from models.opening import loading
from tests import tiny

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app():
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()


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
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["model"] = "/no/such/folder"
    app.run()
    assert not app.exception and "no folder" in app.error[0].value
    assert "MiniLM" in app.main.markdown[0].value


def test_an_example_fills_both_texts(app):
    app.selectbox(key="example").set_value(7).run()
    assert not app.exception and app.text_area(key="pair").value


def test_streamlit_stays_in_its_folders():
    allowed = ("app.py", "pages/", "explorer/ui/", "tests/")
    for file in [*ROOT.glob("*.py"), *(f for d in ("pages", "explorer", "models", "scripts") for f in (ROOT / d).rglob("*.py"))]:
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(allowed):
            lines = file.read_text().splitlines()
            assert not any(line.strip().startswith(("import streamlit", "from streamlit")) for line in lines), name


def test_frames_of_other_makers_have_the_colours_of_the_theme():
    themes = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for name, dark in (("light", False), ("dark", True)):
        assert palette.page(dark) == (themes[name]["backgroundColor"], themes[name]["textColor"])


@pytest.mark.parametrize("view", ["Lines", "Whole model", "Neurons", "Numbers"])
def test_every_view_runs(view):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["view"] = view
    app.query_params["head"] = "max"
    assert not app.run().exception


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
