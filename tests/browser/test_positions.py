"""The positions laboratory in a browser: sliders ask nobody, what is shown is what numpy computes, chips are dragged, all is in reach."""

from urllib.parse import quote

import numpy as np
import pytest

from tests.browser import dragging

PLACES = {
    ".st-key-sinusoidal": "/positions",
    ".st-key-rope": "/positions?positions=RoPE",
    ".st-key-alibi": "/positions?positions=ALiBi",
    ".st-key-table": "/positions?positions=Tables",
}
PATIENCE_MS = 250
"""The goals are in benchmarks/dragging.py; a test also runs on a busy machine."""


def opened(open_page, inside: str):
    page = open_page(PLACES[inside], wait_for=f"{inside} .vega-bind", settled=False)
    sent = dragging.watch(page)
    page.reload()
    page.locator(f"{inside} .vega-bind").first.wait_for(timeout=60_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    return page, sent


@pytest.mark.parametrize("inside", [".st-key-sinusoidal", ".st-key-rope", ".st-key-table"])
def test_dragging_repaints_and_sends_nothing(open_page, inside):
    page, sent = opened(open_page, inside)
    assert sent, "the page itself does send messages, and they are counted"
    for slider, least in {".st-key-sinusoidal": {"k": 15, "base_exponent": 25}, ".st-key-rope": {"m": 15}, ".st-key-table": {"turn": 25}}[
        inside
    ].items():
        found = dragging.drag(page, inside, slider, sent)
        assert found.sent == 0
        assert found.inputs >= least and found.changed >= least * 0.8
        assert found.median < PATIENCE_MS


def test_what_is_shown_is_what_numpy_computes(open_page):
    page, sent = opened(open_page, ".st-key-sinusoidal")
    for end in (0.2, 0.6, 0.9):
        k = dragging.drag(page, ".st-key-sinusoidal", "k", sent, end=end, steps=5).values[-1]
        expected = np.cos(k * 10_000 ** (-2 * np.arange(32) / 64)).sum()
        assert dragging.readout(page, ".st-key-sinusoidal", "PE(pos) · PE(pos + k)") == pytest.approx(expected, abs=1e-6)
        assert dragging.readout(page, ".st-key-sinusoidal", "largest |R(k) PE(pos) − PE(pos + k)|") < 1e-12
    page, sent = opened(open_page, ".st-key-rope")
    m = dragging.drag(page, ".st-key-rope", "m", sent, end=0.8, steps=5).values[-1]
    expected = np.cos(np.radians(20 - 60) + (m - 3) * 10_000 ** (-8 / 64))
    assert dragging.readout(page, ".st-key-rope", "score q·k at (m, n)") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("inside", PLACES)
def test_picture_and_inputs_are_in_reach_without_a_scroll(open_page, inside):
    page = open_page(PLACES[inside], wait_for=f"{inside} .vega-bind")
    for width, height in ((1440, 900), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(800)
        form, picture = page.locator(f"{inside} form.vega-bindings").bounding_box(), page.locator(f"{inside} svg.marks").bounding_box()
        assert form["y"] + form["height"] <= height
        for box in (form, picture):
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
        # A table is a whole page of pictures: in the small window its last row may begin below.
        assert picture["y"] + picture["height"] * (0.8 if inside == ".st-key-table" else 1) <= height


def test_a_scheme_lights_up_its_place(open_page):
    page = open_page("/positions?positions=Where%20each%20acts", wait_for=".st-key-where .vega-bind")
    marks = page.locator(".st-key-where svg.marks")
    assert "x + PE(pos)" in marks.text_content()
    page.locator(".st-key-where input[value=alibi]").check()
    page.wait_for_timeout(300)
    assert "q·k − slope |m − n|" in marks.text_content() and "x + PE(pos)" not in marks.text_content()


def test_chips_are_dragged_and_moved_by_keyboard(open_page):
    page = open_page(f"/positions?positions=Order&text={quote('The dog bites the man.')}", wait_for=".st-key-chips .chip")
    chips, running = page.locator(".st-key-chips .chip"), page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    largest = page.locator("[data-testid=stMarkdown]", has_text="Largest")

    def until(*expected: str) -> None:
        for _try in range(100):
            words = [text.rstrip("0123456789") for text in chips.all_text_contents()]
            if words == list(expected):
                break
            page.wait_for_timeout(200)
        assert words == list(expected)
        running.wait_for(timeout=60_000)
        page.wait_for_timeout(500)

    until(".", "man", "the", "bites", "dog", "the")
    assert "Not equivariant" in largest.inner_text()
    page.locator(".st-key-order_original button").click()
    until("the", "dog", "bites", "the", "man", ".")
    assert "0.0e+00" in largest.inner_text()
    dog, man = chips.nth(1).bounding_box(), chips.nth(4).bounding_box()
    page.mouse.move(dog["x"] + dog["width"] / 2, dog["y"] + dog["height"] / 2)
    page.mouse.down()
    page.mouse.move(man["x"] + man["width"] * 0.9, man["y"] + man["height"] / 2, steps=12)
    page.mouse.up()
    until("the", "bites", "the", "man", "dog", ".")
    assert "Not equivariant" in largest.inner_text()
    rows = page.locator(".st-key-order_picture svg.marks").text_content()
    assert rows.index("bites") < rows.index("man") < rows.index("dog")
    chips.nth(4).focus()
    page.keyboard.press("ArrowLeft")
    until("the", "bites", "the", "dog", "man", ".")
    # The chip that was moved keeps the focus, so that it can be moved on.
    page.keyboard.press("Home")
    until("dog", "the", "bites", "the", "man", ".")


def test_tokens_on_chips_are_text(open_page):
    nasty = "<img src=x onerror=alert(1)> </script>"
    page = open_page(f"/positions?positions=Order&text={quote(nasty)}", wait_for=".st-key-chips .chip")
    assert page.locator(".st-key-chips img").count() == 0
    assert any("<" in text for text in page.locator(".st-key-chips .chip").all_text_contents())
