"""Generation in a browser: the text grows, can be stopped, and goes on."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests import tiny
from tests.browser.waiting import eventually

GENERATE = f"/generate?model=gpt2-mini&text={quote('The history of the town')}&greedy=false&tokens=8"
MANY = 500
"""The most tokens that can be asked for at once."""
COUNT = re.compile(r"\((\d+) tokens?")


def count(page) -> int:
    """Tokens that are on the page."""
    return int(COUNT.search(page.locator("[data-testid=stMarkdownContainer]").get_by_text(COUNT).first.inner_text())[1])


def begun(open_page, address: str):
    """The page, which opens on a few tokens, back at the start."""
    page = open_page(address, wait_for=".st-key-newest svg.marks")
    page.locator(".st-key-restart button").click()
    page.get_by_text("(0 tokens)").wait_for()
    return page


@pytest.mark.every_run
def test_it_opens_on_a_picture_with_the_newest_token_marked(open_page):
    page = open_page("/generate", wait_for=".st-key-newest svg.marks")
    page.get_by_text("(8 tokens)").wait_for()
    expect(page.locator(".st-key-candidates svg.marks .mark-rect path")).to_have_count(10)
    expect(page.locator(".stMarkdownColoredBackground")).to_have_count(1)


def test_text_grows_token_by_token(open_page):
    page = begun(open_page, GENERATE)
    page.locator(".st-key-one_token button").click()
    page.get_by_text("(1 token)").wait_for()
    bars = page.locator(".st-key-newest svg.marks .mark-rect path, .st-key-newest svg.marks .mark-bar path")
    bars.first.wait_for()
    page.locator(".st-key-generate button").click()
    page.get_by_text("(9 tokens").wait_for()
    expect(page.locator(".st-key-candidates svg.marks .mark-rect path")).to_have_count(10)
    page.locator(".st-key-restart button").click()
    page.get_by_text("(0 tokens)").wait_for()
    expect(page.locator(".st-key-newest")).to_have_count(0)


def test_a_text_of_several_lines_is_shown_as_it_was_typed(open_page):
    lines = ["First line.", "", "- no list", "1. nor this", "Title", "===", "the end"]
    page = begun(open_page, f"/generate?model=gpt2-mini&text={quote(chr(10).join(lines))}")
    shown = page.locator("[data-testid=stMarkdownContainer]", has_text="(0 tokens)")
    # A line without letters is a space that does not break.
    expect(shown).to_have_text(re.compile("First line"))
    assert [line.strip("\xa0 ") for line in shown.inner_text().split("\n")] == [*lines[:-1], "the end (0 tokens)"]


@pytest.mark.every_run
def test_a_long_text_is_stopped_and_goes_on(open_page, tmp_path):
    # A token goes through many layers, so that a fast machine too has not made all of them before the press.
    deep = quote(str(tiny.save_deep(tmp_path / "deep")))
    page = begun(open_page, f"/generate?model={deep}&text=the%20cat%20sat&greedy=false&tokens={MANY}")
    page.locator(".st-key-generate button").click()
    stop = page.locator(".st-key-generation_progress").get_by_role("button", name="Stop")
    stop.wait_for()
    before = stop.bounding_box()
    some = eventually(lambda: count(page), lambda now: now > 0)
    eventually(lambda: count(page), lambda now: now > some)  # it grows while it is made
    after = stop.bounding_box()
    assert (after["x"], after["y"]) == (before["x"], before["y"]), "the button stays under the mouse"
    stop.click()
    page.get_by_text("Stopped: Generating.").wait_for()
    # What could have come next is drawn when no more tokens are made.
    page.locator(".st-key-newest svg.marks").first.wait_for()
    kept = count(page)
    assert some <= kept < MANY
    page.locator(".st-key-one_token button").click()
    more = eventually(lambda: count(page), lambda now: now > kept)
    assert more <= kept + 2, "one token, and the one that was on its way when it was stopped"
