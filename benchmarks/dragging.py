"""How soon a picture follows a slider that is dragged, and what is sent meanwhile: `python -m benchmarks.dragging [PAGE ..]`.

Each slider is dragged through most of its way, in Chromium, on a server of this machine. A time is that from the input event until the
frame that shows the change was drawn, within one frame at best. The goals are those of two frames of a screen of 60 Hz.
"""

from __future__ import annotations

import argparse

from playwright.sync_api import Browser, sync_playwright

from benchmarks import report
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve
from tests.browser import dragging

MEDIAN_GOAL_MS, SLOW_GOAL_MS = 40.0, 60.0
PAGES = {
    "vectors": ("/softmax", ".st-key-vectors"),
    "lookups": ("/softmax?softmax=lookups", ".st-key-lookups"),
    "sinusoids": ("/positions", ".st-key-sinusoidal"),
    "rope": ("/positions?positions=rope", ".st-key-rope"),
    "alibi": ("/positions?positions=alibi", ".st-key-alibi"),
    "tables": ("/positions?positions=tables", ".st-key-table"),
}
"""By name: address, and the container of chart and sliders."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"of {', '.join(PAGES)} (default: all)")
    given = parser.parse_args()
    if unknown := set(given.pages) - set(PAGES):
        parser.error(f"no page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}")
    rows = []
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for name in given.pages or PAGES:
            rows += _rows(browser, url, name)
        version = browser.version
        browser.close()
    header = ["page", "slider", "repaints", "median ms", "", "95 % ms", "", "messages sent"]
    report.show(f"Dragging a slider, 1440 x 900, Chromium {version}", header, rows)
    return 0


def _rows(browser: Browser, url: str, name: str) -> list[list[str]]:
    address, inside = PAGES[name]
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    sent = dragging.watch(page)
    page.goto(url + address, timeout=120_000)
    page.locator(f"{inside} .vega-bind").first.wait_for(timeout=90_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(2_000)
    rows = []
    for slider in page.locator(f"{inside} .vega-bind input[type=range]").evaluate_all("inputs => inputs.map(input => input.name)"):
        found = dragging.drag(page, inside, slider, sent)
        if not found.changed:  # it acts together with another input only
            continue
        median, slow = report.verdict(found.median, MEDIAN_GOAL_MS), report.verdict(found.slow, SLOW_GOAL_MS)
        rows.append([name, slider, str(found.changed), f"{found.median:.0f}", median, f"{found.slow:.0f}", slow, str(found.sent)])
    page.close()
    return rows


if __name__ == "__main__":
    main()
