"""In a small window the atlas, the lab and the curves of importance are read, letters and all, and end with it."""

import pytest
from playwright.sync_api import expect

from explorer import i18n
from tests.browser.letters import too_small
from tests.browser.test_small_letters import LEAST, SMALL
from tests.browser.test_stage import ENDS
from tests.browser.waiting import eventually
from tests.browser.walks import in_turn

FIGURES = {
    "/atlas": ".st-key-atlas_all svg.marks",
    "/atlas?model=gpt2-mini&pruned=1.0,2.3&atlas_view=changed": ".st-key-atlas_all svg.marks",
    "/atlas?atlas_view=tsne&atlas_colour=cluster&atlas_shows=metrics": ":is(.st-key-atlas_all, .st-key-atlas_one) svg.marks",
    "/atlas?layer=3&head=4&atlas_shows=distances": ":is(.st-key-atlas_all, .st-key-atlas_one) svg.marks",
    "/training?lab_shown=one": ":is(.st-key-lab_film, .st-key-lab_plots) svg.marks",
    "/training": ":is(.st-key-lab_film, .st-key-lab_plots) svg.marks",
    "/training?lab_over=roles": ":is(.st-key-lab_film, .st-key-lab_plots) svg.marks",
    "/importance?limit=12": ":is(.st-key-curves, .st-key-maps) svg.marks",
}
"""By address, the figures that end with the window."""


@pytest.mark.thorough
@pytest.mark.parametrize(("path", "language"), in_turn(FIGURES))
def test_letters_are_read_and_figures_end_with_a_small_window(open_page, path, language):
    assert language in i18n.LANGUAGES
    page = open_page(f"{path}{'&' if '?' in path else '?'}lang={language}", wait_for=FIGURES[path], size=SMALL)
    eventually(lambda: page.evaluate(ENDS, FIGURES[path]), lambda end: 0 < end <= SMALL[1])
    eventually(lambda: too_small(page, least=LEAST), [])


@pytest.mark.thorough
def test_the_buttons_of_the_lab_stand_in_one_line_on_a_stage(open_page):
    page = open_page("/training?stage=1", wait_for=".st-key-lab_film svg.marks", size=(1920, 1080))
    buttons = [page.locator(f".st-key-{name} button").first for name in ("train", "pause", "step_once", "stop")]
    for one in buttons:
        expect(one).to_be_visible()
    eventually(lambda: len({round(one.bounding_box()["y"]) for one in buttons}), 1)
