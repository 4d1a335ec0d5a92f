"""The attention page, as a viewer sees it."""

import csv
import io
import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

import explorer
from benchmarks import shapes
from explorer.charts.common import palette
from explorer.examples import EXAMPLES
from tests.browser.accessibility import hexadecimal
from tests.browser.waiting import addressed, settled

GRID = ".st-key-head_grid [data-testid=stVegaLiteChart]"
PANEL = ".st-key-head_panel"


def click_head(page, layer: int, head: int, columns: int = 14) -> None:
    page.locator(f"{GRID} image").nth(layer * columns + head).click(force=True)


def map_of(page):
    return page.locator(f"{PANEL} [data-testid=stVegaLiteChart]").first


def cells(page):
    return map_of(page).locator(".mark-rect").first.locator("path")


@pytest.mark.every_run
def test_all_heads_are_drawn_a_click_shows_one_and_arrow_keys_its_neighbours(open_page):
    page = open_page()
    expect(page.locator(f"{GRID} image")).to_have_count(6 * 14)
    page.locator(PANEL).get_by_text("Layer 0, head 0").wait_for()
    # 13 tokens: 169 cells
    expect(cells(page)).to_have_count(13 * 13)
    click_head(page, 3, 5)
    page.locator(PANEL).get_by_text("Layer 3, head 5").wait_for()
    page.wait_for_function("location.search.includes('layer=3') && location.search.includes('head=5')")
    page.keyboard.press("ArrowRight")
    page.locator(PANEL).get_by_text("Layer 3, head 6").wait_for()
    page.keyboard.press("ArrowDown")
    page.locator(PANEL).get_by_text("Layer 4, head 6").wait_for()


def test_a_clicked_token_pins_its_row_as_bars(open_page):
    page = open_page("/?layer=0&head=2")
    page.locator(f"{PANEL} .mark-text.role-mark text", has_text="cat").first.click()
    expect(page.locator(".st-key-pinned .mark-rect path")).to_have_count(13)
    page.locator(".st-key-pinned").get_by_text("cat (position 2)").wait_for()


@pytest.mark.every_run
def test_both_bertviz_views_draw_without_a_network(open_page):
    page = open_page("/?view=Lines&layer=1&head=2")
    frame = page.frame_locator(f"{PANEL} iframe")
    frame.locator("svg line").nth(13 * 13 - 1).wait_for(state="attached")
    assert frame.locator("svg text").count() >= 26
    page = open_page("/?view=Whole%20model", theme="dark")
    frame = page.frame_locator(f"{PANEL} iframe")
    frame.locator("svg line").nth(6 * 12 * 13).wait_for(state="attached")


@pytest.mark.parametrize("view", ["lines", "model"])
def test_bertviz_is_strong_where_the_page_is_and_speaks_its_language(open_page, view):
    page = open_page(f"/?view={view}&theme=contrast&lang=zh")
    frame = page.frame_locator(f"{PANEL} iframe")
    frame.locator("svg line").nth(13 * 13 - 1).wait_for(state="attached")
    words = frame.locator("body").inner_text()
    assert not {"Layer", "Layers", "Heads"} & set(re.findall(r"\w+", words)) and "层" in words
    seen = frame.locator("body").evaluate(
        "body => [...body.querySelectorAll('svg text, select')].map(e => getComputedStyle(e)[e.tagName === 'SELECT' ? 'color' : 'fill'])"
    )
    assert set(seen) == {"rgb(0, 0, 0)"}
    drawn = frame.locator("svg line").evaluate_all("all => [...new Set(all.map(e => getComputedStyle(e).stroke))]")
    assert drawn and all(palette.on_white(one) == one for one in hexadecimal(drawn))


def test_neurons_are_drawn_and_sum_to_the_score(open_page):
    page = open_page("/?view=Neurons&layer=0&head=2&q=3")
    readout = page.locator(f"{PANEL} [data-testid=stCaptionContainer]", has_text="score")
    total, scale, added, score = (float(n) for n in re.findall(r"-?\d+\.\d+", readout.inner_text())[:4])
    assert abs(total * scale + added - score) < 2e-2
    page.locator(f"{PANEL} .mark-rect path").nth(3 * 32 - 1).wait_for(state="attached")


