"""What the weights say in a browser: a click on a line opens both of its heads, one on the board another head."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

import models
from explorer.tokens import written_out
from explorer.weights.head import matched, named
from explorer.weights.opened import opened
from tests.browser.waiting import addressed, eventually, settled, shows

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


@pytest.mark.thorough
def test_pairs_follow_the_slider_of_distance(open_page, tiny_folder):
    """RoPE turns a pair by the distance between its tokens: what is pushed along is what is computed."""
    folder = tiny_folder("llama")
    page = open_page(f"/weights?model={quote(folder)}&layer=1&head=2", wait_for=".st-key-distance")
    settled(page)
    weights, place, seen = opened(models.load(folder, device="cpu")), page.locator(".st-key-weights_head"), []
    for distance in (1, 2, 3):
        page.locator(".st-key-distance [tabindex='0']").last.press("ArrowRight")
        page.wait_for_function("n => new URLSearchParams(location.search).get('distance') === n", arg=str(distance))
        shows(place, f"the key {distance} before the query")
        found = matched(weights, 1, 2, distance=distance)
        queries, keys = (written_out(named(weights, ids)) for ids in (found.rows, found.columns))
        expected = [(query, key, f"{value:.4f}") for query, key, value in zip(queries[:3], keys[:3], found.values[:3], strict=True)]
        seen.append(eventually(lambda: _lines(place, 3), expected))
    assert seen[0] != seen[1] != seen[2]


def _lines(place, n: int) -> list[tuple[str, str, str]]:
    """The first lines of a table, which is drawn on a canvas and stands in it once more, with all digits, for who cannot see it."""
    lines = place.locator("canvas[data-testid=data-grid-canvas] tbody tr")
    cells = [lines.nth(at).locator("td").all_text_contents() for at in range(min(n, lines.count()))]
    return [(query, key, f"{float(score):.4f}") for query, key, score in cells]
