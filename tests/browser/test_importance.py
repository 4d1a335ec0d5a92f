"""Which heads matter, as a viewer uses it: maps, curves that grow, a Stop that stops."""

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import eventually, resting_box, settled

POINTS = ".st-key-curves .mark-symbol.role-mark path"
STOP = ".st-key-curves [data-testid=stButton] button"


def test_a_curve_grows_while_it_is_computed_and_the_exact_map_comes_with_it(open_page):
    page = open_page("/importance?limit=8&orders=exact", wait_for=".st-key-curves [data-testid=stProgress]", at_rest=False)
    eventually(lambda: page.locator(".st-key-curves [data-testid=stProgress]").count(), 0)
    expect(page.locator(POINTS)).to_have_count(21)
    for measure in ("gradient", "confidence"):
        cells = page.locator(f".st-key-measure_{measure} [data-testid=stVegaLiteChart] .mark-rect path")
        eventually(cells.count, lambda n: n >= 72)
    # The sweep that ranked the heads is kept, and its map is there without a click.
    page.locator(".st-key-measure_exact .mark-rect path").nth(71).wait_for(state="attached")
    page.get_by_text("rank correlation with exact").nth(1).wait_for()
    settled(page)
    for part in ("maps", "curves"):
        box = resting_box(page, f".st-key-{part}")
        assert box["y"] + box["height"] <= 900, f"{part} needs a scroll"


@pytest.mark.every_run
def test_stop_stops_a_curve_keeps_the_others_and_it_goes_on(open_page):
    page = open_page("/importance?limit=12&orders=gradient,random", wait_for=".st-key-curves [data-testid=stProgress]", at_rest=False)
    # Few examples: the other curve is waited for to its end. This one goes over them once a seed, and is not over when Stop is pressed.
    bar = page.locator(".st-key-curves").get_by_text("Curve: random")
    bar.first.wait_for()
    stop = page.locator(".st-key-curves [class*=st-key-stop_job]").last.get_by_role("button")
    stop.click()
    page.get_by_text("Stopped: Curve: random.").wait_for()
    expect(page.locator(".st-key-curves [data-testid=stProgress]")).to_have_count(0)
    # The page is alive meanwhile, and what is known stays.
    page.get_by_text("loss", exact=True).first.click()
    page.wait_for_function("location.search.includes('what=loss')")
    page.get_by_text("Heads that can go at less than one point of accuracy: gradient").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.locator(".st-key-curves [data-testid=stProgress]").first.wait_for()


def test_another_page_may_be_visited_while_a_curve_is_computed(open_page):
    page = open_page("/importance?limit=8&orders=random", wait_for=".st-key-curves [data-testid=stProgress]", at_rest=False)
    page.get_by_role("link", name="Softmax laboratory").click()
    page.locator(".st-key-vectors").first.wait_for()
    page.get_by_role("link", name="Which heads matter").click()
    page.locator(".st-key-curves").wait_for()
    # The order that was chosen, and no other one, which has as many points.
    page.wait_for_function("location.search.includes('orders=random')")
    expect(page.locator(POINTS)).to_have_count(21, timeout=120_000)
    page.locator(".st-key-curves svg.marks").get_by_text("random", exact=True).first.wait_for()
