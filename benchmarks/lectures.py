"""How soon each step of each demo of the course is seen: `python -m benchmarks.lectures [en|zh]`.

A real Chromium on a stage of 1920 x 1080 goes through the course by the clicker, from the press until what the step shows is there (its pictures
drawn, its measures written). Exits 1 where the median is above the goal.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from playwright.sync_api import Page, sync_playwright

from benchmarks import report
from explorer.i18n import LANGUAGES, SOURCE
from explorer.lectures import demos
from explorer.lectures.demo import STEPS
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve
from tests.browser import clicker

GOAL_S = 1.5
_THERE = {
    "ask": ".st-key-course_options input",
    "show": ".st-key-course_pictures svg.marks path[d], .st-key-course_pictures canvas",
    "notice": ".course-measures > div",
    "follow": ".st-key-course_next",
}


def walk(page: Page) -> dict[tuple[str, str], float]:
    """Seconds of each step but the first of all, by demo and step."""
    page.evaluate("addEventListener('keydown', () => { window.pressed = performance.now(); }, true)")
    found = {}
    for number, demo in enumerate(demos()):
        for step in STEPS:
            if number == 0 and step == STEPS[0]:
                continue
            clicker.forward(page)
            selectors = ", ".join(f".st-key-course_step_{step} {one.strip()}" for one in _THERE[step].split(","))
            handle = page.wait_for_function(
                "([demo, step, selector]) => new URL(location).searchParams.get('demo') === demo && document.querySelector(selector)"
                " && performance.now() - window.pressed",
                arg=[demo.id, step, selectors],
                timeout=120_000,
            )
            found[demo.id, step] = handle.json_value() / 1000
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", nargs="?", choices=LANGUAGES, default=SOURCE)
    language = parser.parse_args().language
    with serve() as url, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS).new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{url}/course?demo={demos()[0].id}&step=ask&stage=1&lang={language}")
        page.locator(_THERE["ask"]).first.wait_for(timeout=120_000)
        found = walk(page)
    rows = []
    for step in STEPS:
        took = {demo: seconds for (demo, of), seconds in found.items() if of == step}
        slowest = max(took, key=took.get)
        rows.append([step, f"{statistics.median(took.values()):.2f} s", f"{min(took.values()):.2f} to {max(took.values()):.2f} s", slowest])
    median = statistics.median(found.values())
    rows.append([f"all {len(found)} steps", f"{median:.2f} s", f"goal {GOAL_S} s: {report.verdict(median, GOAL_S)}", ""])
    report.show(f"The course, step by step ({language})", ["step", "median", "least to most", "slowest"], rows)
    return int(median > GOAL_S)


if __name__ == "__main__":
    sys.exit(main())