def test_one_token_is_followed_by_a_click_and_a_row_opens_its_head(open_page):
    page = open_page("/?view=token&layer=2&head=8&q=2", wait_for=".st-key-one_token svg.marks")
    drawn, panel = page.locator(".st-key-one_token"), page.locator(PANEL)
    frame = drawn.locator("text", has_text=re.compile(r"^2\.8$"))
    expect(frame).to_have_attribute("opacity", "1")
    drawn.locator("path[aria-label*='where: layer 4, head 3;']").first.click(force=True)
    panel.get_by_text("Layer 4, head 3").wait_for()
    addressed(page, 4, 3)
    expect(panel).to_contain_text("From cat (position 2)")
    # A token that is clicked is followed; the frame stays where it is.
    drawn.locator(".mark-text text", has_text=re.compile("^mat$")).click()
    expect(panel).to_contain_text("From mat (position 6)")
    expect(page).to_have_url(re.compile("q=6"))
    for token in ("mat", "sat"):
        drawn.locator(".mark-text text", has_text=re.compile(f"^{token}$")).click()
        panel.get_by_text(f"From {token} (position").wait_for()
        expect(drawn.locator("text", has_text=re.compile(r"^4\.3$"))).to_have_attribute("opacity", "1")
    # So is one that is named as what a layer looks at most.
    panel.locator("svg.marks text", has_text=re.compile("^mat$")).first.click()
    expect(panel).to_contain_text("From mat (position 6)")
    page.go_back()
    expect(panel).to_contain_text("From sat (position 3)")
    page.keyboard.press("ArrowRight")
    panel.get_by_text("Layer 4, head 4").wait_for()


@pytest.mark.every_run
def test_text_is_never_markup(open_page):
    hostile = "</script><img src=x onerror=alert(1)>"
    shown = {
        "Map": lambda page: page.locator(f"{PANEL} svg.marks text", has_text="<"),
        "One token": lambda page: page.locator(f"{PANEL} svg.marks text", has_text="<"),
        "Lines": lambda page: page.frame_locator(f"{PANEL} iframe").locator("svg text", has_text="<"),
        "Whole model": lambda page: page.frame_locator(f"{PANEL} iframe").locator("svg line"),
        "Neurons": lambda page: page.locator(f"{PANEL} .mark-rect path"),
        "Numbers": lambda page: page.locator(f"{PANEL} [data-testid=stDataFrame] canvas"),
    }
    # `open_page` listens: in the end no dialog may have come up.
    page = open_page(f"/?text={quote(hostile)}&q=1")
    for view, drawn in shown.items():
        page.get_by_role("radio", name=view, exact=True).click()
        drawn(page).first.wait_for(state="attached")
        settled(page)
        for frame in page.frames:
            assert frame.locator("img[src='x']").count() == 0
        if view == "Lines":
            assert page.frame_locator(f"{PANEL} iframe").locator("svg line").count() > 100


def test_a_cell_has_the_colour_of_its_weight_and_says_it_with_both_tokens(open_page, bert):
    page = open_page("/?layer=0&head=2&text=The%20cat%20sat%20down.")
    cells(page).nth(2 * 7 + 1).hover(force=True)
    weight = explorer.capture(bert, "The cat sat down.").pattern(0, 2)[2, 1]
    for readout in ("cat", "the", f"{weight:.4f}"):
        expect(page.locator("#vg-tooltip-element")).to_contain_text(readout)
    pattern = explorer.capture(bert, "The cat sat down.").pattern(0, 2)
    expect(cells(page)).to_have_count(pattern.size)
    fills = cells(page).evaluate_all("paths => paths.map(path => path.getAttribute('fill'))")
    for fill, weight in zip(fills, pattern.ravel(), strict=True):
        expected = palette.table()[round(float(weight) * 255)]
        assert np.abs(np.array([int(n) for n in re.findall(r"\d+", fill)]) - expected).max() <= 4


