"""Beyond the weights in a browser: what is drawn, a click on a cell, all in reach."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import in_reach, resize, resting_box, shows

TEXT = "In the summer of 1914 the army crossed the river and took the"
GPT2 = f"/beyond?model=gpt2-mini&text={quote(TEXT)}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_token_has_a_cell_for_every_method(open_page, theme):
    page = open_page("/beyond?text=" + quote("The film was a wonderful surprise."), theme, wait_for=".st-key-strips svg")
    cells = page.locator(".st-key-strips svg.marks .mark-rect path")
    # Nine tokens, two of them special, which are not left out; five methods on all nine.
    assert cells.count() == 7 + 5 * 9
    words = page.locator(".st-key-strips svg.marks text").all_text_contents()
    assert "wonderful" in words and sum(word.startswith("ρ") for word in words) == 5
    colours = set(cells.evaluate_all("paths => paths.map(path => path.getAttribute('fill'))"))
    assert len(colours) > 15


def test_a_click_on_a_cell_of_the_lens_shows_its_candidates(open_page):
    page = open_page(GPT2 + "&beyond=Logit%20lens", wait_for=".st-key-lens_candidates svg, .st-key-lens_cell svg")
    grid = page.locator(".st-key-lens_grid svg.marks")
    # Seven rows: what the embedding would predict, and what each of six layers would.
    expect(grid.locator(".mark-rect.view_1_marks path")).to_have_count(7 * 13)
    cell = page.locator(".st-key-lens_cell")
    shows(cell, "after layer 5")
    box = resting_box(page, ".st-key-lens_grid svg.marks")
    grid.get_by_text("army", exact=True).first.click()  # what the embedding of "army" would predict: itself
    page.get_by_text("At army, embedding", exact=True).wait_for()
    shows(cell.locator("svg.marks"), "army")
    grid.get_by_text("river", exact=True).last.click()  # the token at the margin
    page.get_by_text("At river, embedding", exact=True).wait_for()
    shows(cell.locator("svg.marks"), "river")
    now = resting_box(page, ".st-key-lens_grid svg.marks")
    assert (now["x"], now["y"]) == (box["x"], box["y"]), "the grid stays where it was"


def test_contributions_are_drawn_and_add_up(open_page):
    page = open_page(GPT2 + "&beyond=Contributions", wait_for=".st-key-parts_heads svg")
    # Tokens and positions, six layers of attention, six of feed-forward networks, and the bias at the end.
    expect(page.locator(".st-key-parts_bars svg .mark-rect.role-mark path")).to_have_count(15)
    page.get_by_text("The parts add up to").wait_for()
    expect(page.locator(".st-key-parts_heads svg .mark-rect.role-mark path")).to_have_count(6 * 8)


@pytest.mark.parametrize("view", ["Input%20tokens", "Logit%20lens"])
def test_the_picture_is_in_reach_without_a_scroll(open_page, view):
    inside = ".st-key-strips" if view.startswith("Input") else ".st-key-lens_grid"
    page = open_page(f"{GPT2}&beyond={view}", wait_for=f"{inside} svg.marks")
    for width, height in ((1440, 900), (1024, 768)):
        resize(page, width, height)
        in_reach(page, f"{inside} svg.marks", width, height)
