"""Atlas in a browser: three questions of a stranger in three clicks each, and one row followed into the live model."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

import models
from explorer import i18n
from explorer.atlas import changed, corpus, making, shipped
from explorer.atlas.edges import DIRECTIONS
from explorer.atlas.options import Options
from explorer.talk.titles import PAGE_TITLES
from scripts.screenshots import SHOTS
from tests.browser.letters import too_small
from tests.browser.waiting import eventually, in_reach, settled, shows

ALL, ONE = ".st-key-atlas_all", ".st-key-atlas_one"


class Stranger:
    """Who clicks on a page, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def clicks_on(self, what: Locator, **how: object) -> None:
        self.clicks += 1
        what.click(**how)

    def sees_what_the_screenshot_shows(self, name: str) -> None:
        """The address has become that of the picture in the README, which `scripts.screenshots` takes."""
        wanted = parse_qs(urlsplit(SHOTS[name]).query)
        eventually(lambda: parse_qs(self.page.evaluate("location.search.slice(1)")), lambda found: wanted.items() <= found.items())


@pytest.mark.every_run
def test_which_head_finds_the_verbs_object_and_on_what_it_fails(open_page):
    page = open_page("/atlas", wait_for=f"{ALL} svg.marks")
    expect(page.locator(f"{ALL} svg.marks .mark-symbol.role-mark path[aria-label]")).not_to_have_count(0)
    stranger = Stranger(page)
    stranger.clicks_on(page.get_by_role("radio", name="Relations", exact=True))
    edges = shipped.opened("all-MiniLM-L6-v2").edges
    of = edges[(edges["relation"] == "obj") & (edges["direction"] == DIRECTIONS[0])]
    best = of.sort_values("found", ascending=False, kind="stable").iloc[0]
    stranger.clicks_on(page.locator(f".st-key-atlas_best_0_{best['layer']}_{best['head']} button").first)
    shows(page.locator(ONE), re.compile(rf"Layer {best['layer']}, head {best['head']}\b"))
    missed = page.locator(f"{ONE} a", has_text="misses obj").first
    missed.wait_for()
    settled(page)
    assert page.locator(f"{ONE} .head-row .due").count() > 0
    assert stranger.clicks == 2
    stranger.sees_what_the_screenshot_shows("atlas")
    # The third one goes to where it fails, in the live model.
    stranger.clicks_on(missed)
    page.locator(".st-key-head_grid").first.wait_for()
    page.wait_for_function("() => /[?&]q=\d+/.test(location.search) && location.search.includes('text=')")
    page.get_by_text(f"Layer {best['layer']}, head {best['head']}").first.wait_for()
    assert stranger.clicks == 3


def test_what_layer_4_head_7_does_outside_of_induction(open_page):
    page = open_page("/atlas?model=gpt2-mini", wait_for=f"{ALL} svg.marks")
    stranger = Stranger(page)
    stranger.clicks_on(page.locator(f"{ALL} svg.marks path[aria-label*='head: 4.7']").first, force=True)
    shows(page.locator(ONE), re.compile("Layer 4, head 7"))
    settled(page)
    stranger.clicks_on(page.locator(".st-key-lands").get_by_role("combobox"))
    stranger.clicks_on(page.get_by_role("option", name=re.compile("not on what followed an earlier copy")))
    stranger.sees_what_the_screenshot_shows("atlas-outside")
    settled(page)
    # Its rows are there, from every tenth, and none of them looks at what followed an earlier copy.
    expect(page.locator(f"{ONE} .head-row")).to_have_count(20)
    tenths = page.locator(f"{ONE} a", has_text="tenth").all_text_contents()
    assert len({re.search(r"tenth (\d+)", text)[1] for text in tenths}) == 10
    assert stranger.clicks == 3


def test_which_heads_pruning_changed(open_page):
    page = open_page("/prune?model=gpt2-mini&pruned=1.0,2.3", wait_for=".st-key-board svg.marks")
    stranger = Stranger(page)
    stranger.clicks_on(page.get_by_role("link", name=PAGE_TITLES["atlas"], exact=True))
    page.locator(f"{ALL} svg.marks").first.wait_for()
    settled(page)
    stranger.clicks_on(page.get_by_role("radio", name="Changed", exact=True))
    named = page.locator("[class*=st-key-atlas_changed_]")
    named.first.wait_for()
    settled(page)
    other = making.make(models.load("gpt2-mini", "cpu", "float32"), corpus.own(), Options(pruned="1.0,2.3"))
    expected = changed.between(shipped.opened("gpt2-mini"), other, "decoder").head(6)
    heads = list(zip(expected["layer"].tolist(), expected["head"].tolist(), strict=True))
    said = [f"{layer}.{head} {change:.2f}" for (layer, head), change in zip(heads, expected["change"], strict=True)]
    eventually(lambda: [" ".join(text.split()) for text in page.locator(".st-key-changed_heads_of_atlas button").all_inner_texts()], said)
    # And what it changed in the first that was not switched off.
    layer, head = next(one for one in heads if one not in ((1, 0), (2, 3)))
    stranger.clicks_on(page.locator(f".st-key-atlas_changed_{layer}_{head} button").first)
    shows(page.locator(ALL), re.compile(rf"Head {layer}\.{head} changed most in"))
    stranger.sees_what_the_screenshot_shows("atlas-changed")
    assert stranger.clicks == 3


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


@pytest.mark.thorough
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_what_can_be_taken_away_stands_in_the_row_of_the_choices(open_page, language):
    page = open_page(f"/atlas?model=translate-mini&part=cross&lang={language}", wait_for=f"{ALL} svg.marks")
    settled(page)
    choices = page.locator(".st-key-part").first.bounding_box()
    button = page.locator(".st-key-controls [data-testid=stPopover]").first.bounding_box()
    assert choices["y"] - 5 <= button["y"] <= choices["y"] + choices["height"]


CUT = """() => [...document.querySelectorAll('.st-key-atlas_rows [data-testid=stPageLink-NavLink] :is(span, p)')]
  .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible').map(e => e.innerText)"""


@pytest.mark.thorough
def test_what_a_row_is_can_be_read_in_a_small_window(open_page):
    path = "/atlas?atlas_view=relations&relation=obj&layer=2&head=0&atlas_rows_of=relation&theme=contrast"
    page = open_page(path, wait_for=".st-key-atlas_rows [data-testid=stPageLink-NavLink]", size=(1024, 768))
    told = page.locator(".st-key-atlas_rows [data-testid=stPageLink-NavLink]", has_text="obj, dependent to governor")
    expect(told.first).to_contain_text(re.compile(r"output \d"))
    assert not page.evaluate(CUT)
