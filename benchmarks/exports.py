"""How large an exported chapter is, and how it plays from disk: `python -m benchmarks.exports [CHAPTER ..]`.

Each chapter of the course is exported as one HTML file and opened in a real Chromium of 1920 x 1080 that has no network, where a clicker goes
through all of its steps, in both languages: from the press until its pictures are drawn. Exits 1 where a file is larger than the goal, a step
asks for something or goes wrong, or a letter is too small for a hall.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks import report
from explorer.i18n import LANGUAGES
from explorer.lectures import CHAPTERS
from explorer.talk import of_chapter
from explorer.talk.export import exported
from models import load
from scripts.find_browser import ARGUMENTS, find
from tests.browser import from_disk
from tests.browser.letters import too_small

GOAL_MB = 15


def played(browser: Browser, file: Path) -> tuple[list[float], list[str]]:
    """Seconds of each step in each language, and whatever went wrong."""
    took = []
    with from_disk.opened(browser, file) as (page, wrong):
        for _language in LANGUAGES:
            for number in range(page.evaluate("DATA.steps.length")):
                begun = time.perf_counter()
                page.evaluate(f"go({number})")
                page.wait_for_function(from_disk.DRAWN)
                took.append(time.perf_counter() - begun)
                wrong += [f"step {number + 1}: small letters {small}" for small in too_small(page, "body")]
            page.keyboard.press("l")
    return took, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", type=int, choices=[[], *CHAPTERS], default=[])
    wanted = parser.parse_args().chapters or list(CHAPTERS)
    models = cache(lambda name: load(name, "cpu"))
    rows, missed = [], False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for chapter in wanted:
            begun = time.perf_counter()
            file = Path(folder) / f"{chapter}.html"
            file.write_text(exported(of_chapter(chapter, CHAPTERS[chapter]), models), encoding="utf-8")
            made = time.perf_counter() - begun
            megabytes = file.stat().st_size / 1e6
            took, wrong = played(browser, file)
            print("\n".join(wrong), file=sys.stderr)
            missed |= megabytes > GOAL_MB or bool(wrong)
            steps = f"{statistics.median(took):.2f} s, {max(took):.2f} s"
            size = f"{megabytes / GOAL_MB:.0%} of {GOAL_MB} MB: {report.verdict(megabytes, GOAL_MB)}"
            rows.append([f"{chapter} {CHAPTERS[chapter]}", size, f"{megabytes:.1f} MB", f"{made:.0f} s", steps, str(len(wrong))])
    header = ["chapter", "of the goal", "size", "made in", "a step: median, slowest", "errors"]
    report.show("Exported chapters, played from disk without a network, in two languages", header, rows)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
