"""The positions laboratory in a browser: sliders ask nobody, what is shown is what numpy computes, chips are dragged, all is in reach."""

from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import dragging
from tests.browser.waiting import eventually, in_reach, resize, resting_box, settled, shows

MOVES = 20
"""Of the mouse in a drag that waits for the picture after each: every one of them costs the browser a tenth of a second."""
STAGE = (1920, 1080)


def repainted(page, inside: str, sent: list[object], **sliders: int) -> None:
    """Sliders that are dragged move the picture so many times at least, and ask nobody. How soon, benchmarks/dragging.py measures."""
    assert sent, "the page itself does send messages, and they are counted"
    for slider, least in sliders.items():
        found = dragging.drag(page, inside, slider, sent, steps=MOVES, patient=True)
        assert found.sent == 0
        assert found.inputs >= least and found.changed >= least * 0.8


def reached(page, inside: str) -> None:
    """Inputs and picture are in reach without a scroll."""
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, f"{inside} form.vega-bindings", width, height)
        picture = resting_box(page, f"{inside} svg.marks")
        assert picture["x"] >= 0 and picture["x"] + picture["width"] <= width
        assert picture["y"] + picture["height"] <= height


@pytest.mark.every_run
def test_sinusoids_follow_their_sliders_ask_nobody_and_show_what_numpy_computes(open_page):
    sent, inside = [], ".st-key-sinusoidal"
    page = open_page("/positions", wait_for=f"{inside} .vega-bind", sent=sent)
    for end in (0.2, 0.6, 0.9):
        k = dragging.drag(page, inside, "k", sent, end=end, steps=5).values[-1]
        expected = np.cos(k * 10_000 ** (-2 * np.arange(32) / 64)).sum()
        assert dragging.readout(page, inside, "PE(pos) · PE(pos + k)") == pytest.approx(expected, abs=1e-6)
        assert dragging.readout(page, inside, "largest |R(k) PE(pos) − PE(pos + k)|") < 1e-12
    repainted(page, inside, sent, k=10, base_exponent=16)
    reached(page, inside)


def test_rotations_follow_their_sliders_ask_nobody_and_show_what_numpy_computes(open_page):
    sent, inside = [], ".st-key-rope"
    page = open_page("/positions?positions=rope", wait_for=f"{inside} .vega-bind", sent=sent)
    m = dragging.drag(page, inside, "m", sent, end=0.8, steps=5).values[-1]
    expected = np.cos(np.radians(20 - 60) + (m - 3) * 10_000 ** (-8 / 64))
    assert dragging.readout(page, inside, "score q·k at (m, n)") == pytest.approx(expected, abs=1e-6)
    repainted(page, inside, sent, m=10)
    reached(page, inside)


def test_tables_turn_and_ask_nobody(open_page):
    sent, inside = [], ".st-key-table"
    page = open_page("/positions?positions=tables", wait_for=f"{inside} .vega-bind", sent=sent)
    repainted(page, inside, sent, turn=16)
    reached(page, inside)


def test_alibi_is_in_reach_without_a_scroll(open_page):
    reached(open_page("/positions?positions=alibi", wait_for=".st-key-alibi .vega-bind"), ".st-key-alibi")


def test_a_scheme_lights_up_its_place(open_page):
    page = open_page("/positions?positions=where", wait_for=".st-key-where .vega-bind")
    marks = page.locator(".st-key-where svg.marks")
    expect(marks).to_contain_text("x + PE(pos)")
    page.locator(".st-key-where input[value=alibi]").check()
    expect(marks).to_contain_text("q·k − slope |m − n|")
    expect(marks).not_to_contain_text("x + PE(pos)")


def test_every_scheme_can_be_chosen_at_a_desk_and_on_the_stage(open_page):
    inside = ".st-key-where"
    page = open_page("/positions?positions=where", wait_for=f"{inside} .vega-bind")
    settled(page)
    choices = page.locator(f"{inside} .vega-bind-radio label")
    assert len({round(choice.bounding_box()["y"]) for choice in choices.all()}) == 1, "at a desk all schemes stand in one row"
    page = open_page("/positions?positions=where&stage=1", size=STAGE, wait_for=f"{inside} .vega-bind")
    settled(page)
    # What stands below the row beside the picture is painted over by it, and seen by nobody.
    on_top = """(label) => { const box = label.getBoundingClientRect();
      return label.contains(document.elementFromPoint(box.right - 3, box.top + box.height / 2)) && box.right <= innerWidth; }"""
    choices = page.locator(f"{inside} .vega-bind-radio label")
    assert [choice.inner_text() for choice in choices.all() if not choice.evaluate(on_top)] == []


def drag(page, chip, behind) -> None:
    """Drags a chip behind another one."""
    start, end = chip.bounding_box(), behind.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] * 0.9, end["y"] + end["height"] / 2, steps=12)
    page.mouse.up()


@pytest.mark.every_run
def test_chips_are_dragged_and_moved_by_keyboard(open_page):
    page = open_page(f"/positions?positions=order&text={quote('The dog bites the man.')}", wait_for=".st-key-chips .chip")
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
    drag(page, chips.nth(1), chips.nth(4))
    until("the", "bites", "the", "man", "dog", ".")
    shows(largest, "Not equivariant")
    chips.nth(4).focus()
    page.keyboard.press("ArrowLeft")
    until("the", "bites", "the", "dog", "man", ".")
    # The chip that was moved keeps the focus, so that it can be moved on.
    page.keyboard.press("Home")
    until("dog", "the", "bites", "the", "man", ".")


