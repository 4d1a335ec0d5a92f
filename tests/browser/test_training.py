"""The training lab, as a class sees it: a live run draws, pauses, steps, scrubs; the model opens in the sidebar."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

import models
from explorer.i18n import LANGUAGES
from models.training.presets import PRESETS
from tests.browser.waiting import FRAMES, eventually, quiet, resting_box, settled, shows

QUICK = "/training?lab_preset=recall&lab_layers=2&lab_heads=2&lab_batch=16"
TRAIN = ".st-key-train button"
STATUS, FILM, OVER = ".st-key-lab_status", ".st-key-lab_film", ".st-key-lab_plots"


def done(page) -> int:
    """Steps that the page says are done."""
    return int(re.search(r"step ([\d,]+)", page.locator(STATUS).inner_text())[1].replace(",", ""))


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def pictures(page) -> tuple[str, ...]:
    """What is drawn of each head; Vega first draws a picture empty, and fills it when it is decoded."""
    images = page.locator(f"{FILM} .mark-image image")
    hrefs = eventually(
        lambda: images.evaluate_all("nodes => nodes.map(n => n.getAttribute('href') || n.href.baseVal)"), lambda found: found and all(found)
    )
    return tuple(hrefs)


@pytest.mark.every_run
def test_a_live_run_draws_pauses_steps_and_goes_on(open_page):
    page = open_page(f"{QUICK}&lab_steps=100000", wait_for=TRAIN)
    press(page, "Train")
    page.locator(STATUS).get_by_text("running").wait_for()
    page.locator(f"{OVER} .mark-line path").first.wait_for(state="attached")
    eventually(lambda: len(pictures(page)), 4)  # the shipped run that the page opened on has fewer heads, and makes room
    eventually(lambda: page.locator(STATUS).inner_text(), lambda said: re.search(r"ms a step · .+ left", said))
    # It moves, and once the first pictures have found their room, nothing jumps.
    box, first = resting_box(page, FILM), done(page)
    eventually(lambda: done(page), lambda now: now > first)
    assert resting_box(page, FILM) == box
    press(page, "Pause")
    page.locator(STATUS).get_by_text("paused").wait_for()
    settled(page)
    held = done(page)
    # While it ran, the page changed several times a second.
    quiet(page, frames=3 * FRAMES)
    assert done(page) == held
    press(page, "Step")
    eventually(lambda: done(page), held + 1)
    press(page, "Resume")
    eventually(lambda: done(page), lambda now: now > held + 1)
    press(page, "Stop")
    page.locator(STATUS).get_by_text("stopped").wait_for()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_disabled()


def test_a_finished_run_is_scrubbed_played_and_opened(open_page, tmp_path):
    page = open_page(f"{QUICK}&lab_steps=30", wait_for=TRAIN)
    press(page, "Train")
    # The shipped run that the page opened on is finished, too, after more steps.
    eventually(lambda: done(page), 30)
    page.locator(STATUS).get_by_text("finished").wait_for()
    settled(page)
    eventually(lambda: len(pictures(page)), 4)
    last = pictures(page)
    slider = page.locator(f"{FILM} input[type=range]")
    slider.press("Home")
    page.wait_for_function("new URLSearchParams(location.search).get('lab_step') === '0'")
    eventually(lambda: pictures(page), lambda now: now != last)
    # After the end it is played, and stands still at the last frame.
    press(page, "Play")
    eventually(lambda: pictures(page), last)
    page.get_by_role("button", name="Play", exact=True).wait_for()
    settled(page)
    press(page, "Take away")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="ZIP").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        archive.extractall(tmp_path)
    assert [site.heads for site in models.load(tmp_path, device="cpu").sites] == [2, 2]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Open it in the explorer").click()
    page.locator(".st-key-head_grid [data-testid=stVegaLiteChart]").wait_for()
    shows(page.get_by_role("heading"), "trained here: recall, step 30")
    expect(page.locator("textarea").first).to_have_value(re.compile("="))
    # The same model on the other pages, on its own task.
    page.get_by_role("link", name="Prune heads").click()
    page.locator(".st-key-effect [data-testid=stMetric]").first.wait_for()
    expect(page.get_by_text("of 4 heads removed")).to_have_count(1)


def test_the_page_says_which_run_it_shows_and_what_is_too_much(open_page):
    page = open_page("/training?lab_preset=recall&lab_layers=100000&lab_heads=4", wait_for=TRAIN)
    page.get_by_text("The address says lab_layers=100000. At most 32 is possible here").wait_for()
    expect(page.get_by_label("Layers", exact=True)).to_have_value("1")
    page.locator(STATUS).get_by_text("shipped: recall").wait_for()
    page.get_by_text("The settings on the left are those of the next run: press Train.").wait_for()
    page.locator("[data-testid=stExpander] summary").click()
    batch = page.get_by_label("Batch", exact=True)
    batch.fill("100000")
    batch.press("Enter")
    page.get_by_text(re.compile(r"One step takes about [\d.]+ GB of memory")).wait_for()
    expect(page.locator(TRAIN)).to_be_disabled()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_chosen_first_is_seen_without_a_scroll(open_page, language):
    page = open_page(f"/training?lang={language}", wait_for=f"{FILM} svg.marks")
    sidebar = page.locator("[data-testid=stSidebarContent]")
    assert sidebar.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
    box = page.locator("[data-testid=stSidebarContent] [data-testid=stExpander] summary").bounding_box()
    assert box["y"] + box["height"] <= 900


def test_a_preset_sets_the_switches_that_are_folded_away_too(open_page):
    """They were seen, so that the browser knows their values, and are folded when another preset is chosen."""
    page = open_page("/training?lab_preset=copying", wait_for=".st-key-lab_network")
    more, dropout = page.locator("[data-testid=stExpander] summary"), page.locator(".st-key-lab_dropout input")
    more.click()
    expect(dropout).to_have_value("0")
    more.click()
    page.locator(".st-key-lab_preset input").click()
    page.get_by_role("option", name="characters", exact=True).click()
    page.wait_for_function("location.search.includes('lab_preset=characters')")
    # What the browser believes goes along with the next change.
    layers = page.locator(".st-key-lab_layers input")
    layers.fill("3")
    layers.press("Enter")
    page.wait_for_function("location.search.includes('lab_layers=3')")
    more.click()
    expect(dropout).to_have_value(f"{PRESETS['characters'].switches['dropout']}")


def test_a_run_of_another_task_is_shown_under_its_own_name(open_page):
    page = open_page(f"{QUICK}&lab_steps=30", wait_for=TRAIN)
    press(page, "Train")
    page.locator(STATUS).get_by_text("1: recall (").wait_for()
    heading = page.locator(".st-key-lab_buttons h4")
    page.locator(".st-key-lab_preset").get_by_role("combobox").click()
    page.get_by_role("option", name="induction", exact=True).click()
    expect(heading).to_have_text("Training lab induction")
    page.locator(".st-key-lab_run").get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile("^1: recall")).click()
    expect(heading).to_have_text("Training lab recall")
    page.locator(STATUS).get_by_text("1: recall (").wait_for()


def test_leaving_for_another_page_does_not_stop_it(open_page):
    page = open_page(f"{QUICK}&lab_steps=100000", wait_for=TRAIN)
    press(page, "Train")
    page.locator(STATUS).get_by_text("running").wait_for()
    page.get_by_role("link", name="Which heads matter").click()
    page.locator(".st-key-curves, .st-key-controls").first.wait_for()
    page.get_by_role("link", name="Training lab").click()
    page.locator(STATUS).get_by_text("running").wait_for()
    first = done(page)
    eventually(lambda: done(page), lambda now: now > first)
    press(page, "Stop")
    page.locator(STATUS).get_by_text("stopped").wait_for()
