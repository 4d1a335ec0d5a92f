"""Syntax, comparison and generation in a browser."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import eventually, in_reach, resize, settled, shows

TEXT = quote("The cat sat on the mat.")
GENERATE = f"/generate?model=gpt2-mini&text={quote('The history of the town')}&tokens=8"


def fills(marks) -> list[str]:
    return marks.evaluate_all("paths => paths.map(path => path.getAttribute('fill'))")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_on_a_relation_shows_all_heads_for_it(open_page, theme):
    page = open_page("/syntax", theme, wait_for=".st-key-relation svg.marks")
    cells = page.locator(".st-key-relation svg.marks .mark-rect.role-mark path")
    expect(cells).to_have_count(6 * 12)
    before = fills(cells)
    page.locator('.st-key-relations svg.marks path[aria-label*="relation: det;"]').first.click(force=True)
    page.locator(".st-key-relation").get_by_text("det", exact=True).first.wait_for()
    # Another relation, other heads: the cells have other colours.
    eventually(lambda: fills(cells), lambda now: len(now) == 6 * 12 and now != before)


def test_changing_a_word_changes_the_map(open_page):
    page = open_page(f"/compare?text={TEXT}", wait_for=".st-key-changed_head svg.marks")
    drawn = page.locator(".st-key-changed_head svg.marks")

    def picture() -> str | None:
        image = drawn.locator("image").first
        return image.get_attribute("xlink:href") or image.get_attribute("href")

    before = eventually(picture, bool)
    page.locator(".st-key-into input").fill("horse")
    page.locator(".st-key-into input").press("Enter")
    page.get_by_text("The horse sat").wait_for()
    shows(drawn, "horse")
    eventually(picture, lambda now: bool(now) and now != before)


def test_text_grows_token_by_token_and_can_be_stopped(open_page):
    page = open_page(GENERATE, wait_for=".st-key-generate button")
    page.locator(".st-key-one_token button").click()
    page.locator(".st-key-generation_buttons").get_by_text("1 tokens").wait_for()
    page.locator(".st-key-newest svg.marks .mark-rect.role-mark path").first.wait_for()
    page.locator(".st-key-generate button").click()
    page.locator(".st-key-generation_buttons").get_by_text("9 tokens").wait_for()
    expect(page.locator(".st-key-candidates svg.marks .mark-rect path")).to_have_count(10)


def test_a_long_text_is_stopped(open_page):
    page = open_page(GENERATE.replace("tokens=8", "tokens=200"), wait_for=".st-key-generate button")
    page.locator(".st-key-generate button").click()
    made = page.locator(".st-key-generation_buttons")
    shows(made, re.compile(r"[1-9]\d* tokens"))
    page.locator(".st-key-stop_generation button").click()
    # What could have come next is drawn when no more tokens are made.
    page.locator(".st-key-newest svg.marks").first.wait_for()
    settled(page)
    assert 0 < int(re.search(r"(\d+) tokens", made.inner_text())[1]) < 200


@pytest.mark.parametrize(("path", "inside"), [("/syntax", ".st-key-relations"), (f"/compare?text={TEXT}", ".st-key-changed_heads")])
def test_pictures_are_in_reach_without_a_scroll(open_page, path, inside):
    page = open_page(path, wait_for=f"{inside} svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, f"{inside} svg.marks", width, height + 40)
