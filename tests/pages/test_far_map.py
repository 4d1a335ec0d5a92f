"""One head of a long text under a window, as the page tells it to the browser."""

import base64
import csv
import io
import threading

import numpy as np
import pytest
from PIL import Image

import explorer
import models
from explorer import export
from explorer.charts.common import palette
from explorer.examples import CHAPTER
from explorer.tiles import Window, tile
from explorer.ui.attention import far_map, head_map
from explorer.ui.common import address, long_texts
from tests import tiny
from tests.pages.shared import component, in_one_run, settle, started, table, written

WORDS = 600
pytestmark = pytest.mark.usefixtures("listed")


@pytest.fixture(scope="module")
def captured(long_folder):
    return explorer.capture(models.load(long_folder, device="cpu"), tiny.long_text(WORDS))


def steps(told: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(told["png"]))))


@pytest.mark.parametrize(("scale", "gamma"), [("fixed", 1.0), ("root", 0.4), ("own", 1.0)])
@pytest.mark.parametrize("head", ["2", "mean"])
def test_the_picture_is_that_of_the_head_in_steps_of_the_scale(long_folder, captured, scale, gamma, head):
    told = component(started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head=head, scale=scale), "far_map")
    found = tile(captured, 1, head, None, Window.whole(WORDS, WORDS), far_map.SIZE)
    top = found.weights.max() if scale == "own" else 1.0
    assert told["window"] == {"rows": [0, WORDS], "columns": [0, WORDS]} and not told["exact"] and told["values"] is None
    np.testing.assert_array_equal(steps(told) == 255, ~found.seen)
    expected = (found.weights / top) ** gamma * 254
    assert np.abs(steps(told) - expected)[found.seen].max() <= 0.51
    assert told["top"] == pytest.approx(top) and told["gamma"] == gamma


def test_a_near_window_has_the_weights_and_the_tokens(long_folder, captured):
    app = started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head="2", window="500-520_100-140", q="510", k="120")
    told, expected = component(app, "far_map"), captured.pattern(1, 2)[500:520, 100:140]
    assert told["exact"] and told["rows"]["labels"] == captured.tokens[500:520] and told["columns"]["labels"] == captured.tokens[100:140]
    np.testing.assert_allclose(np.reshape(told["values"], (20, 40)), expected, atol=5.1e-5)
    assert (told["rows"]["first"], told["rows"]["last"]) == (list(range(500, 520)), list(range(500, 520)))
    assert (told["rows"]["chosen"], told["columns"]["chosen"]) == (10, 20)


def test_the_window_is_the_address_and_the_buttons_write_it(long_folder):
    app = started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head="2")
    assert "window" not in app.query_params and app.button(key="window_zoom_out").disabled and app.button(key="window_zoom_out_map").disabled
    for key, window in (("zoom_in", "150-450_150-450"), ("arrow_downward", "300-600_150-450"), ("arrow_back", "300-600_0-300")):
        settle(app.button(key=f"window_{key}").click().run())
        assert not app.exception and app.query_params["window"] == window
        (top, bottom), (left, right) = component(app, "far_map")["window"].values()
        assert f"{top}-{bottom}_{left}-{right}" == window
    settle(app.button(key="window_zoom_out_map").click().run())
    assert component(app, "far_map")["window"]["rows"] == [0, WORDS] and not app.query_params.get("window")


@pytest.mark.parametrize("window", ["x", "5-1_0-9", "599-700_0-9", "0-1_0-1"])
def test_an_address_with_rubbish_shows_what_there_is(long_folder, window):
    app = started(model=long_folder, text=tiny.long_text(WORDS), window=window)
    (top, bottom), (left, right) = component(app, "far_map")["window"].values()
    assert not app.exception and 0 <= top < bottom <= WORDS and 0 <= left < right <= WORDS


def test_a_short_text_is_drawn_as_ever(long_folder):
    app = started(model=long_folder, text=tiny.long_text(100), window="0-10_0-10")
    assert not [one for one in app.get("bidi_component") if "far_map" in one.proto.component_name]
    assert len(table(app, {"r", "c", "end", "q", "w"}, chart=1)) > 100


def test_a_click_chooses_the_strongest_edge_of_its_pixel_and_nothing_else_is_believed(captured, monkeypatch):
    written = []
    monkeypatch.setattr(address, "write", lambda **values: written.append(values))
    window = Window.whole(WORDS, WORDS)
    found = tile(captured, 1, "2", None, window, far_map.SIZE)

    def click(told):
        far_map._choose(captured, "decoder", (1, "2"), found, window, told)

    for rubbish in (None, 3, {}, {"at": [1, 2]}, {"at": "no", "window": window.name}, {"at": [1], "window": window.name}):
        click(rubbish)
    for at in ([-1, 0], [352, 0], [0, 352], [None, 1], [1, 2, 3]):
        click({"at": at, "window": window.name})
    click({"at": [1, 2], "window": "0-9_0-9"})
    assert not written
    click({"at": [300, 41], "window": window.name})
    queries, keys = found.tokens(300, 41)
    part = captured.pattern(1, 2)[np.ix_(queries, keys)]
    (edge,) = written
    assert captured.pattern(1, 2)[edge["q"], edge["k"]] == part.max() and edge["q"] in queries and edge["k"] in keys


