"""The text bar, the languages and the stage, as a person at a desk or in a hall meets them."""

import re

import pytest
from playwright.sync_api import expect

from explorer import i18n
from explorer.ui.common import model_names
from scripts import find_browser
from tests.browser.letters import cut, too_small
from tests.browser.waiting import eventually, resting_box

GRID = ".st-key-head_grid svg.marks"
TEXT = ".st-key-text_bar textarea"
PAGES = {
    "attention": "/",
    "heads": "/heads",
    "atlas": "/atlas",
    "syntax": "/syntax",
    "weights": "/weights",
    "beyond": "/beyond",
    "compare": "/compare",
    "generate": "/generate",
    "prune": "/prune?limit=12",
    "importance": "/importance?limit=12",
    "training": "/training",
    "softmax": "/softmax",
    "positions": "/positions",
    "claims": "/claims",
    "talk": "/talk",
}
OVERFLOW = """() => [...document.querySelectorAll('.stMain button, .stMain label, .stMain [data-testid=stCaptionContainer] p, .stSidebar a')]
  .filter(e => e.getBoundingClientRect().width > 0 && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).overflowX !== 'visible')
  .map(e => e.innerText)"""


@pytest.mark.every_run
def test_enter_applies_and_shift_and_enter_begins_a_line(open_page):
    page = open_page()
    box = page.locator(TEXT).first
    box.fill("Seven green apples.")
    box.press("Enter")
    expect(page.locator(".chips span", has_text="apples")).to_have_count(1)
    expect(box).to_have_value("Seven green apples.")
    box.press("End")
    box.press("Shift+Enter")
    box.press_sequentially("Two dogs.")
    expect(box).to_have_value("Seven green apples.\nTwo dogs.")
    expect(page.locator(".chips span", has_text="dogs")).to_have_count(0)
    box.press("Enter")
    expect(page.locator(".chips span", has_text="dogs")).to_have_count(1)


def test_the_enter_of_an_input_method_does_not_apply(open_page):
    page = open_page()
    box = page.locator(TEXT).first
    box.fill("wo ai")
    box.evaluate("e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, isComposing: true}))")
    box.evaluate("e => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))")
    box.press("Enter")
    # Applied once, by the last one: one step of the history.
    expect(page.locator(".chips span", has_text="wo")).to_have_count(1)
    page.go_back()
    expect(page.locator(".chips span", has_text="cat")).to_have_count(1)


@pytest.mark.every_run
def test_the_text_and_the_model_are_seen_without_a_scroll(open_page):
    page = open_page()
    for place in (TEXT, ".st-key-model", ".st-key-device", ".st-key-dtype", ".chips"):
        box = page.locator(place).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 900
    sidebar = page.locator("[data-testid=stSidebarContent]")
    assert sidebar.evaluate("e => e.scrollHeight <= e.clientHeight + 1")


def test_the_switch_of_the_language_keeps_the_view(open_page):
    page = open_page("/?layer=3&head=5&special=hidden")
    page.get_by_text("中文", exact=True).click()
    page.locator(".st-key-head_panel").get_by_text("第 3 层，头 5").wait_for()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert re.search(r"special=hidden", page.url) and re.search(r"lang=zh", page.url)
    expect(page.locator(".st-key-special input")).to_have_value("隐藏")
    page.get_by_role("link", name="头剪枝").click()
    page.locator(".st-key-effect").wait_for()
    expect(page.get_by_role("link", name="注意力", exact=True)).to_be_visible()


def test_what_streamlit_says_itself_is_in_the_viewers_language(open_page):
    page = open_page("/syntax?treebank=file&lang=zh", wait_for="[data-testid=stFileUploader]")
    given = page.locator("[data-testid=stFileUploader]")
    expect(given.get_by_role("button", name="选择文件")).to_be_visible()
    expect(given).to_contain_text("每个文件至多 50MB • CONLLU, TXT")
    model = page.locator(".st-key-model input")
    expect(model).to_have_attribute("placeholder", "选择或输入一项")
    model.fill("Upload")
    # What a person typed stays as it is.
    expect(page.get_by_role("option")).to_have_text("添加：Upload")
    model.press("Escape")
    page.get_by_text("EN", exact=True).click()
    expect(given).to_contain_text("50MB per file")
    expect(given.get_by_role("button", name="Upload", exact=True)).to_be_visible()
    expect(model).to_have_attribute("placeholder", "Choose or add an option")
    page.get_by_text("中文", exact=True).click()
    expect(given).to_contain_text("每个文件至多 50MB")


