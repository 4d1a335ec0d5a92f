"""Beyond the weights in a browser: what is drawn, clicks that choose, all in reach, long work that is stopped and goes on."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import addressed, eventually, in_reach, resize, resting_box

TEXT = "In the summer of 1914 the army crossed the river and took the"
GPT2 = f"/beyond?model=gpt2-mini&text={quote(TEXT)}"
FILM = quote("The film was a wonderful surprise.")


def test_every_token_has_a_cell_for_every_method(open_page):
    page = open_page(f"/beyond?text={FILM}", "dark", wait_for=".st-key-strips svg.marks")
    cells = page.locator(".st-key-strips svg.marks .mark-rect path")
    # Nine tokens, two of them special, which are not left out; five methods on all nine.
    assert cells.count() == 7 + 5 * 9
    words = page.locator(".st-key-strips svg.marks text").all_text_contents()
    assert "wonderful" in words and sum(word.startswith("ρ") for word in words) == 5
    colours = set(cells.evaluate_all("paths => paths.map(path => path.getAttribute('fill'))"))
    assert len(colours) > 15


@pytest.mark.every_run
def test_a_click_on_a_cell_of_the_lens_shows_its_candidates_and_going_back_shows_the_one_before(open_page):
    page = open_page(GPT2 + "&beyond=lens", wait_for=".st-key-lens_candidates svg.marks, .st-key-lens_cell svg.marks")
    grid = page.locator(".st-key-lens_grid svg.marks")
    assert grid.locator(".mark-rect.role-mark path").count() >= 7 * 13
    cell = page.locator(".st-key-lens_cell")
    expect(cell).to_contain_text("after layer 5")
    box = resting_box(page, ".st-key-lens_grid svg.marks")
    grid.get_by_text("army", exact=True).first.click()  # what the embedding of "army" would predict: itself
    page.get_by_text("At army, embedding", exact=True).wait_for()
    expect(cell.locator("svg.marks").first).to_contain_text("army")
    expect(page).to_have_url(re.compile("lens_row=0&lens_token=6"))
    grid.get_by_text("river", exact=True).last.click()  # the token at the margin
    page.get_by_text("At river, embedding", exact=True).wait_for()
    expect(cell.locator("svg.marks").first).to_contain_text("river")
    now = resting_box(page, ".st-key-lens_grid svg.marks")
    assert (now["x"], now["y"]) == (box["x"], box["y"]), "the grid stays where it was"
    page.go_back()
    page.get_by_text("At army, embedding", exact=True).wait_for()
    page.go_back()
    expect(cell).to_contain_text("after layer 5")


def test_contributions_are_drawn_and_a_click_on_a_head_opens_it(open_page):
    page = open_page(GPT2 + "&beyond=parts", wait_for=".st-key-parts_heads svg.marks")
    assert page.locator(".st-key-parts_bars svg .mark-rect path, .st-key-parts_bars svg .mark-bar path").count() >= 15
    page.get_by_text("The parts add up to").wait_for()
    cells = page.locator(".st-key-parts_heads svg .mark-rect path")
    assert cells.count() >= 48
    page.locator('.st-key-parts_heads svg path[aria-label^="head: 4; row: 3;"]').first.click(force=True)
    addressed(page, 3, 4)
    page.locator(".st-key-strongest button").nth(1).click()
    name = page.locator(".st-key-strongest button").nth(1).inner_text().split(" ")[0]
    layer, head = name.split(".")
    addressed(page, layer, head)


@pytest.mark.parametrize("view", ["tokens", pytest.param("lens", marks=pytest.mark.thorough)])
def test_the_picture_is_in_reach_without_a_scroll(open_page, view):
    inside = ".st-key-strips" if view == "tokens" else ".st-key-lens_grid"
    page = open_page(f"{GPT2}&beyond={view}", wait_for=f"{inside} svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, f"{inside} svg.marks", width, height)


@pytest.mark.every_run
def test_the_agreement_is_stopped_where_its_button_is_and_goes_on(open_page):
    # In half precision, which takes long on a processor: also a browser that has to wait for its turn sees it at work.
    page = open_page(f"/beyond?text={FILM}&target_kind=vector&dtype=bfloat16", wait_for=".st-key-compute_agreement button")
    section = page.locator(".st-key-agreement")
    page.locator(".st-key-compute_agreement button").click()
    stop = section.get_by_role("button", name="Stop")
    stop.wait_for()
    # Dots of the sentences that are done already.
    so_far = section.get_by_text(re.compile(r"over \d+ of 40 sentences so far"))
    so_far.wait_for()
    before = stop.bounding_box()
    number = re.compile(r"over (\d+) of")
    done = int(number.search(so_far.inner_text())[1])
    eventually(lambda: int(number.search(so_far.inner_text())[1]), lambda now: now > done)
    after = stop.bounding_box()
    assert (after["x"], after["y"]) == (before["x"], before["y"]), "the button stays under the mouse"
    # Other things work meanwhile.
    page.get_by_text("What the rows are").click()
    page.get_by_text("The yardstick.").wait_for()
    page.get_by_text("What the rows are").click()
    stop.click()
    section.get_by_text("Stopped: Agreement over 40 sentences.").wait_for()
    expect(so_far).to_have_count(1)
    kept = int(number.search(so_far.inner_text())[1])
    assert done <= kept < 40 and section.locator("svg.marks").count() == 1, "what was done stays"
    section.get_by_role("button", name="Go on").click()
    # It goes on from there: the sentences that were done are not computed again.
    eventually(lambda: int(number.search(so_far.inner_text())[1]), lambda now: now > kept)
    section.get_by_role("button", name="Stop").click()
    section.get_by_text("Stopped: Agreement over 40 sentences.").wait_for()