def test_what_is_taken_away_is_what_is_seen(captured):
    how = far_map.Controls("map", "raw", "all", "fixed", False)
    for name in ("0-600_0-600", "500-520_100-140"):
        found = tile(captured, 1, "2", None, Window.named(name, WORDS, WORDS), far_map.SIZE)
        figure = far_map._figure(captured, "decoder", (1, "2"), found, how)
        assert figure.name == head_map.name((1, "2")) and figure.files["png"]().startswith(b"\x89PNG")
        rows = list(csv.DictReader(io.StringIO(figure.files["csv"]().decode("utf-8-sig"))))
        assert len(rows) == found.weights.size
        at = np.ravel_multi_index(np.unravel_index(found.weights.argmax(), found.weights.shape), found.weights.shape)
        assert float(rows[at]["weight"]) == pytest.approx(found.weights.max(), abs=1e-7)
        assert captured.tokens[int(rows[at]["query"])] == rows[at]["from"].split(" … ")[0]
    svg = figure.files["svg"]().decode()
    assert f">{captured.tokens[500]}<" in svg and f">{captured.tokens[139]}<" in svg and "<image" in svg
    assert export.tile_csv(captured, "decoder", found).count(b"\n") == 1 + 20 * 40


def test_the_lines_of_python_compute_what_is_seen(long_folder, captured):
    app = started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head="2", window="500-520_100-140")
    (recipe,) = (code.value for code in app.code if "models.load" in code.value)
    space: dict = {}
    exec(recipe, space)
    np.testing.assert_allclose(space["shown"].weights, captured.pattern(1, 2)[500:520, 100:140], atol=1e-6)


def test_a_text_too_long_for_lines_of_python_is_read_from_a_file(long_folder):
    app = started(model=long_folder, text=tiny.long_text(1500), window="500-520_100-140")
    (recipe,) = (code.value for code in app.code)
    assert len(recipe) < 1000 and "open('text.txt', encoding='utf-8').read()" in recipe
    assert any(button.proto.id.endswith("take_txt_text") for button in app.get("download_button"))


def test_colours_are_those_of_the_theme():
    for dark, contrast in ((False, False), (True, False), (False, True)):
        colours = np.frombuffer(base64.b64decode(far_map._palette(dark, contrast)), np.uint8).reshape(256, 3)
        np.testing.assert_array_equal(colours[[0, 254]], palette.table(dark, contrast=contrast)[[0, 255]])
        masked = palette.strong(palette.masked()) if contrast else palette.masked(dark)
        assert tuple(colours[255]) == palette.rgb(masked)


@pytest.mark.parametrize(("name", "more"), [("t5", {"part": "cross", "q": "5", "k": "150"}), ("falcon", {"q": "150", "head": "mean"})])
def test_cross_attention_and_a_view_only_model(tmp_path, monkeypatch, name, more):
    in_one_run(monkeypatch)
    target = tiny.long_text(30) if name == "t5" else ""
    long_folder = tiny.save(name, tmp_path / name)
    app = started(model=str(long_folder), text=tiny.long_text(200), target=target, layer="1", window="0-20_140-160", **more)
    told = component(app, "far_map")
    captured = explorer.capture(models.load(long_folder, device="cpu"), tiny.long_text(200), target=target or None)
    weights = captured.mean(1) if name == "falcon" else captured.pattern(1, 0, "cross")
    np.testing.assert_allclose(np.reshape(told["values"], (20, 20)), weights[:20, 140:160], atol=5.1e-5)
    row = component(app, "far_text")["tokens"][150]
    query = int(more["q"])
    assert not app.exception and row[4] == f"150: {weights[query, 150]:.4f}"


def test_what_takes_long_is_a_job_and_what_stood_there_names_its_own_tokens(long_folder, captured, monkeypatch):
    app = started(model=long_folder, text=tiny.long_text(WORDS), layer="1", head="2", window="500-520_100-140")
    before, go_on, original = component(app, "far_map"), threading.Event(), far_map.tile
    monkeypatch.setattr(far_map, "_AT_ONCE", 0)
    monkeypatch.setattr(far_map, "tile", lambda *given, **how: (go_on.wait(60), original(*given, **how))[1])
    try:
        # Another text, so short that these positions are not in it.
        app.text_area(key="text").set_value(tiny.long_text(200, seed=1)).run()
        assert not app.exception and "Computing what is seen" in app.get("progress")[-1].proto.text and "Still shown" in written(app)
        shown = component(app, "far_map")
        assert (shown["png"], shown["rows"]["labels"]) == (before["png"], captured.tokens[500:520])
    finally:
        go_on.set()
    settle(app)
    other = explorer.capture(models.load(long_folder, device="cpu"), tiny.long_text(200, seed=1))
    told = component(app, "far_map")
    # The window was one of the old text: of the new one all is seen.
    assert not app.exception and told["rows"]["labels"] == other.tokens and told["png"] != before["png"]
    assert "".join(app.query_params.get("window", "")) == ""


def test_the_chapter_is_linked_and_its_text_is_offered_with_the_lines(long_folder):
    of = long_texts.letters({"text": CHAPTER.text})
    app = started(model=long_folder, of=of, window="500-520_100-140")
    recipe, link = (code.value for code in app.code)
    assert "open('text.txt', encoding='utf-8').read()" in recipe and f"of={of}" in link
    assert any(button.proto.id.endswith("take_txt_text") for button in app.get("download_button"))
    assert component(app, "far_map")["rows"]["labels"] == explorer.capture(models.load(long_folder, device="cpu"), CHAPTER.text).tokens[500:520]
