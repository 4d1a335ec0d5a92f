"""Know every head in a browser: a click on a head shows it, and the attention page opens on it."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import addressed, eventually, in_reach, resize, settled, shows

ON_TOP = """(points, from) => {
  // The first point from this one on that no other lies upon.
  for (let i = from; i < points.length; i++) {
    const box = points[i].getBoundingClientRect();
    if (document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === points[i]) return i;
  }
}"""
TEXT = quote("The cat sat on the mat, and the dog sat on the cat.")


@pytest.mark.every_run
def test_a_click_on_the_map_chooses_a_head(open_page):
    page = open_page(f"/heads?text={TEXT}", "dark", wait_for=".st-key-one_head svg.marks")
    cells = page.locator('.st-key-all_heads svg.marks .mark-rect path[aria-label^="head: "]')
    expect(cells).to_have_count(6 * 12)
    assert len(set(cells.evaluate_all("paths => paths.map(path => path.getAttribute('fill'))"))) > 20
    page.locator('.st-key-all_heads svg.marks path[aria-label^="head: 2; row: 0;"]').first.click(force=True)
    shows(page.locator(".st-key-one_head"), re.compile(r"Layer 0, head 2\s.*positional"))
    # The links of the head before it stand beside these for a moment.
    expect(page.locator(".st-key-one_head a")).to_have_count(2)
    page.locator(".st-key-one_head a").last.click()
    page.locator(".st-key-head_grid").first.wait_for()
    page.get_by_text("Layer 0, head 2").first.wait_for()


def test_a_click_on_a_point_chooses_a_head_in_every_view(open_page):
    page = open_page(f"/heads?text={TEXT}&heads=scatter", wait_for=".st-key-all_heads svg.marks")
    for n, view in enumerate(("Scatter", "Families", "Roles", "Layers"), 1):
        if view != "Scatter":
            page.get_by_role("radio", name=view, exact=True).click()
        page.wait_for_function("view => location.search.includes(`heads=${view}`)", arg=view.lower())
        inside = ".st-key-heads_layers" if view == "Layers" else ".st-key-all_heads"
        points = page.locator(f"{inside} svg.marks")
        # The view before may stand there for a moment.
        settled(page)
        if view == "Roles":
            layer = head = n
            points.locator(f'path[aria-label*="layer: {n}; head: {n}"]').last.click(force=True)
        else:
            at = points.locator(".mark-symbol path").evaluate_all(ON_TOP, 13 * n)
            layer, head = divmod(at, 12)
            points.locator(".mark-symbol path").nth(at).click(force=True)
        page.get_by_text(f"Layer {layer}, head {head}", exact=False).first.wait_for()
        addressed(page, layer, head)


def test_the_frame_follows_a_click_and_an_address(open_page):
    page = open_page(f"/heads?text={TEXT}&layer=3&head=4", wait_for=".st-key-one_head svg.marks")
    frames = page.locator(".st-key-all_heads svg.marks .mark-rect.role-mark path[stroke-width='3']")
    expect(frames).to_have_count(1)
    cell = page.locator('.st-key-all_heads svg.marks path[aria-label^="head: 4; row: 3;"]').first
    box, framed = cell.bounding_box(), frames.bounding_box()
    assert abs(box["x"] - framed["x"]) < 8 and abs(box["y"] - framed["y"]) < 8
    other = page.locator('.st-key-all_heads svg.marks path[aria-label^="head: 7; row: 1;"]').first
    other.click(force=True)
    shows(page.locator(".st-key-one_head"), "Layer 1, head 7")
    box = other.bounding_box()
    eventually(frames.bounding_box, lambda framed: abs(box["x"] - framed["x"]) < 8 and abs(box["y"] - framed["y"]) < 8)
    addressed(page, 1, 7)
    page.go_back()
    shows(page.locator(".st-key-one_head"), "Layer 3, head 4")


def test_another_text_is_another_picture(open_page):
    page = open_page(f"/heads?text={TEXT}&heads=scatter", wait_for=".st-key-all_heads svg.marks")

    def drawn(marks: str) -> list[str]:
        return page.locator(f".st-key-all_heads svg.marks {marks} path").evaluate_all(
            "paths => paths.map(path => path.getAttribute('transform') + path.getAttribute('d') + path.getAttribute('fill'))"
        )

    for view, marks, text, n in (
        ("Scatter", ".mark-symbol", "Seven green apples fell from a tree.", 10),
        ("Roles", ".mark-rect.role-mark", "The dog slept.", 6),
    ):
        if view != "Scatter":
            page.get_by_role("radio", name=view, exact=True).click()
            settled(page)
        before = eventually(lambda marks=marks: drawn(marks), bool)
        page.get_by_label("Text", exact=True).fill(text)
        page.keyboard.press("Control+Enter")
        page.get_by_text(f"tokens: {n}.").first.wait_for()
        eventually(lambda marks=marks: drawn(marks), lambda now, before=before: bool(now) and now != before)


@pytest.mark.every_run
def test_scoring_many_texts_is_stopped_and_gone_on_with(open_page):
    page = open_page(f"/heads?text={TEXT}&scored_on=file&heads_limit=100000", wait_for=".st-key-heads_file")
    lines = "".join(f"The {n} cats sat on mat number {n}, and nobody knew why they had come to this place.\n" for n in range(20_000))
    page.locator(".st-key-heads_file input").set_input_files({"name": "many.txt", "mimeType": "text/plain", "buffer": lines.encode()})
    stop = page.get_by_role("button", name="Stop")
    shows(page.locator("[data-testid=stProgress]"), re.compile(r"Scoring all heads: \d+%"))
    stop.first.click()
    page.get_by_text("Stopped: Scoring all heads").wait_for()
    page.get_by_role("button", name="Go on").click()
    shows(page.locator("[data-testid=stProgress]"), re.compile(r"Scoring all heads: \d+%"))
    # Another choice is answered at once, and what is not wanted any more ends.
    page.locator(".st-key-scored_on").get_by_role("combobox").click()
    page.get_by_role("option", name="this text").click()
    page.locator(".st-key-all_heads svg.marks").first.wait_for()
    page.get_by_text("Texts: 1,").first.wait_for()
    expect(page.get_by_text("Scoring all heads")).to_have_count(0)


def test_the_picture_is_in_reach_without_a_scroll(open_page):
    page = open_page(f"/heads?text={TEXT}", wait_for=".st-key-one_head svg.marks")
    for size in ((1440, 900), (1024, 768)):
        resize(page, *size)
        in_reach(page, ".st-key-all_heads svg.marks", *size)
