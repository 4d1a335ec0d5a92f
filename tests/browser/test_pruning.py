"""The board, as a viewer uses it: click, drag, margin, undo; two viewers at once."""

BOARD = ".st-key-board [data-testid=stVegaLiteChart]"


def opened(open_page, query: str = ""):
    page = open_page(f"/prune?limit=24&colour=none{query}", wait_for=".st-key-effect [data-testid=stMetric]")
    page.locator(f"{BOARD} svg").wait_for()
    return page


def cell(page, row: int, head: int):
    return page.locator(f"{BOARD} .view_1_marks path").nth(12 * row + head)


def removed(page, n: int) -> None:
    page.locator(".st-key-effect").get_by_text(f"{n} of 72 heads removed").wait_for(timeout=30_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    page.wait_for_timeout(400)


def test_clicks_toggle_heads_and_the_score_follows(open_page):
    page = opened(open_page)
    removed(page, 0)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    page.wait_for_function("decodeURIComponent(location.search).includes('pruned=5.9')")
    assert page.locator(f"{BOARD} .mark-symbol path").count() == 1
    assert page.locator("[data-testid=stMetricDelta]").count() >= 2
    cell(page, 2, 1).click(force=True)
    removed(page, 2)
    cell(page, 5, 9).click(force=True)
    removed(page, 1)
    page.get_by_role("button", name="Undo").click()
    removed(page, 2)
    page.get_by_role("button", name="Reset", exact=True).click()
    removed(page, 0)


def test_the_margin_takes_a_whole_layer_and_a_whole_column(open_page):
    page = opened(open_page)
    labels = page.locator(f"{BOARD} .mark-text.role-mark")
    labels.nth(0).locator("text").nth(3).click(force=True)
    removed(page, 12)
    page.locator(f"{BOARD} .mark-text.role-mark").nth(1).locator("text").nth(4).click(force=True)
    removed(page, 12 + 5)


def test_a_drag_takes_several(open_page):
    page = opened(open_page)
    first, last = cell(page, 1, 2).bounding_box(), cell(page, 2, 4).bounding_box()
    page.mouse.move(first["x"] + 8, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 20, steps=8)
    page.mouse.up()
    removed(page, 2 * 3)


def test_two_viewers_prune_the_same_model_differently(open_page):
    first, second = opened(open_page, "&pruned=0.1"), opened(open_page, "&pruned=5.9,5.1,4.3")
    removed(first, 1)
    removed(second, 3)
    cell(first, 3, 3).click(force=True)
    cell(second, 3, 3).click(force=True)
    removed(first, 2)
    removed(second, 4)
    losses = [page.locator("[data-testid=stMetricValue]").nth(1).inner_text() for page in (first, second)]
    assert losses[0] != losses[1]


def test_the_importance_page_draws_maps_and_a_curve(open_page):
    page = open_page("/importance?limit=24", wait_for=".st-key-curves [data-testid=stVegaLiteChart]")
    page.locator(".st-key-curves .mark-symbol path").nth(20).wait_for(state="attached", timeout=90_000)
    assert page.locator(".st-key-measure_gradient .mark-rect path").count() >= 72
    assert page.locator(".st-key-measure_confidence .mark-rect path").count() >= 72
