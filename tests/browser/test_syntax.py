"""Syntax in a browser: a relation is clicked, a head is clicked, a long treebank is stopped."""

import re

import pytest
from playwright.sync_api import expect

from explorer.syntax.sentences import OWN
from tests.browser.waiting import eventually, in_reach, resize, shows

CELLS = '.st-key-relation svg.marks .mark-rect.role-mark path[aria-label^="head: "]'


def fills(marks) -> list[str]:
    return marks.evaluate_all("paths => paths.map(path => path.getAttribute('fill'))")


def test_a_click_on_a_relation_shows_all_heads_for_it(open_page):
    page = open_page("/syntax", "dark", wait_for=".st-key-relation svg.marks")
    cells = page.locator(CELLS)
    expect(cells).to_have_count(6 * 12)
    before = fills(cells)
    page.locator('.st-key-relations svg.marks path[aria-label*="relation: det;"]').first.click(force=True)
    page.locator(".st-key-relation").get_by_text("det", exact=True).first.wait_for()
    # Another relation, other heads: the cells have other colours.
    eventually(lambda: fills(cells), lambda now: len(now) == 6 * 12 and now != before)
    page.wait_for_function("location.search.includes('relation=det')")


@pytest.mark.every_run
def test_a_click_on_a_head_chooses_it_for_all_pages(open_page):
    page = open_page("/syntax?relation=det", wait_for=".st-key-relation svg.marks")
    page.locator(f'{CELLS[: CELLS.index("path")]}path[aria-label^="head: 5; row: 2;"]').first.click(force=True)
    shows(page.locator(".st-key-heads_of_relation"), "Layer 2, head 5")
    page.wait_for_function("location.search.includes('layer=2') && location.search.includes('head=5')")
    # The frame has followed the click: one cell has a thick edge.
    frames = page.locator(".st-key-relation svg.marks .mark-rect.role-mark path[stroke-width='3']")
    expect(frames).to_have_count(1)
    best = page.locator(".st-key-choose_best button")
    layer, head = re.search(r"(\d+)\.(\d+)", best.inner_text()).groups()
    best.click()
    shows(page.locator(".st-key-heads_of_relation"), f"Layer {layer}, head {head}")
    page.locator(".st-key-heads_of_relation a").click()
    page.locator(".st-key-head_grid").first.wait_for()
    page.get_by_text(f"Layer {layer}, head {head}").first.wait_for()


@pytest.mark.every_run
def test_a_long_treebank_is_stopped_and_gone_on_with(open_page):
    page = open_page("/syntax", wait_for=".st-key-relation svg.marks")
    page.locator(".st-key-treebank").get_by_text("a CoNLL-U file").click()
    many = OWN["en"].read_bytes().rstrip() + b"\n\n"
    page.locator(".st-key-syntax_limit input").fill("100000")
    page.locator(".st-key-syntax_limit input").press("Enter")
    page.locator(".st-key-conllu input").set_input_files({"name": "many.conllu", "mimeType": "text/plain", "buffer": many * 60})
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for()
    page.get_by_text("Still shown").first.wait_for()
    expect(page.locator(CELLS)).to_have_count(6 * 12)
    # Other things on the page answer meanwhile.
    page.locator('.st-key-relations svg.marks path[aria-label*="relation: det;"]').first.click(force=True)
    page.locator(".st-key-relation").get_by_text("det", exact=True).first.wait_for()
    stop.click()
    page.get_by_text("Stopped: Reading the treebank").wait_for()
    expect(stop).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    stop.wait_for()
    stop.click()
    page.get_by_text("Stopped: Reading the treebank").wait_for()


def test_pictures_are_in_reach_without_a_scroll(open_page):
    page = open_page("/syntax", wait_for=".st-key-relations svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, ".st-key-relations svg.marks", width, height + 40)