def test_the_menu_of_a_table_is_in_the_viewers_language_and_its_tools_cover_no_button(open_page):
    page = open_page("/?view=numbers&lang=zh", wait_for=".stDataFrame canvas")
    box = page.locator(".stDataFrame").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    tools = page.locator(".st-key-head_panel [data-testid=stElementToolbar]").first
    expect(tools).to_be_visible()
    assert tools.bounding_box()["y"] > box["y"]
    expect(tools.get_by_role("button", name="下载 CSV")).to_be_visible()


@pytest.mark.every_run
def test_chinese_is_really_drawn(open_page):
    if not find_browser.draws_chinese():
        pytest.skip("no font with Chinese: `make test` installs one where it may")
    page = open_page("/?lang=zh")
    page.get_by_role("link", name="注意力", exact=True).wait_for()
    wide, missing = page.evaluate(
        """() => { const pen = document.createElement('canvas').getContext('2d');
                   pen.font = `40px ${getComputedStyle(document.body).fontFamily}`;
                   const ink = (text) => {
                     const canvas = document.createElement('canvas');
                     canvas.width = canvas.height = 60;
                     const of = canvas.getContext('2d');
                     of.font = pen.font;
                     of.fillText(text, 5, 48);
                     return of.getImageData(0, 0, 60, 60).data.filter((value, i) => i % 4 === 3 && value > 60).length;
                   };
                   return [ink('注'), ink('\\u{10FFFD}')]; }"""
    )
    assert wide and wide != missing


def test_the_grid_grows_with_the_window(open_page):
    page = open_page()

    def width() -> float:
        return page.locator(GRID).bounding_box()["width"]

    before = width()
    page.set_viewport_size({"width": 1920, "height": 1080})
    eventually(width, lambda now: now > 1.3 * before)
    page.locator(f"{GRID} image").nth(3 * 14 + 5).click(force=True)
    page.locator(".st-key-head_panel").get_by_text("Layer 3, head 5").wait_for()
    page.set_viewport_size({"width": 1024, "height": 768})
    eventually(width, lambda now: now < before)


LETTERS = """() => Math.min(...[...document.querySelectorAll('.stMain svg.marks')].flatMap(svg => [...svg.querySelectorAll('text')]
  .filter(e => e.textContent.trim())
  .map(e => parseFloat(e.getAttribute('font-size')) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)))"""


def test_in_a_small_window_the_sidebar_makes_room_until_it_is_asked_for(open_page):
    page = open_page(size=(1024, 768))
    side = page.locator(".stSidebar")
    expect(side).to_have_attribute("data-collapsed", "true")
    eventually(lambda: page.evaluate(LETTERS), lambda least: least > 11.9)
    # Nothing lies over the text.
    box = page.locator(TEXT).first.bounding_box()
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).tagName", [box["x"] + 20, box["y"] + 2]) == "TEXTAREA"
    page.reload()
    page.locator(GRID).wait_for()
    expect(side).to_have_attribute("data-collapsed", "true")
    page.locator("[data-testid=stExpandSidebarButton]").click()
    page.get_by_role("link", name="Know every head").click()
    page.locator(".st-key-one_head").wait_for()
    expect(side).to_have_attribute("data-collapsed", "false")
    page.reload()
    page.locator(".st-key-one_head").wait_for()
    expect(side).to_have_attribute("data-collapsed", "false")


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("size", [(1440, 900), (1024, 768)])
def test_the_title_of_every_model_is_seen_whole(open_page, language, size):
    page = open_page(f"/?lang={language}", size=size)
    if size[0] < 1100:
        page.locator("[data-testid=stExpandSidebarButton]").click()
    with i18n.speaking(language):
        titles = [model_names.title(name) for name in model_names.names()]
    resting_box(page, ".st-key-model input")
    box = page.locator(".st-key-model input")
    assert not cut(box, titles)


def test_who_clicks_a_head_away_on_a_stage_sees_what_that_does(open_page):
    page = open_page("/prune?limit=12&stage=1", wait_for=".st-key-board svg.marks", size=(1920, 1080))
    board, effect = page.locator(".st-key-board svg.marks"), page.locator(".st-key-effect")
    box = board.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    expect(effect.get_by_text("1 of 72 heads removed")).to_be_visible()
    expect(effect.locator("[data-testid=stMetricDelta]").first).to_be_visible()
    beside, below = effect.bounding_box(), effect.locator("[data-testid=stMetricDelta]").first.bounding_box()
    assert beside["x"] > box["x"] + box["width"] and below["y"] + below["height"] < 1080
    assert not too_small(page)
    # And what is said beside the pointer is read from the last row, too.
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    page.locator("#vg-tooltip-element.visible td").first.wait_for()
    assert not too_small(page, "#vg-tooltip-element")


