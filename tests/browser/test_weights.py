"""What the weights say in a browser: a click on a line opens both of its heads, one on the board another head."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import addressed, settled, shows

LINES = ".st-key-weights_lines svg.marks"
LINE = f'{LINES} path[aria-label*="reads"], {LINES} line[aria-label*="reads"]'


@pytest.mark.every_run
def test_a_line_opens_both_of_its_heads_and_the_board_another(open_page):
    page = open_page("/weights?model=bert-mini&lines=k&most=3", "dark", wait_for=LINES)
    settled(page)
    expect(page.locator(LINE)).to_have_count(3)
    said = page.locator(LINE).last.get_attribute("aria-label")
    reader, writer = re.search(r"reads: (\d+\.\d+)", said)[1], re.search(r"written by: (\d+\.\d+)", said)[1]
    page.locator(LINE).last.click(force=True)
    (layer, head), below = reader.split("."), writer.split(".")
    shows(page.locator(".st-key-weights_reader"), f"Layer {layer}, head {head}")
    shows(page.locator(".st-key-weights_writer"), f"Layer {below[0]}, head {below[1]}")
    # What a click opens is seen without a scroll.
    assert page.locator(".st-key-weights_reader").get_by_text(f"Layer {layer}, head {head}").bounding_box()["y"] < 850
    page.wait_for_function("edge => new URLSearchParams(location.search).get('edge') === edge", arg=f"k.{writer}")
    page.locator('.st-key-weights_heads svg.marks path[aria-label^="head: 2; row: 0;"]').first.click(force=True)
    addressed(page, 0, 2)
    shows(page.locator(".st-key-weights_head"), "Layer 0, head 2")
    expect(page.locator(".st-key-weights_writer")).to_have_count(0)
    page.go_back()
    shows(page.locator(".st-key-weights_writer"), f"Layer {below[0]}, head {below[1]}")


@pytest.mark.thorough
def test_a_line_between_parts_opens_a_head_of_each_and_one_that_writes_its_own_part(open_page):
    page = open_page("/weights?model=translate-mini&part=cross&most=3", wait_for=LINES)
    settled(page)
    page.get_by_role("radio", name="encoder", exact=True).last.click()
    line = page.locator('.st-key-weights_lines svg.marks [aria-label*="written by: encoder"]').last
    line.wait_for()
    settled(page)
    said = line.get_attribute("aria-label")
    reader, writer = re.search(r"reads: cross (\d+\.\d+)", said)[1], re.search(r"written by: encoder (\d+\.\d+)", said)[1]
    line.click(force=True)
    (layer, head), below = reader.split("."), writer.split(".")
    shows(page.locator(".st-key-weights_reader"), re.compile(rf"Layer {layer}, head {head} cross · reads"))
    shows(page.locator(".st-key-weights_writer"), re.compile(rf"Layer {below[0]}, head {below[1]} encoder · writes"))
    page.wait_for_function("() => new URLSearchParams(location.search).get('edge')?.endsWith('.encoder')")
    page.locator('.st-key-weights_lines svg.marks path[aria-label="encoder 2.5"]').first.click(force=True)
    page.wait_for_function("() => new URLSearchParams(location.search).get('part') === 'encoder'")
    shows(page.locator(".st-key-weights_head"), "Layer 2, head 5")
    page.go_back()
    shows(page.locator(".st-key-weights_writer"), re.compile(rf"Layer {below[0]}, head {below[1]} encoder · writes"))