def test_what_a_token_may_not_see_is_not_drawn_as_zero(open_page, tiny_folder):
    page = open_page(f"/?model={quote(tiny_folder('llama'))}&text=the%20cat%20sat%20on")
    expect(cells(page)).to_have_count(4 * 5 // 2)
    assert map_of(page).locator(f"path[fill='{palette.masked()}']").count() >= 1


def test_a_pair_can_be_seen_across_only(open_page):
    page = open_page("/?text=Where%20did%20they%20play%3F&pair=In%20the%20garden.&pairs=A%E2%86%92B&layer=2&head=1")
    # [CLS] where did they play ? [SEP] -> in the garden . [SEP]
    expect(cells(page)).to_have_count(7 * 5)


@pytest.mark.every_run
def test_two_viewers_two_models_two_texts(open_page, tiny_folder):
    first = open_page(f"/?model={quote(tiny_folder('bart'))}&text=the%20dog%20sat&target=a%20mat&part=cross")
    second = open_page("/?text=Seven%20green%20apples%20fell.&layer=4&head=7", theme="dark")
    first.locator(GRID).locator("image").nth(1).click(force=True)
    second.locator(GRID).locator("image").nth(2 * 14 + 3).click(force=True)
    first.locator(PANEL).get_by_text("Layer 0, head 1").wait_for()
    second.locator(PANEL).get_by_text("Layer 2, head 3").wait_for()
    expect(first.locator(f"{GRID} image")).to_have_count(2 * 6)
    expect(second.locator(f"{GRID} image")).to_have_count(6 * 14)
    texts = [page.locator(f"{PANEL} .mark-text.role-mark").first.text_content() for page in (first, second)]
    assert "apples" not in texts[0] and "apples" in texts[1]
    # Cross-attention: target tokens attend from, source tokens are attended to.
    assert "mat" not in map_of(first).locator(".role-axis").first.text_content()
    assert "dog" in map_of(first).locator(".role-axis").first.text_content()


def test_pictures_and_numbers_can_be_taken_away(open_page, bert):
    page = open_page("/?layer=0&head=2&q=2")
    page.get_by_role("button", name="Take away").click()
    page.get_by_text("Link to this view").wait_for()
    found = {}
    for title, endings in (("This map", ("PNG", "SVG", "CSV")), ("All heads", ("SVG", "NPZ"))):
        row = page.locator("[data-testid=stPopoverBody] [data-testid=stHorizontalBlock], [data-testid=stPopoverBody] .stHorizontalBlock")
        row = row.filter(has_text=title).last
        for ending in endings:
            with page.expect_download() as download:
                row.get_by_role("button", name=ending).click()
            found[title, ending] = Path(download.value.path()).read_bytes()
    assert found["This map", "PNG"].startswith(b"\x89PNG") and b">cat<" in found["This map", "SVG"]
    assert found["All heads", "SVG"].count(b"<image") == 6 * 14
    table = list(csv.DictReader(io.StringIO(found["This map", "CSV"].decode("utf-8-sig"))))
    captured = explorer.capture(bert, EXAMPLES[0].text)
    assert float(table[13 * 2 + 1]["weight"]) == pytest.approx(captured.pattern(0, 2)[2, 1], abs=1e-8)
    with np.load(io.BytesIO(found["All heads", "NPZ"])) as file:
        assert file["pattern"].shape == (6, 12, 13, 13)


def test_144_heads_at_128_tokens_are_a_small_message(open_page, app_url, tmp_path):
    shapes.bert_base(tmp_path)
    page = open_page(wait_for=f"{GRID} image")
    received = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    page.goto(f"{app_url}/?model={quote(str(tmp_path))}&text={quote(shapes.bert_text(128))}")
    expect(page.locator(f"{GRID} image")).to_have_count(12 * 14)
    page.locator(PANEL).get_by_text("Layer 0, head 0").wait_for()
    settled(page)
    assert 50_000 < sum(received) <= 1.2e6


def test_other_alphabets_draw(open_page, bert):
    first, *others = ("שלום עולם, this is mixed", "🙂 🏳️‍🌈 flags", "我爱你，你爱我。")
    page, seen = open_page(f"/?text={quote(first)}&layer=1&head=1"), set()
    for text in (first, *others):
        if text != first:
            page.get_by_label("Text", exact=True).fill(text)
            page.keyboard.press("Control+Enter")
        n = len(explorer.capture(bert, text).queries().labels)
        assert n > 4 and n not in seen, "a picture of another text would do"
        seen.add(n)
        expect(cells(page)).to_have_count(n * n)


@pytest.mark.every_run
def test_a_very_long_text_is_cut_with_a_note_and_the_page_lives(open_page):
    page = open_page()
    page.get_by_label("Text", exact=True).fill("word " * 100_000)
    page.keyboard.press("Control+Enter")
    page.get_by_text("The text is cut at 512 of 100002 tokens").wait_for()
    page.locator(f"{GRID} image").nth(83).wait_for()
    page.get_by_label("Text", exact=True).fill("Short again.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("5 tokens").wait_for()


def test_a_model_that_cannot_be_opened_leaves_the_last_one(open_page):
    page = open_page("/?model=owner%2Fmodel")
    page.locator("[data-testid=stAlert]").get_by_text("cannot be reached").wait_for()
    expect(page.locator(f"{GRID} image")).to_have_count(84)


def test_a_model_outside_the_interface_says_that_it_is_view_only(open_page, tiny_folder):
    page = open_page(f"/?model={quote(tiny_folder('falcon'))}&text=the%20cat%20sat&view=Neurons")
    page.locator("[data-testid=stSidebar]").get_by_text("View-only").wait_for()
    page.locator(PANEL).get_by_text("no queries, keys or values").wait_for()
    expect(page.locator(f"{GRID} image")).to_have_count(2 * 6)
