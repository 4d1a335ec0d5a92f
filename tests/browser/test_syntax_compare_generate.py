"""Syntax in a browser."""

import pytest

from tests.browser.waiting import in_reach, resize


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_on_a_relation_shows_all_heads_for_it(open_page, theme):
    page = open_page("/syntax", theme, wait_for=".st-key-relation svg.marks")
    assert page.locator(".st-key-relation svg.marks .mark-rect path").count() >= 72
    page.locator(
        '.st-key-relations svg.marks path[aria-label*="relation: det"], .st-key-relations svg.marks path[aria-label*="name: det"]'
    ).first.click(force=True)
    page.locator(".st-key-relation").get_by_text("det", exact=True).first.wait_for()


@pytest.mark.parametrize(("path", "inside"), [("/syntax", ".st-key-relations")])
def test_pictures_are_in_reach_without_a_scroll(open_page, path, inside):
    page = open_page(path, wait_for=f"{inside} svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, f"{inside} svg.marks", width, height + 40)
