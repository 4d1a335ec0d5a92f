"""Know every head in a browser: a click on a head shows it, and the attention page opens on it."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import in_reach, resize, shows

TEXT = quote("The cat sat on the mat, and the dog sat on the cat.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_on_the_map_chooses_a_head(open_page, theme):
    page = open_page(f"/heads?text={TEXT}", theme, wait_for=".st-key-one_head svg.marks")
    cells = page.locator('.st-key-all_heads svg.marks .mark-rect path[aria-label^="head: "]')
    expect(cells).to_have_count(6 * 12)
    assert len(set(cells.evaluate_all("paths => paths.map(path => path.getAttribute('fill'))"))) > 20
    page.locator('.st-key-all_heads svg.marks path[aria-label^="head: 2; row: 0;"]').first.click(force=True)
    shows(page.locator(".st-key-one_head"), re.compile(r"Layer 0, head 2\s.*positional"))
    # The link of the head before it stands beside this one for a moment.
    expect(page.locator(".st-key-one_head a")).to_have_count(1)
    page.locator(".st-key-one_head a").click()
    page.locator(".st-key-head_grid").first.wait_for()
    page.get_by_text("Layer 0, head 2").first.wait_for()


@pytest.mark.parametrize("view", ["Scatter", "Families", "Roles"])
def test_a_click_on_a_point_chooses_a_head(open_page, view):
    page = open_page(f"/heads?text={TEXT}&heads={view}", wait_for=".st-key-one_head svg.marks")
    marks = page.locator(".st-key-all_heads svg.marks")
    if view == "Roles":
        marks.locator('path[aria-label*="layer: 1; head: 1"]').last.click(force=True)
    else:
        marks.locator(".mark-symbol path").nth(13).click(force=True)
    page.get_by_text("Layer 1, head 1", exact=False).first.wait_for()


def test_the_picture_is_in_reach_without_a_scroll(open_page):
    page = open_page(f"/heads?text={TEXT}", wait_for=".st-key-one_head svg.marks")
    for size in ((1440, 900), (1024, 768)):
        resize(page, *size)
        in_reach(page, ".st-key-all_heads svg.marks", *size)
