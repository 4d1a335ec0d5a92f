"""In a small window, and on a desk of the usual size, no letter of a page is too small to be read, and its figure ends with the window."""

import pytest
from playwright.sync_api import expect

from explorer import i18n
from tests.browser.letters import too_small
from tests.browser.test_stage import ENDS
from tests.browser.waiting import eventually, resize
from tests.browser.walks import in_turn

SMALL, DESK = (1024, 768), (1440, 900)
LEAST = 11
"""Pixels that letters have at least where they are read from near."""
FIGURES = {
    "/?layer=2&head=5": ".st-key-head_panel svg.marks",
    "/?view=token": ".st-key-one_token svg.marks",
    "/heads": ".st-key-all_heads svg.marks",
    "/heads?heads=scatter": ".st-key-all_heads svg.marks",
    "/heads?heads=roles": ".st-key-all_heads svg.marks",
    "/heads?heads=families": ".st-key-all_heads svg.marks",
    "/heads?heads=layers": ".st-key-heads_layers svg.marks",
    "/compare": ":is(.st-key-changed_heads, .st-key-changed_head) svg.marks",
    "/compare?compared=difference": ":is(.st-key-changed_heads, .st-key-changed_head) svg.marks",
    "/syntax": "",
    "/generate?tokens=8": ".st-key-newest svg.marks",
    "/generate?tokens=8&text=我爱你": ".st-key-newest svg.marks",
    "/generate?tokens=8&model=translate-mini": ".st-key-newest svg.marks",
}
"""By address, the figure that ends with the small window; "" where a page may be longer."""


@pytest.mark.thorough
@pytest.mark.parametrize(("path", "language"), in_turn(FIGURES))
def test_letters_are_read_and_the_figure_ends_with_the_window(open_page, path, language):
    assert language in i18n.LANGUAGES
    figure = FIGURES[path]
    page = open_page(f"{path}{'&' if '?' in path else '?'}lang={language}", wait_for=figure or ".stMain svg.marks", size=SMALL)
    eventually(lambda: too_small(page, least=LEAST), [])
    if figure:
        eventually(lambda: page.evaluate(ENDS, figure), lambda end: 0 < end <= SMALL[1])
    resize(page, *DESK)
    eventually(lambda: too_small(page, least=LEAST), [])


@pytest.mark.thorough
@pytest.mark.parametrize("path", ["/compare", "/compare?stage=1"])
def test_the_heads_that_changed_most_are_not_cut_by_the_window(open_page, path):
    size = (1920, 1080) if "stage" in path else SMALL
    page = open_page(path, wait_for=".st-key-changed_most button", size=size)
    shown = page.locator(".st-key-changed_most button").locator("visible=true")
    expect(shown).to_have_count(3)
    eventually(lambda: all(box["y"] + box["height"] <= size[1] for box in (one.bounding_box() for one in shown.all())), True)
