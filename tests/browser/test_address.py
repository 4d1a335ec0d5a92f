"""The address as a person uses it: links, Back and Forward, other pages; and what only a browser can get wrong."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import addressed, eventually, settled

GRID = ".st-key-head_grid [data-testid=stVegaLiteChart]"
PANEL = ".st-key-head_panel"


def shown(page, words: str) -> None:
    page.locator(PANEL).get_by_text(words).first.wait_for()


def click_head(page, layer: int, head: int) -> None:
    page.locator(f"{GRID} image").nth(layer * 14 + head).click(force=True)


@pytest.mark.every_run
def test_a_click_on_a_head_is_one_step_and_back_undoes_it(open_page):
    page = open_page("/?layer=0&head=0")
    shown(page, "Layer 0, head 0")
    before = page.evaluate("history.length")
    click_head(page, 3, 5)
    shown(page, "Layer 3, head 5")
    addressed(page, 3, 5)
    click_head(page, 4, 2)
    shown(page, "Layer 4, head 2")
    addressed(page, 4, 2)
    assert page.evaluate("history.length") == before + 2
    page.go_back()
    shown(page, "Layer 3, head 5")
    # The frame in the grid follows, though nobody clicked there.
    framed = page.locator(f"{GRID} .mark-rect path[stroke-width='3']")
    eventually(lambda: framed.first.get_attribute("aria-label"), lambda label: "layer 3, head 5" in (label or ""))
    page.go_back()
    shown(page, "Layer 0, head 0")
    page.go_forward()
    shown(page, "Layer 3, head 5")


@pytest.mark.every_run
def test_back_undoes_the_first_thing_that_is_done_on_a_page_whose_address_names_nothing(open_page):
    page = open_page("/softmax", wait_for=".stMain svg.marks")
    chosen = page.locator(".st-key-controls [aria-checked=true], .st-key-controls button[kind$=Active]")
    expect(chosen).to_have_text("Random vectors")
    page.locator(".st-key-controls").get_by_text("Four lookups", exact=True).click()
    page.wait_for_function("location.search === '?softmax=lookups'")
    expect(chosen).to_have_text("Four lookups")
    page.go_back()
    expect(chosen).to_have_text("Random vectors")
    page.wait_for_function("location.search === ''")
    page.go_forward()
    expect(chosen).to_have_text("Four lookups")


def test_back_takes_a_branch_of_a_generated_text_away(open_page):
    page = open_page("/generate", wait_for=".st-key-branch button")
    text = page.get_by_label("Text", exact=True)
    before = text.input_value()
    page.locator(".st-key-branch button").first.click()
    page.wait_for_function("location.search.includes('text=')")
    expect(text).not_to_have_value(before)
    page.go_back()
    expect(text).to_have_value(before)
    page.go_forward()
    expect(text).not_to_have_value(before)


@pytest.mark.every_run
def test_a_link_keeps_its_model_text_and_head_over_other_pages(open_page):
    page = open_page("/?model=bert-mini&text=Seven+green+apples.&layer=2&head=3")
    shown(page, "Layer 2, head 3")
    for name, there in (("Know every head", ".st-key-one_head"), ("Attention", PANEL)):
        page.get_by_role("link", name=name, exact=True).click()
        page.locator(there).get_by_text("Layer 2, head 3").first.wait_for()
        page.get_by_text("bert-mini").first.wait_for()
        expect(page.get_by_label("Text", exact=True)).to_have_value("Seven green apples.")
        page.wait_for_function("['model=bert-mini', 'text=Seven', 'layer=2', 'head=3'].every(part => location.search.includes(part))")


def test_the_link_that_is_offered_is_the_address_also_on_a_page_just_opened(open_page):
    page = open_page("/?text=Seven+green+apples.&layer=2&head=3")
    for name in ("Beyond the weights", "Compare", "Attention"):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("button", name="Take away").first.wait_for()
        page.wait_for_function("location.search.includes('text=Seven')")
        settled(page)
        page.get_by_role("button", name="Take away").first.click()
        body = page.locator("[data-testid=stPopoverBody]")
        body.get_by_text("Link to this view").wait_for()
        offered = body.locator("[data-testid=stCode]").last.inner_text()
        assert urlsplit(offered)[:3] == urlsplit(page.url)[:3]
        assert dict(parse_qsl(urlsplit(offered).query)) == dict(parse_qsl(urlsplit(page.url).query)) != {}
        page.keyboard.press("Escape")
        body.wait_for(state="hidden")


def test_the_address_holds_names_and_back_undoes_a_choice(open_page):
    page = open_page("/?layer=0&head=0")
    page.get_by_role("radio", name="Numbers").or_(page.get_by_text("Numbers", exact=True)).first.click()
    page.wait_for_function("location.search.includes('view=numbers')")
    page.locator(PANEL).locator("[data-testid=stDataFrame]").wait_for()
    page.go_back()
    page.locator(f"{PANEL} svg.marks").first.wait_for()


def test_a_text_that_is_too_long_for_an_address_stays_when_one_goes_back(open_page):
    page, text = open_page("/?layer=0&head=0"), ("My own essay. " * 300).strip()
    box = page.get_by_label("Text", exact=True)
    box.fill(text)
    box.press("Control+Enter")
    page.get_by_text("512 tokens").first.wait_for()
    # While the long text is drawn, the panel of the one before is still there.
    expect(page.locator(".st-key-go_Right button")).to_have_count(1)
    page.locator(".st-key-go_Right button").click()
    shown(page, "Layer 0, head 1")
    addressed(page, 0, 1)
    page.go_back()
    shown(page, "Layer 0, head 0")
    expect(box).to_have_value(text)
    page.get_by_text("512 tokens").first.wait_for()
    page.go_forward()
    shown(page, "Layer 0, head 1")
    page.get_by_text("512 tokens").first.wait_for()


def test_a_page_that_is_come_back_to_is_as_it_was_left(open_page):
    page = open_page("/?view=numbers&special=hidden", wait_for=f"{PANEL} [data-testid=stDataFrame]")
    page.get_by_role("link", name="Compare", exact=True).click()
    page.locator(".st-key-changed_heads").wait_for()
    page.get_by_role("link", name="Attention", exact=True).click()
    page.locator(f"{PANEL} [data-testid=stDataFrame]").wait_for()
    page.wait_for_function("['view=numbers', 'special=hidden'].every(part => location.search.includes(part))")


def test_a_colour_bar_keeps_its_colours_when_the_address_changes(open_page):
    page = open_page("/?layer=0&head=0")
    bar = page.locator(f"{PANEL} svg.marks [fill^='url(']")
    gradient_of = """one => {
      const place = one.getAttribute('fill').slice(4, -1);
      return place.startsWith('#') && document.querySelector(place)?.tagName === 'linearGradient';
    }"""
    for text in ("Green apples fell from a tree.", "The dog slept."):
        page.get_by_label("Text", exact=True).fill(text)
        page.get_by_label("Text", exact=True).press("Control+Enter")
        shown(page, "Layer 0, head 0")
        page.wait_for_function("words => new URLSearchParams(location.search).get('text') === words", arg=text)
        # Named by its place in the page, whatever the address is.
        # In one look: the picture may be drawn anew between two.
        eventually(lambda: bar.first.evaluate(gradient_of), lambda found: found)


def test_a_page_whose_parameters_come_long_before_its_name_is_one_step(open_page):
    """As on a busy machine, where the server is slow between the two: Back would end on a page that nobody opened."""
    page = open_page("/softmax", wait_for=".stMain svg.marks")
    page.keyboard.press("Shift")
    entries = page.evaluate("history.length")
    page.evaluate("history.pushState({}, '', '/course?model=a&layer=3')")
    # Longer than what counts as at once: the page's clock is put on.
    page.evaluate("{ const now = performance.now.bind(performance); performance.now = () => now() + 60000; }")
    page.evaluate("history.pushState({}, '', '/?model=a&layer=3')")
    assert page.evaluate("history.length") == entries + 1 and page.evaluate("location.pathname") == "/"
    page.keyboard.press("Shift")
    page.evaluate("history.pushState({}, '', '/prune?model=a&layer=3')")
    assert page.evaluate("history.length") == entries + 2
