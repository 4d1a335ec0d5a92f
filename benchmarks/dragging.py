"""How soon a picture follows a slider that is dragged, and what is sent meanwhile: `python -m benchmarks.dragging [PAGE ..]`.

Each slider is dragged through most of its way, in Chromium, on a server of this machine: at a desk, and on the stage, where the same picture
is drawn larger. A time is that from the input event until the frame that shows the change was drawn, within one frame at best. The goals
are those of two frames of a screen of 60 Hz; the stage is held against the desk of the same run, too, which is as busy.
"""

from __future__ import annotations

import argparse
import sys

from playwright.sync_api import Browser, sync_playwright

from benchmarks import report
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve
from tests.browser import dragging
from tests.browser.waiting import settled

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


DESK, STAGE = {"width": 1440, "height": 900}, {"width": 1920, "height": 1080}
HEADER = ["slider", "stage : desk", "stage, median ms", "", "95 % ms", "", "desk, median ms", "", "95 % ms", "", "repaints", "messages sent"]


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
            desk, stage = _drags(browser, url, name, on_stage=False), _drags(browser, url, name, on_stage=True)
            rows += [_row(f"{name}, {slider}", stage[slider], desk[slider]) for slider in desk]
        version = browser.version
        browser.close()
    size = "{width} x {height}".format
    report.show(f"Dragging a slider on the stage ({size(**STAGE)}) and at a desk ({size(**DESK)}), Chromium {version}", HEADER, rows)
    return int(any("MISSED" in row for row in rows))


def _row(title: str, stage: dragging.Drag, desk: dragging.Drag) -> list[str]:
    row = [title, f"{stage.median / desk.median:.2f}x"]
    for drag in (stage, desk):
        row += [f"{drag.median:.0f}", report.verdict(drag.median, MEDIAN_GOAL_MS), f"{drag.slow:.0f}", report.verdict(drag.slow, SLOW_GOAL_MS)]
    return [*row, f"{stage.changed}, {desk.changed}", f"{stage.sent}, {desk.sent}"]


def _drags(browser: Browser, url: str, name: str, on_stage: bool) -> dict[str, dragging.Drag]:
    """By slider; without those that act together with another input only."""
    address, inside = PAGES[name]
    if on_stage:
        address += ("&" if "?" in address else "?") + "stage=1"
    page = browser.new_page(viewport=STAGE if on_stage else DESK)
    sent = dragging.watch(page)
    page.goto(url + address, timeout=120_000)
    page.locator(f"{inside} .vega-bind").first.wait_for(timeout=90_000)
    settled(page)
    assert page.locator(".stSidebar").is_visible() != on_stage
    sliders = page.locator(f"{inside} .vega-bind input[type=range]").evaluate_all("inputs => inputs.map(input => input.name)")
    found = {slider: dragging.drag(page, inside, slider, sent) for slider in sliders}
    page.close()
    return {slider: drag for slider, drag in found.items() if drag.changed}


if __name__ == "__main__":
    sys.exit(main())
