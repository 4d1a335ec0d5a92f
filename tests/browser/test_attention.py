"""The attention page, as a viewer sees it."""

import re
from urllib.parse import quote

GRID = ".st-key-head_grid [data-testid=stVegaLiteChart]"
PANEL = ".st-key-head_panel"


def click_head(page, layer: int, head: int, columns: int = 14) -> None:
    page.locator(f"{GRID} image").nth(layer * columns + head).click(force=True)


def test_all_heads_are_drawn_and_a_click_shows_one(open_page):
    page = open_page()
    assert page.locator(f"{GRID} image").count() == 6 * 14
    page.locator(PANEL).get_by_text("Layer 0, head 0").wait_for()
    # 13 tokens: 169 cells
    cells = page.locator(f"{PANEL} [data-testid=stVegaLiteChart] .mark-rect").first.locator("path")
    assert cells.count() == 13 * 13
    click_head(page, 3, 5)
    page.locator(PANEL).get_by_text("Layer 3, head 5").wait_for()
    page.wait_for_function("location.search.includes('layer=3') && location.search.includes('head=5')")


def test_arrow_keys_move_to_the_neighbour(open_page):
    page = open_page("/?layer=2&head=4")
    page.locator(PANEL).get_by_text("Layer 2, head 4").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(PANEL).get_by_text("Layer 2, head 5").wait_for()
    page.keyboard.press("ArrowDown")
    page.locator(PANEL).get_by_text("Layer 3, head 5").wait_for()


def test_a_clicked_token_pins_its_row_as_bars(open_page):
    page = open_page("/?layer=0&head=2")
    page.locator(f"{PANEL} .mark-text text", has_text="cat").first.click()
    page.locator(".st-key-pinned .mark-rect path").nth(12).wait_for()
    assert page.locator(".st-key-pinned .mark-rect path").count() == 13
    page.locator(".st-key-pinned").get_by_text("cat (position 2)").wait_for()


def test_both_bertviz_views_draw_without_a_network(open_page):
    page = open_page("/?view=Lines&layer=1&head=2")
    frame = page.frame_locator(f"{PANEL} iframe")
    frame.locator("svg line").nth(13 * 13 - 1).wait_for(state="attached")
    assert frame.locator("svg text").count() >= 26
    page = open_page("/?view=Whole%20model", theme="dark")
    frame = page.frame_locator(f"{PANEL} iframe")
    frame.locator("svg line").nth(6 * 12 * 13).wait_for(state="attached", timeout=60_000)


def test_neurons_are_drawn_and_sum_to_the_score(open_page):
    page = open_page("/?view=Neurons&layer=0&head=2&q=3")
    said = page.locator(f"{PANEL} [data-testid=stCaptionContainer]", has_text="score")
    total, scale, added, score = (float(n) for n in re.findall(r"-?\d+\.\d+", said.inner_text())[:4])
    assert abs(total * scale + added - score) < 2e-2
    page.locator(f"{PANEL} .mark-rect path").nth(3 * 32 - 1).wait_for(state="attached")


def test_text_is_never_markup(open_page):
    hostile = "</script><img src=x onerror=alert(1)>"
    for view in ("Map", "Lines", "Whole%20model", "Neurons", "Numbers"):
        page = open_page(f"/?text={quote(hostile)}&view={view}&q=1")
        raised = []
        page.on("dialog", lambda dialog, raised=raised: (raised.append(dialog.message), dialog.dismiss()))
        page.wait_for_timeout(1_500)
        assert not raised
        for frame in page.frames:
            assert frame.locator("img[src='x']").count() == 0
        if view == "Lines":
            page.frame_locator(f"{PANEL} iframe").locator("svg text", has_text="<").first.wait_for(state="attached")
            assert page.frame_locator(f"{PANEL} iframe").locator("svg line").count() > 100


def test_two_viewers_see_their_own_texts(open_page):
    first = open_page(f"/?text={quote('One two three.')}&q=1")
    second = open_page(f"/?text={quote('Seven green apples fell.')}&q=1", theme="dark")
    click_head(first, 1, 1)
    click_head(second, 4, 7)
    first.locator(PANEL).get_by_text("Layer 1, head 1").wait_for()
    second.locator(PANEL).get_by_text("Layer 4, head 7").wait_for()
    assert first.locator(f"{PANEL} .mark-text text", has_text="apples").count() == 0
    assert second.locator(f"{PANEL} .mark-text text", has_text="apples").count() >= 1
