"""Long texts on the pages: read as far as the model and the machine go, and what is left out is said."""

import threading

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import explorer
import models
from explorer import bearing
from explorer.charts.attention import grid
from explorer.charts.common import thumbnails
from explorer.pooling import of_layer
from explorer.ui.attention import head_grid
from tests import ROOT, tiny
from tests.pages.shared import after, opened, settle, started, table, written

WORDS = 1300
pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture(scope="module")
def model(long_folder):
    return models.load(long_folder, device="cpu")


def test_attention_reads_all_that_the_model_has_places_for_and_says_where_it_was_cut(long_folder):
    app = started(model=long_folder, text=tiny.long_text(WORDS))
    assert not app.exception and f"{WORDS} tokens" in app.main.markdown[0].value and "cut" not in written(app)
    app.text_area(key="text").set_value(tiny.long_text(tiny.LONG + 7))
    settle(app.run())
    assert not app.exception and f"The text is cut at {tiny.LONG} of {tiny.LONG + 7} tokens; 7 were not read." in written(app)


def test_the_grid_is_that_of_the_whole_text(long_folder, model):
    app = started(model=long_folder, text=tiny.long_text(WORDS))
    captured = explorer.capture(model, tiny.long_text(WORDS))
    heads = table(app, {"layer", "head", "largest", "n", "png"}, chart=0).set_index(["layer", "head"])
    for layer in range(2):
        found = of_layer(captured, layer, None, 10)
        np.testing.assert_allclose([heads.loc[(layer, str(i)), "largest"] for i in range(4)], found.heads.max((1, 2)), atol=1e-4)


@pytest.mark.parametrize("page", ["heads", "compare", pytest.param("beyond", marks=pytest.mark.thorough)])
def test_other_pages_say_what_of_it_they_read(long_folder, page):
    app = opened(page, model=long_folder, text=tiny.long_text(WORDS))
    assert not app.exception and f"reads the first 1,024 of {WORDS:,} tokens" in written(app)
    app.text_area(key="text").set_value(tiny.long_text(20))
    settle(app.run())
    assert not app.exception and "reads the first" not in written(app)


def test_a_text_that_was_read_whole_is_not_shown_on_a_page_that_reads_its_beginning(long_folder):
    app = started(model=long_folder, text=tiny.long_text(WORDS))
    after(app, "heads")
    assert not app.exception and "tokens: 1,024" in written(app)


def test_a_short_text_is_read_once_for_all_pages(long_folder, monkeypatch):
    app = started(model=long_folder, text=tiny.long_text(30))
    monkeypatch.setattr("explorer.ui.common.session.capture", lambda *_args, **_how: pytest.fail("read again"))
    after(app, "heads")
    assert not app.exception


def test_what_the_machine_does_not_bear_is_refused_in_words_and_nothing_is_lost(long_folder, model, monkeypatch):
    app = started(model=long_folder, text=tiny.long_text(30))
    monkeypatch.setattr(bearing, "most_bytes", lambda: bearing.bytes_of(model, 200))
    app.text_area(key="text").set_value(tiny.long_text(300))
    settle(app.run())
    warned = app.main.warning[0].value
    assert not app.exception and "300 tokens would take" in warned and "Shorten the text to 200 tokens" in warned
    app.text_area(key="text").set_value(tiny.long_text(200))
    settle(app.run())
    assert not app.exception and not app.main.warning and "200 tokens" in app.main.markdown[0].value


def test_the_grid_is_drawn_layer_by_layer_and_empty_places_are_those_to_come(long_folder, model):
    captured = explorer.capture(model, tiny.long_text(300))
    drawn = []
    how = head_grid.Controls("map", "raw", "all", "fixed", False)
    done = head_grid._made(captured, "decoder", how, False, lambda share, partial=None: drawn.append((share, partial)))
    (half, first), (whole, last) = drawn
    assert (half, whole, last) == (0.5, 1.0, None)
    assert [cell.png for cell in first[:6]] == [cell.png for cell in done[:6]] and len({cell.png for cell in first[6:]}) == 1
    # The description is that of the whole grid: only its table changes while it grows.
    assert grid.head_grid(first, (0, "0")).description is grid.head_grid(done, (0, "0")).description


