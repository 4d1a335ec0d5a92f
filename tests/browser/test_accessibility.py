"""Themes, contrast, screen readers and the keyboard, as a person with a weak projector or without a mouse meets them."""

import re

import pytest
from playwright.sync_api import Page, expect

from explorer.charts.common import palette
from tests.browser.accessibility import hexadecimal, pale_letters, said, violations
from tests.browser.letters import too_small
from tests.browser.test_stage import OVERFLOW, PAGES
from tests.browser.waiting import PATIENCE, eventually, settled

PANEL = ".st-key-head_panel"
INK = f"{PANEL} .mark-text.role-mark text"
IMAGE = ".st-key-head_grid svg.marks image"
PAGE_COLOUR = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"


def colour(page: Page) -> tuple[int, ...]:
    """Of the page's ground."""
    return tuple(int(number) for number in re.findall(r"\d+", page.evaluate(PAGE_COLOUR)))


def shown_in(page: Page, dark: bool) -> None:
    """Waits for the ground of a theme."""
    eventually(lambda: colour(page), palette.rgb(palette.page(dark)[0]))


def ends(page: Page) -> list[str]:
    """First and last colour of the map's scale."""
    stops = page.locator(f"{PANEL} svg.marks linearGradient stop").evaluate_all("all => all.map(one => one.getAttribute('stop-color'))")
    return [*stops[:1], *stops[-1:]]


def painted(page: Page) -> str:
    """One of the small pictures."""
    return page.locator(IMAGE).nth(2).evaluate("image => image.getAttribute('href') ?? image.getAttribute('xlink:href')")


THEMES = ("light", "dark", "contrast")
WITHOUT_PICTURES = {"claims": "[class*=st-key-open_]", "talk": ".st-key-talk_address"}
"""Pages that open without a picture, and what they show instead."""
EACH_PAGE = {(name, THEMES[i % 3]) for i, name in enumerate(PAGES)}
"""The theme in which a page is looked at in Chinese, whose labels are the other ones."""
EVERY_RUN = {("attention", "light"), ("compare", "dark"), ("training", "contrast")}
MATRIX = [(name, theme, "zh" if (name, theme) in EACH_PAGE else "en") for name in PAGES for theme in THEMES]


@pytest.mark.every_run
@pytest.mark.parametrize(
    ("name", "theme", "language"), [pytest.param(*one, marks=() if one[:2] in EVERY_RUN else pytest.mark.thorough) for one in MATRIX]
)
def test_a_page_breaks_no_rule_cuts_no_label_and_can_be_read_on_a_stage(open_page, name, theme, language):
    """In one visit: what a page costs in a test is the opening."""
    address = f"{PAGES[name]}{'&' if '?' in PAGES[name] else '?'}lang={language}&theme={theme}"
    console = []
    page = open_page(address, wait_for=WITHOUT_PICTURES.get(name, ".stMain svg.marks"), console=console)
    shown_in(page, theme == "dark")
    page.locator(".st-key-contrast_is_on").wait_for(state="attached" if theme == "contrast" else "detached")
    settled(page)
    eventually(lambda: violations(page), [], timeout=20)
    assert not [line for line in console if line.startswith("404") or "Infinite extent" in line]
    eventually(lambda: pale_letters(page, 7 if theme == "contrast" else 4.5), [], timeout=20)
    for words in said(page):
        # A Chinese word is two characters.
        assert len(words) > (20 if language == "en" else 10) and "Vega" not in words
        assert language == "en" or re.search(r"[\u4e00-\u9fff]", words)
    assert not page.evaluate(OVERFLOW)
    assert language == "en" or re.search(r"[\u4e00-\u9fff]", page.locator(".stMain h4").first.inner_text())
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.keyboard.press("f")
    expect(page.locator(".stSidebar")).to_be_hidden()
    eventually(lambda: too_small(page), [], timeout=PATIENCE / 4)


def test_what_opens_over_a_page_breaks_no_rule(open_page):
    page = open_page("/?theme=contrast")
    for key in ("theme_button", "glossary"):
        page.locator(f".st-key-{key} button").first.click()
        page.locator("[data-testid=stPopoverBody]").first.wait_for()
        settled(page)
        eventually(lambda: violations(page), [], timeout=20)
        page.keyboard.press("Escape")
        expect(page.locator("[data-testid=stPopoverBody]")).to_have_count(0)


@pytest.mark.every_run
def test_the_theme_is_chosen_kept_on_the_next_page_and_by_a_link(open_page):
    page = open_page()
    bare = page.locator(INK).first.get_attribute("fill")
    page.locator(".st-key-theme_button button").first.click()
    page.get_by_text("Dark", exact=True).click()
    shown_in(page, True)
    expect(page.locator(".st-key-theme_dark button")).to_have_attribute("kind", "primary")
    eventually(lambda: hexadecimal(ends(page)), [palette.colours(True)[0], palette.colours(True)[-1]])
    assert "theme=dark" in page.url and page.locator(INK).first.get_attribute("fill") != bare
    page.keyboard.press("Escape")
    entries = page.evaluate("history.length")
    page.get_by_role("link", name="Softmax laboratory", exact=True).click()
    page.locator(".stMain svg.marks").first.wait_for()
    page.wait_for_function("location.pathname.endsWith('/softmax') && location.search.includes('theme=dark')")
    # Its address became complete in place: there is one step to go back to.
    assert page.evaluate("history.length") == entries + 1
    shown_in(page, True)
    page.go_back()
    page.locator(PANEL).wait_for()
    page.go_back()
    shown_in(page, False)
    # The system is asked again, and no more than that.
    page.emulate_media(color_scheme="dark")
    shown_in(page, True)