@pytest.mark.parametrize("theme", ["light", "contrast"])
def test_a_click_beside_everything_draws_no_line_through_the_page(open_page, theme):
    page = open_page(f"/course?demo=Q3&step=show&stage=1&theme={theme}", wait_for=".st-key-course_pictures svg.marks", size=(1920, 1080))
    page.mouse.click(960, 1000)
    page.keyboard.press("ArrowRight")
    page.locator(".course-measures").wait_for()
    assert page.evaluate("document.activeElement.matches('.stMain:focus-visible')")
    drawn = page.evaluate(
        "['', '::before'].map(of => getComputedStyle(document.querySelector('.stMain'), of || null)).map(s => [s.boxShadow, s.outlineStyle])"
    )
    assert all(shadow == "none" and outline == "none" for shadow, outline in drawn)


@pytest.mark.every_run
def test_f_enters_the_stage_and_escape_leaves_it(open_page):
    page = open_page()
    page.locator(".st-key-text_bar").wait_for()
    page.keyboard.press("f")
    page.locator(".st-key-stage_is_on").wait_for(state="attached")
    expect(page.locator(".stSidebar")).to_be_hidden()
    page.keyboard.press(".")
    expect(page.locator(".stage-curtain")).to_be_visible()
    page.keyboard.press(".")
    expect(page.locator(".stage-curtain")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator(".stage-help")).to_contain_text("Page Down")
    page.keyboard.press("Escape")
    expect(page.locator(".stage-help")).to_have_count(0)
    page.keyboard.press(".")
    page.keyboard.press("f")
    # The curtain belongs to the stage.
    expect(page.locator(".stSidebar")).to_be_visible()
    expect(page.locator(".stage-curtain")).to_have_count(0)
    page.keyboard.press("f")
    page.locator(".st-key-stage_is_on").wait_for(state="attached")
    page.keyboard.press("Escape")
    expect(page.locator(".stSidebar")).to_be_visible()
    page.wait_for_function("!location.search.includes('stage')")


def test_letters_of_the_keys_are_letters_in_a_text(open_page):
    page = open_page()
    box = page.locator(TEXT).first
    box.fill("")
    box.press_sequentially("f.?")
    expect(box).to_have_value("f.?")
    expect(page.locator(".st-key-stage_is_on")).to_have_count(0)


def test_each_page_has_its_own_title_and_the_glossary_is_a_click_away(open_page):
    page = open_page("/softmax", wait_for=".stMain svg.marks")
    expect(page).to_have_title("Softmax laboratory · Attention Explorer")
    page.locator(".st-key-glossary button").first.click()
    expect(page.get_by_text("diag(p) − p pᵀ")).to_be_visible()
    page.goto(page.url.split("/softmax")[0] + "/?lang=zh")
    expect(page).to_have_title("注意力 · Attention Explorer")


SEEN = """(selector) => [...document.querySelectorAll(selector)].map(svg => {
  const box = svg.getBoundingClientRect();
  return box.width * Math.max(0, Math.min(box.bottom, innerHeight) - Math.max(box.top, 0)) / innerWidth / innerHeight;
}).reduce((sum, share) => sum + share, 0)"""
ENDS = "(selector) => Math.max(...[...document.querySelectorAll(selector)].map(svg => svg.getBoundingClientRect().bottom))"


@pytest.mark.parametrize(
    ("path", "figures", "least"),
    [
        ("/?stage=1", GRID, 0.45),
        ("/softmax?stage=1", ".st-key-vectors svg.marks", 0.75),
        ("/positions?stage=1", ".st-key-sinusoidal svg.marks", 0.75),
        ("/training?stage=1", ":is(.st-key-lab_film, .st-key-lab_plots) svg.marks", 0.75),
    ],
)
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_pictures_fill_a_stage_and_end_with_its_window(open_page, path, figures, least, language):
    page = open_page(f"{path}&lang={language}", wait_for=figures, size=(1920, 1080))
    eventually(lambda: page.evaluate(SEEN, figures), lambda share: share >= least, timeout=30)
    eventually(lambda: page.evaluate(ENDS, figures), lambda end: end <= 1080, timeout=30)
    assert not too_small(page)


@pytest.mark.parametrize("path", ["/training", "/training?lab_preset=reversal"])
def test_tokens_of_the_labs_maps_are_read_at_a_desk(open_page, path):
    page = open_page(path, wait_for=".st-key-lab_film svg.marks")
    eventually(lambda: page.evaluate(LETTERS), lambda least: least >= 11.95, timeout=30)


def test_the_colour_bar_of_a_head_is_seen_at_a_desk_without_a_scroll(open_page):
    page = open_page()
    page.locator(".st-key-head_panel svg.marks").wait_for()
    eventually(lambda: page.evaluate(ENDS, ".st-key-head_panel svg.marks"), lambda end: end <= 900, timeout=30)