def test_where_nobody_sees_it_grow_each_picture_of_the_grid_is_painted_once(long_folder, model, monkeypatch):
    captured = explorer.capture(model, tiny.long_text(20))
    painted, paint = [], thumbnails.encode
    monkeypatch.setattr(thumbnails, "encode", lambda *given, **how: (painted.append(given), paint(*given, **how))[1])
    cells = head_grid._made(captured, "decoder", head_grid.Controls("map", "raw", "all", "fixed", False), False, None)
    # And one for places that stay empty.
    assert len(cells) + 1 == len(painted)


def test_the_grid_so_far_is_on_the_page_while_the_job_runs(long_folder, monkeypatch):
    monkeypatch.setattr(head_grid, "_AT_ONCE", 0)
    go_on, seen = threading.Event(), threading.Event()
    original = head_grid.of_layer

    def slow(captured, layer, *given, **how):
        if layer == 1:
            seen.set()
            go_on.wait(60)
        return original(captured, layer, *given, **how)

    monkeypatch.setattr(head_grid, "of_layer", slow)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params["model"], app.query_params["text"] = long_folder, tiny.long_text(400)
    try:
        app.run()
        while not seen.is_set():
            seen.wait(0.2)
            app.run()
        app.run()
        heads = table(app, {"layer", "head", "largest", "n", "png"}, chart=0).set_index(["layer", "head"])
        assert not app.exception and heads.loc[(0, "0"), "largest"] > 0 and heads.loc[(1, "0"), "largest"] == 0
    finally:
        go_on.set()
    settle(app)
    heads = table(app, {"layer", "head", "largest", "n", "png"}, chart=0).set_index(["layer", "head"])
    assert not app.exception and heads.loc[(1, "0"), "largest"] > 0


@pytest.mark.parametrize("view", ["lines", "model", "neurons", "numbers", "token"])
def test_no_view_makes_a_whole_map_of_a_long_text(long_folder, view, monkeypatch):
    most = []
    original = explorer.Capture.patterns

    def patterns(self, layer, part=None, rows=slice(None)):
        found = original(self, layer, part, rows)
        most.append(found.shape[1])
        return found

    monkeypatch.setattr(explorer.Capture, "patterns", patterns)
    monkeypatch.setattr(explorer.Capture, "visible", _few_rows(most))
    app = started(model=long_folder, text=tiny.long_text(WORDS), view=view, q="700")
    assert not app.exception and most and max(most) <= 128


def _few_rows(most):
    original = explorer.Capture.visible

    def visible(self, layer, part=None, rows=slice(None)):
        found = original(self, layer, part, rows)
        most.append(len(found))
        return found

    return visible


def test_a_token_of_a_long_text_is_chosen_by_its_number(long_folder, model):
    app = started(model=long_folder, text=tiny.long_text(WORDS), view="neurons", q="700", layer="1", head="2")
    captured = explorer.capture(model, tiny.long_text(WORDS))
    best = int(captured.pattern(1, 2)[700].argmax())
    assert not app.exception and [app.number_input(key="q").value, app.number_input(key="k").value] == [700, best]
    made = captured.neurons(1, 2, 700, best)
    assert f"= score {made.score:.4f}; weight {made.weight:.4f}" in written(app)


def test_a_chapter_is_read_from_a_file(long_folder):
    app = started(model=long_folder)
    chapter = tiny.long_text(1500)
    app.file_uploader(key="text_file").upload("chapter.txt", chapter.encode("utf-16"), "text/plain")
    settle(app.run())
    assert not app.exception and app.text_area(key="text").value == chapter and "1500 tokens" in app.main.markdown[0].value
    assert not app.query_params.get("text")


def test_a_file_that_is_no_text_is_told_and_the_text_stays(long_folder):
    app = started(model=long_folder, text=tiny.long_text(40))
    app.file_uploader(key="text_file").upload("chapter.txt", b"\xff\xfe\x00\xd8 no text \xff", "text/plain")
    settle(app.run())
    assert not app.exception and "chapter.txt" in app.main.warning[0].value and app.text_area(key="text").value == tiny.long_text(40)
    settle(app.run())
    assert not app.main.warning


def test_other_pages_offer_no_file_as_they_read_the_beginning_of_a_text(long_folder):
    assert not opened("heads", model=long_folder, text=tiny.long_text(20)).get("file_uploader")
