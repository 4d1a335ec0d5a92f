"""Atlas in a browser: a question of a stranger in three clicks, and one row followed into the live model."""

import re

import pytest
from playwright.sync_api import expect

from explorer.atlas import shipped
from explorer.atlas.edges import DIRECTIONS
from tests.browser.letters import too_small
from tests.browser.waiting import in_reach, settled, shows

ALL, ONE = ".st-key-atlas_all", ".st-key-atlas_one"


@pytest.mark.every_run
def test_who_finds_the_verbs_object_and_where_it_fails(open_page):
    page = open_page("/atlas", wait_for=f"{ALL} svg.marks")
    expect(page.locator(f"{ALL} svg.marks .mark-symbol.role-mark path[aria-label]")).not_to_have_count(0)
    page.get_by_role("radio", name="Relations", exact=True).click()
    edges = shipped.opened("all-MiniLM-L6-v2").edges
    of = edges[(edges["relation"] == "obj") & (edges["direction"] == DIRECTIONS[0])]
    best = of.sort_values("found", ascending=False, kind="stable").iloc[0]
    page.locator(f".st-key-atlas_best_0_{best['layer']}_{best['head']} button").first.click()
    shows(page.locator(ONE), re.compile(rf"Layer {best['layer']}, head {best['head']}\b"))
    missed = page.locator(f"{ONE} a", has_text="misses obj").first
    missed.wait_for()
    settled(page)
    assert page.locator(f"{ONE} .head-row .due").count() > 0
    missed.click()
    page.locator(".st-key-head_grid").first.wait_for()
    page.wait_for_function("() => /[?&]q=\\d+/.test(location.search) && location.search.includes('text=')")
    page.get_by_text(f"Layer {best['layer']}, head {best['head']}").first.wait_for()


def test_a_click_on_a_point_opens_its_head_and_back_the_one_before(open_page):
    page = open_page("/atlas?model=gpt2-mini&layer=0&head=0", wait_for=f"{ALL} svg.marks")
    settled(page)
    page.locator(f"{ALL} svg.marks path[aria-label*='head: 2.4']").first.click(force=True)
    shows(page.locator(ONE), re.compile("Layer 2, head 4"))
    page.go_back()
    shows(page.locator(ONE), re.compile("Layer 0, head 0"))


def test_who_clicks_a_head_on_a_stage_sees_what_it_does(open_page):
    page = open_page("/atlas?model=gpt2-mini&stage=1", wait_for=f"{ALL} svg.marks", size=(1920, 1080))
    page.locator(f"{ALL} svg.marks path[aria-label*='head: 2.4']").first.click(force=True)
    shows(page.locator(ONE), re.compile("Layer 2, head 4"))
    settled(page)
    board, row = page.locator(f"{ALL} svg.marks").bounding_box(), page.locator(f"{ONE} .head-row").first.bounding_box()
    assert row["x"] > board["x"] + board["width"] and row["y"] + row["height"] < 1080
    assert not too_small(page)


@pytest.mark.parametrize("size", [(1440, 900)])
def test_the_picture_and_the_rows_are_in_reach(open_page, size):
    page = open_page("/atlas?model=gpt2-mini", wait_for=f"{ALL} svg.marks")
    settled(page)
    in_reach(page, f"{ALL} svg.marks", *size)
