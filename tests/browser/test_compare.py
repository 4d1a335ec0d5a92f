"""Comparison in a browser."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import addressed, eventually, in_reach, resize

TEXT = quote("The cat sat on the mat.")


@pytest.mark.every_run
def test_changing_a_word_changes_the_map(open_page):
    page = open_page(f"/compare?text={TEXT}", wait_for=".st-key-changed_head svg.marks")
    drawn = page.locator(".st-key-changed_head svg.marks")

    def picture() -> str | None:
        # The difference stands on the right.
        image = drawn.locator("image").last
        return image.get_attribute("xlink:href") or image.get_attribute("href")

    before = eventually(picture, bool)
    page.locator(".st-key-into input").fill("horse")
    page.locator(".st-key-into input").press("Enter")
    page.get_by_text("The horse sat").wait_for()
    expect(drawn).to_contain_text("horse")
    eventually(picture, lambda now: bool(now) and now != before)


def test_heads_that_are_named_open_on_a_click_and_going_back_shows_the_one_before(open_page):
    page = open_page(f"/compare?text={TEXT}", wait_for=".st-key-changed_head svg.marks")
    title = page.locator(".st-key-changed_head")
    # The head that changed most is in the address without anybody's click.
    expect(page).to_have_url(re.compile(r"layer=\d+&head=\d+"))
    most = page.locator(".st-key-changed_most button")
    first, second = (most.nth(i).inner_text().split(" ")[0].split(".") for i in (0, 1))
    expect(title).to_contain_text(f"Layer {first[0]}, head {first[1]}")
    most.nth(1).click()
    expect(title).to_contain_text(f"Layer {second[0]}, head {second[1]}")
    addressed(page, *second)
    page.locator('.st-key-changed_heads svg path[aria-label^="head: 7; row: 2;"]').first.click(force=True)
    expect(title).to_contain_text("Layer 2, head 7")
    addressed(page, 2, 7)
    page.go_back()
    expect(title).to_contain_text(f"Layer {second[0]}, head {second[1]}")
    page.go_back()
    expect(title).to_contain_text(f"Layer {first[0]}, head {first[1]}")


def test_a_second_model_is_opened_while_the_comparison_before_stays(open_page):
    page = open_page(f"/compare?model=bert-mini&text={TEXT}&compare=models", wait_for=".st-key-changed_head svg.marks")
    page.locator(".st-key-other_model input").fill("gpt2-mini")
    page.locator(".st-key-other_model input").press("Enter")
    page.get_by_text("→ gpt2-mini").wait_for()
    page.locator(".st-key-changed_head svg.marks").wait_for()


def test_pictures_are_in_reach_without_a_scroll(open_page):
    page = open_page(f"/compare?text={TEXT}", wait_for=".st-key-changed_heads svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, ".st-key-changed_heads svg.marks", width, height + 40)
    resize(page, 1440, 900)
    in_reach(page, ".st-key-changed_head svg.marks", 1440, 900)
    expect(page.locator(".st-key-changed_head svg.marks image")).to_have_count(3)
