"""The training lab, as a class sees it: a live run draws, pauses, steps, scrubs; the model opens in the sidebar."""

import re
import time
import zipfile

import models

QUICK = "/training?preset=recall&layers=2&heads=2&batch=16"
STATUS, FILM, OVER = ".st-key-lab_status", ".st-key-lab_film", ".st-key-lab_over"


def opened(open_page, query: str = ""):
    return open_page(QUICK + query, wait_for=".st-key-train button")


def done(page) -> int:
    """Steps that the page says are done."""
    return int(re.search(r"step ([\d,]+)", page.locator(STATUS).inner_text())[1].replace(",", ""))


def until(holds, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def settled(page) -> None:
    page.wait_for_timeout(400)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(400)


def pictures(page) -> tuple[str, ...]:
    """What is drawn of each head; Vega first draws a picture empty, and fills it when it is decoded."""
    found: list[str] = []

    def whole() -> bool:
        hrefs = page.locator(f"{FILM} .mark-image image").evaluate_all("nodes => nodes.map(n => n.getAttribute('href') || n.href.baseVal)")
        found[:] = hrefs
        return bool(hrefs) and all(hrefs)

    until(whole)
    return tuple(found)


def test_a_live_run_draws_pauses_steps_and_goes_on(open_page):
    page = opened(open_page, "&steps=100000")
    press(page, "Train")
    page.locator(f"{STATUS}").get_by_text("running").wait_for(timeout=120_000)
    page.locator(f"{OVER} .mark-line path").first.wait_for(state="attached", timeout=60_000)
    until(lambda: len(pictures(page)) == 4)  # the shipped run that the page opened on has fewer heads, and makes room
    page.wait_for_timeout(1_000)
    box, first = page.locator(FILM).bounding_box(), done(page)
    until(lambda: done(page) > first)
    # It moves, and nothing jumps.
    assert page.locator(FILM).bounding_box() == box
    press(page, "Pause")
    page.locator(STATUS).get_by_text("paused").wait_for(timeout=60_000)
    settled(page)
    held = done(page)
    page.wait_for_timeout(1_500)
    assert done(page) == held
    press(page, "Step")
    until(lambda: done(page) == held + 1)
    press(page, "Resume")
    until(lambda: done(page) > held + 1)
    press(page, "Stop")
    page.locator(STATUS).get_by_text("stopped").wait_for(timeout=60_000)
    assert page.get_by_role("button", name="Pause", exact=True).is_disabled()


def test_a_finished_run_is_scrubbed_played_and_opened(open_page, tmp_path):
    page = opened(open_page, "&steps=30")
    press(page, "Train")
    # The shipped run that the page opened on is finished, too, after more steps.
    until(lambda: done(page) == 30)
    page.locator(STATUS).get_by_text("finished").wait_for(timeout=200_000)
    settled(page)
    until(lambda: len(pictures(page)) == 4)
    last = pictures(page)
    slider = page.locator(f"{FILM} input[type=range]")
    slider.press("Home")
    page.wait_for_function("new URLSearchParams(location.search).get('step') === '0'")
    until(lambda: pictures(page) != last)
    # After the end it is played, and stands still at the last frame.
    press(page, "Play")
    until(lambda: pictures(page) == last)
    page.get_by_role("button", name="Play", exact=True).wait_for(timeout=60_000)
    settled(page)
    press(page, "Take away")
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="ZIP").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        archive.extractall(tmp_path)
    assert [site.heads for site in models.load(tmp_path, device="cpu").sites] == [2, 2]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Open it in the explorer").click()
    page.locator(".st-key-head_grid [data-testid=stVegaLiteChart]").wait_for(timeout=90_000)
    settled(page)
    assert "trained here: recall, step 30" in page.get_by_role("heading").first.inner_text()
    assert "=" in page.locator("textarea").first.input_value()
    # The same model on the other pages, on its own task.
    page.get_by_role("link", name="Prune heads").click()
    page.locator(".st-key-effect [data-testid=stMetric]").first.wait_for(timeout=120_000)
    assert page.get_by_text("of 4 heads removed").count() == 1


def test_leaving_for_another_page_does_not_stop_it(open_page):
    page = opened(open_page, "&steps=100000")
    press(page, "Train")
    page.locator(STATUS).get_by_text("running").wait_for(timeout=120_000)
    page.get_by_role("link", name="Which heads matter").click()
    page.locator(".st-key-curves, .st-key-controls").first.wait_for(timeout=120_000)
    page.get_by_role("link", name="Training lab").click()
    page.locator(STATUS).get_by_text("running").wait_for(timeout=120_000)
    first = done(page)
    until(lambda: done(page) > first)
    press(page, "Stop")
    page.locator(STATUS).get_by_text("stopped").wait_for(timeout=60_000)