INKS = "(all) => [...new Set(all.map(one => getComputedStyle(one).color))]"


@pytest.mark.parametrize("theme", THEMES)
def test_a_button_that_cannot_be_pressed_yet_says_what_it_is(open_page, theme):
    page = open_page(f"/talk?theme={theme}", wait_for=".st-key-talk_play button:disabled")
    shown_in(page, theme == "dark")
    play, save = (page.locator(f".st-key-talk_{name} button p").evaluate_all(INKS) for name in ("play", "save"))
    assert play == save and (theme != "contrast" or play == ["rgb(0, 0, 0)"])


def test_chips_to_drag_are_black_in_high_contrast_numbers_and_all(open_page):
    page = open_page("/positions?positions=order&theme=contrast", wait_for=".chip small")
    look = "all => [...new Set(all.map(e => getComputedStyle(e)).map(s => s.color + ' ' + s.opacity))]"
    assert page.locator(".chip, .chip small").evaluate_all(look) == ["rgb(0, 0, 0) 1"]


def test_grey_words_are_black_in_high_contrast(open_page):
    page = open_page("/generate?model=gpt2-mini&theme=contrast", wait_for=".stMarkdownColoredText")
    assert page.locator(".stMarkdownColoredText").evaluate_all(INKS) == ["rgb(0, 0, 0)"]


BLACK = """() => [...document.querySelectorAll('.stDataFrame canvas')].map(canvas => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let black = 0;
  for (let i = 0; i < data.length; i += 4) black += data[i + 3] > 200 && data[i] + data[i + 1] + data[i + 2] < 60;
  return black;
})"""
"""Pixels of each canvas of a table that are black: in the light theme none of Streamlit's letters is."""


def test_tables_are_black_in_high_contrast_and_painted_anew_at_the_switch(open_page):
    page = open_page("/?view=numbers&theme=contrast")
    first = eventually(lambda: page.evaluate(BLACK), lambda found: found and min(found) > 0)
    for name, strong in (("light", False), ("contrast", True)):
        page.locator(".st-key-theme_button button").first.click()
        page.locator(f".st-key-theme_{name} button").click()
        page.keyboard.press("Escape")
        eventually(lambda: page.evaluate(BLACK), first if strong else [0] * len(first))


def test_the_key_goes_from_theme_to_theme_on_the_stage(open_page):
    page = open_page("/?stage=1&theme=dark")
    shown_in(page, True)
    before = painted(page)
    page.keyboard.press("t")
    shown_in(page, False)
    expect(page.locator(".stSidebar")).to_be_hidden()
    strong = [palette.strong(colour) for colour in (palette.colours()[0], palette.colours()[-1])]
    eventually(lambda: hexadecimal(ends(page)), strong)
    expect(page.locator(INK).first).to_have_attribute("fill", "#000000")
    # The small pictures, which the server paints, too.
    eventually(lambda: painted(page), lambda now: now != before)
    page.keyboard.press("t")
    eventually(lambda: hexadecimal(ends(page)), [palette.colours()[0], palette.colours()[-1]])
    assert "theme=light" in page.url


@pytest.mark.parametrize("first", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
def test_a_switch_of_the_system_redraws_page_and_charts(open_page, first):
    page = open_page("/?layer=0&head=0", theme=first)
    other = first == "light"
    scale = [palette.colours(other)[0], palette.colours(other)[-1]]
    shown_in(page, not other)
    assert hexadecimal(ends(page)) != scale
    axis = page.locator(f"{PANEL} .role-axis-label text").first
    page.emulate_media(color_scheme="dark" if other else "light")
    shown_in(page, other)
    eventually(lambda: hexadecimal(ends(page)), scale)
    expect(axis).to_have_attribute("fill", palette.faint(other))
    # And back, before anything else has run.
    page.emulate_media(color_scheme=first)
    shown_in(page, not other)
    eventually(lambda: hexadecimal(ends(page)), [palette.colours(not other)[0], palette.colours(not other)[-1]])


def test_a_chosen_theme_is_not_the_systems_business(open_page):
    page = open_page("/?theme=light&layer=0&head=0", theme="dark")
    shown_in(page, False)
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")
    settled(page)
    assert colour(page) == palette.rgb(palette.page(False)[0])
    assert hexadecimal(ends(page)) == [palette.colours()[0], palette.colours()[-1]]


@pytest.mark.every_run
def test_a_row_is_pinned_and_a_head_is_chosen_without_a_mouse(open_page):
    page = open_page("/?layer=0&head=2")
    chart = page.locator(f"{PANEL} .stVegaLiteChart")
    expect(chart).to_have_attribute("tabindex", "0")
    chart.focus()
    page.keyboard.press("ArrowRight")
    # A cell is read out: what it is of, and its weight.
    said_of_it = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "[CLS] (0)" in said_of_it and "weight" in said_of_it
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("new URLSearchParams(location.search).get('q') === '1'")
    page.locator(".st-key-pinned").get_by_text("the (position 1)").wait_for()
    # The arrows did not go to another head.
    assert "layer=0&head=2" in page.url
    grid = page.locator(".st-key-head_grid .stVegaLiteChart")
    grid.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(PANEL).get_by_text("Layer 1, head 0").wait_for()


def test_a_row_of_a_long_text_is_pinned_by_name(open_page):
    page = open_page("/?text=" + "%20".join(["cat"] * 60))
    choice = page.locator(".st-key-q input")
    choice.focus()
    page.keyboard.type("57 cat")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("new URLSearchParams(location.search).get('q') === '57'")
    page.locator(".st-key-pinned").get_by_text("cat (position 57)").wait_for()