def test_four_terms_and_what_decides_stand_in_one_row_of_a_small_window(open_page):
    page = open_page("/positions?positions=terms", size=(1024, 768), wait_for=".st-key-terms svg.marks >> nth=1")
    settled(page)
    maps, beside = (page.locator(".st-key-terms svg.marks").nth(i).bounding_box() for i in range(2))
    assert beside["y"] == maps["y"] and beside["x"] >= maps["x"] + maps["width"] and beside["x"] + beside["width"] <= 1024


def test_the_orders_axes_are_in_a_small_window(open_page):
    page = open_page("/positions?positions=order", size=(1024, 768), wait_for=".st-key-order_picture svg.marks")
    in_reach(page, ".st-key-order_picture svg.marks", 1024, 768)


def test_the_same_drag_twice_is_heard_twice(open_page):
    page = open_page(f"/positions?positions=order&order=0.1.2.3.4.5&text={quote('The dog bites the man.')}", wait_for=".st-key-chips .chip")
    chips, address = page.locator(".st-key-chips .chip"), "new URLSearchParams(location.search).get('order')"
    largest = page.locator("[data-testid=stMarkdown]", has_text="Largest")
    for _again in range(2):
        eventually(lambda: [text.rstrip("0123456789") for text in chips.all_text_contents()], ["the", "dog", "bites", "the", "man", "."])
        shows(largest, "0.0e+00")
        drag(page, chips.nth(1), chips.nth(4))
        eventually(lambda: page.evaluate(address), "0.2.3.4.1.5")
        shows(largest, "Not equivariant")
        page.locator(".st-key-order_original button").click()
        eventually(lambda: page.evaluate(address), "0.1.2.3.4.5")


def test_chips_leave_the_focus_where_it_is(open_page):
    page = open_page(f"/positions?positions=order&text={quote('Dogs bite men.')}", wait_for=".st-key-chips .chip")
    chips, box = page.locator(".st-key-chips .chip"), page.get_by_role("textbox", name="Text", exact=True)
    words = lambda: [text.rstrip("0123456789") for text in chips.all_text_contents()]  # noqa: E731
    eventually(words, [".", "men", "bite", "dogs"])
    chips.nth(0).focus()
    page.keyboard.press("ArrowRight")
    eventually(words, ["men", ".", "bite", "dogs"])
    eventually(lambda: page.evaluate("new URLSearchParams(location.search).get('order')"), "2.3.1.0")
    # The same chips are drawn again, after something else was used.
    page.locator(".st-key-order_positions label").click()
    shows(page.locator("[data-testid=stMarkdown]", has_text="Largest"), "Equivariant: the outputs moved")
    settled(page)
    assert page.evaluate("document.activeElement.closest('.st-key-order_positions') !== null")
    # The chips are drawn anew, with another text: who types goes on typing.
    box.click()
    box.press("End")
    box.press_sequentially(" Cats")
    box.press("Control+Enter")
    eventually(lambda: len(words()), 5)
    settled(page)
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    box.press_sequentially(" too")
    expect(box).to_have_value("Dogs bite men. Cats too")


def test_going_back_brings_the_order_before(open_page):
    page = open_page(f"/positions?positions=order&text={quote('Dogs bite men.')}&order=0.1.2.3", wait_for=".st-key-chips .chip")
    chips = page.locator(".st-key-chips .chip")
    words = lambda: [text.rstrip("0123456789") for text in chips.all_text_contents()]  # noqa: E731
    page.locator(".st-key-order_reverse button").click()
    eventually(words, [".", "men", "bite", "dogs"])
    settled(page)
    page.go_back()
    eventually(words, ["dogs", "bite", "men", "."])


@pytest.mark.every_run
def test_a_small_run_is_stopped_and_goes_on(open_page):
    page = open_page("/positions?positions=extrapolation&curves_of=live", wait_for=".st-key-train_extrapolation button")
    page.locator(".st-key-train_extrapolation button").click()
    bar = page.locator("[data-testid=stProgress]", has_text="Training")
    shares = lambda: [int(text.split("%")[0].rsplit(" ", 1)[-1]) for text in bar.all_text_contents() if "%" in text]  # noqa: E731
    done = eventually(lambda: max(shares(), default=0), lambda share: share >= 10)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped: Training.").wait_for()
    expect(bar).to_have_count(0)
    # Other things of the page work meanwhile, and the page says what was stopped.
    page.get_by_text("as measured").click()
    page.locator(".st-key-extrapolation svg.marks").wait_for()
    page.get_by_text("small run, here and now").click()
    page.get_by_role("button", name="Go on").click()
    # It goes on where it was: the first share that is told is not that of a beginning.
    assert eventually(lambda: max(shares(), default=0), lambda share: share > 0) >= done
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped: Training.").wait_for()


def test_tokens_on_chips_are_text(open_page):
    nasty = "<img src=x onerror=alert(1)> </script>"
    page = open_page(f"/positions?positions=order&text={quote(nasty)}", wait_for=".st-key-chips .chip")
    assert page.locator(".st-key-chips img").count() == 0
    assert any("<" in text for text in page.locator(".st-key-chips .chip").all_text_contents())


def test_chips_of_a_long_text_leave_room_for_their_picture(open_page):
    text = "The dog bites the man, and nobody sees it. " * 40
    page = open_page(f"/positions?positions=order&text={quote(text)}", wait_for=".st-key-order_picture svg.marks")
    settled(page)
    in_reach(page, ".st-key-order_picture svg.marks", 1440, 900)
    box, chips = page.locator(".st-key-chips .chips"), page.locator(".st-key-chips .chip")
    last = chips.last.text_content()
    chips.last.focus()
    page.keyboard.press("ArrowLeft")
    # Drawn again in the new order, the chips stand where they were scrolled to.
    eventually(lambda: chips.nth(chips.count() - 2).text_content(), last)
    settled(page)
    assert box.evaluate("box => box.scrollTop + box.clientHeight > box.scrollHeight - 80")
