"""Syntax, comparison and generation in a browser."""

from urllib.parse import quote

import pytest

TEXT = quote("The cat sat on the mat.")
GENERATE = f"/generate?model=gpt2-mini&text={quote('The history of the town')}&tokens=8"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_click_on_a_relation_shows_all_heads_for_it(open_page, theme):
    page = open_page("/syntax", theme, wait_for=".st-key-relation svg.marks")
    assert page.locator(".st-key-relation svg.marks .mark-rect path").count() >= 72
    page.locator(
        '.st-key-relations svg.marks path[aria-label*="relation: det"], .st-key-relations svg.marks path[aria-label*="name: det"]'
    ).first.click(force=True)
    page.locator(".st-key-relation").get_by_text("det", exact=True).first.wait_for(timeout=30_000)


def test_changing_a_word_changes_the_map(open_page):
    page = open_page(f"/compare?text={TEXT}", wait_for=".st-key-changed_head svg.marks")
    picture = page.locator(".st-key-changed_head svg.marks image").first
    before = picture.get_attribute("xlink:href") or picture.get_attribute("href")
    page.locator(".st-key-into input").fill("horse")
    page.locator(".st-key-into input").press("Enter")
    page.get_by_text("The horse sat").wait_for(timeout=30_000)
    page.wait_for_timeout(1_500)
    picture = page.locator(".st-key-changed_head svg.marks image").first
    assert (picture.get_attribute("xlink:href") or picture.get_attribute("href")) != before
    assert "horse" in page.locator(".st-key-changed_head svg.marks").text_content()


def test_text_grows_token_by_token_and_can_be_stopped(open_page):
    page = open_page(GENERATE, wait_for=".st-key-generate button")
    page.locator(".st-key-one_token button").click()
    page.locator(".st-key-generation_buttons").get_by_text("1 tokens").wait_for(timeout=60_000)
    bars = page.locator(".st-key-newest svg.marks .mark-rect path, .st-key-newest svg.marks .mark-bar path")
    bars.first.wait_for(timeout=30_000)
    page.locator(".st-key-generate button").click()
    page.locator(".st-key-generation_buttons").get_by_text("9 tokens").wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    assert page.locator(".st-key-candidates svg.marks .mark-rect path").count() == 10


def test_a_long_text_is_stopped(open_page):
    page = open_page(GENERATE.replace("tokens=8", "tokens=200"), wait_for=".st-key-generate button")
    page.locator(".st-key-generate button").click()
    page.wait_for_timeout(300)
    page.locator(".st-key-stop_generation button").click()
    page.locator(".st-key-newest svg.marks").first.wait_for(timeout=60_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    readout = page.locator(".st-key-generation_buttons").inner_text()
    assert "200 tokens" not in readout and "tokens" in readout


@pytest.mark.parametrize(("path", "inside"), [("/syntax", ".st-key-relations"), (f"/compare?text={TEXT}", ".st-key-changed_heads")])
def test_pictures_are_in_reach_without_a_scroll(open_page, path, inside):
    page = open_page(path, wait_for=f"{inside} svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(800)
        box = page.locator(f"{inside} svg.marks").bounding_box()
        assert box["y"] + box["height"] <= height + 40 and box["x"] + box["width"] <= width
