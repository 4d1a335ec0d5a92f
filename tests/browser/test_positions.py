"""The positions laboratory in a browser: sliders ask nobody, what is shown is what numpy computes, chips are dragged, all is in reach."""

from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import dragging
from tests.browser.waiting import eventually, in_reach, resize, resting_box, shows

PLACES = {
    ".st-key-sinusoidal": "/positions",
    ".st-key-rope": "/positions?positions=RoPE",
    ".st-key-alibi": "/positions?positions=ALiBi",
    ".st-key-table": "/positions?positions=Tables",
}
PATIENCE_MS = 250
"""The goals are in benchmarks/dragging.py; a test also runs on a busy machine."""


@pytest.mark.parametrize("inside", [".st-key-sinusoidal", ".st-key-rope", ".st-key-table"])
def test_dragging_repaints_and_sends_nothing(open_page, inside):
    sent = []
    page = open_page(PLACES[inside], wait_for=f"{inside} .vega-bind", sent=sent)
    assert sent, "the page itself does send messages, and they are counted"
    for slider, least in {".st-key-sinusoidal": {"k": 15, "base_exponent": 25}, ".st-key-rope": {"m": 15}, ".st-key-table": {"turn": 25}}[
        inside
    ].items():
        found = dragging.drag(page, inside, slider, sent)
        assert found.sent == 0
        assert found.inputs >= least and found.changed >= least * 0.8
        assert found.median < PATIENCE_MS


def test_what_is_shown_is_what_numpy_computes(open_page):
    sent = []
    page = open_page(PLACES[".st-key-sinusoidal"], wait_for=".st-key-sinusoidal .vega-bind", sent=sent)
    for end in (0.2, 0.6, 0.9):
        k = dragging.drag(page, ".st-key-sinusoidal", "k", sent, end=end, steps=5).values[-1]
        expected = np.cos(k * 10_000 ** (-2 * np.arange(32) / 64)).sum()
        assert dragging.readout(page, ".st-key-sinusoidal", "PE(pos) · PE(pos + k)") == pytest.approx(expected, abs=1e-6)
        assert dragging.readout(page, ".st-key-sinusoidal", "largest |R(k) PE(pos) − PE(pos + k)|") < 1e-12
    sent = []
    page = open_page(PLACES[".st-key-rope"], wait_for=".st-key-rope .vega-bind", sent=sent)
    m = dragging.drag(page, ".st-key-rope", "m", sent, end=0.8, steps=5).values[-1]
    expected = np.cos(np.radians(20 - 60) + (m - 3) * 10_000 ** (-8 / 64))
    assert dragging.readout(page, ".st-key-rope", "score q·k at (m, n)") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("inside", PLACES)
def test_picture_and_inputs_are_in_reach_without_a_scroll(open_page, inside):
    page = open_page(PLACES[inside], wait_for=f"{inside} .vega-bind")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, f"{inside} form.vega-bindings", width, height)
        # A table is a whole page of pictures: in the small window its last row may begin below.
        picture = resting_box(page, f"{inside} svg.marks")
        assert picture["x"] >= 0 and picture["x"] + picture["width"] <= width
        assert picture["y"] + picture["height"] * (0.8 if inside == ".st-key-table" else 1) <= height


def test_a_scheme_lights_up_its_place(open_page):
    page = open_page("/positions?positions=Where%20each%20acts", wait_for=".st-key-where .vega-bind")
    marks = page.locator(".st-key-where svg.marks")
    expect(marks).to_contain_text("x + PE(pos)")
    page.locator(".st-key-where input[value=alibi]").check()
    expect(marks).to_contain_text("q·k − slope |m − n|")
    expect(marks).not_to_contain_text("x + PE(pos)")


def test_chips_are_dragged_and_moved_by_keyboard(open_page):
    page = open_page(f"/positions?positions=Order&text={quote('The dog bites the man.')}", wait_for=".st-key-chips .chip")
    chips, picture = page.locator(".st-key-chips .chip"), page.locator(".st-key-order_picture svg.marks text")
    largest = page.locator("[data-testid=stMarkdown]", has_text="Largest")

    def until(*expected: str) -> None:
        """The chips stand in this order, and so do the rows of the picture that the server made of it."""
        eventually(lambda: [text.rstrip("0123456789") for text in chips.all_text_contents()], list(expected))
        eventually(lambda: [text for text in picture.all_text_contents() if text in expected][: len(expected)], list(expected))

    until(".", "man", "the", "bites", "dog", "the")
    shows(largest, "Not equivariant")
    page.locator(".st-key-order_original button").click()
    until("the", "dog", "bites", "the", "man", ".")
    shows(largest, "0.0e+00")
    dog, man = chips.nth(1).bounding_box(), chips.nth(4).bounding_box()
    page.mouse.move(dog["x"] + dog["width"] / 2, dog["y"] + dog["height"] / 2)
    page.mouse.down()
    page.mouse.move(man["x"] + man["width"] * 0.9, man["y"] + man["height"] / 2, steps=12)
    page.mouse.up()
    until("the", "bites", "the", "man", "dog", ".")
    shows(largest, "Not equivariant")
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
