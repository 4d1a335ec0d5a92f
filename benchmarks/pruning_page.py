"""The board of *Prune heads* in a real Chromium, the model that it opens at first on 284 sentences: `python -m benchmarks.pruning_page`.

- opening: from the address to a board that can be clicked, with the score beside it; the app and its model are warm, the task is not,
  which each time has one sentence more, up to all 284
- a click on one head, a drag over a layer of 12, and over 16 heads of two layers: from the release of the mouse until the new score is drawn
- *Cut out*: from the click until the parameters of the smaller model stand there

Heads are chosen that were not chosen before. Medians of `--repeats` (10). Exits 1 where a goal is missed, or a click was not heard.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as BrowserTimeout

from benchmarks import report
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve

GOALS = {"opening": 2.0, "one head": 1.0, "a layer": 1.5, "a drag over 16 heads": 1.5, "cut out": 3.0}
BOARD = ".st-key-board [data-testid=stVegaLiteChart]"
LOSS = ".st-key-effect [data-testid=stMetric] [data-testid=stMetricValue]"
_NOW = """() => {
  const effect = document.querySelector('.st-key-effect').innerText;
  // While the page is drawn, the number of heads is new already and the scores are not: what counts is a page at rest.
  const rests = document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning';
  return {text: effect.split('removed')[0], waiting: !rests || effect.includes('Still shown') || effect.includes('Scoring')};
}"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pruning_page", description="How soon the board answers, in a real Chromium.")
    parser.add_argument("--repeats", type=int, choices=range(1, 26), default=10, metavar="N", help="of each, 25 at most (%(default)s)")
    given = parser.parse_args(arguments)
    taken: dict[str, list[float]] = {name: [] for name in GOALS}
    unheard: list[float] = []
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(30_000)
        page.goto(url)
        page.locator(".st-key-head_panel svg.marks").first.wait_for()
        for number in range(given.repeats):
            began = time.perf_counter()
            page.goto(f"{url}/prune?colour=none&limit={285 - given.repeats + number}")
            page.locator(LOSS).nth(1).wait_for()
            page.locator(f"{BOARD} svg").first.wait_for()
            taken["opening"].append(time.perf_counter() - began)
        for cell in random.Random(0).sample(range(72), given.repeats):
            row, head = divmod(cell, 12)
            taken["one head"].append(_answered(page, lambda r=row, h=head: _press(page, _cell(page, r, h)), unheard))
            _reset(page, unheard)
        for i in range(given.repeats):
            row = i % 6
            if i >= 6:
                # A layer whose score is known answers at once: another head makes it a new set.
                _answered(page, lambda i=i: _press(page, _cell(page, (i + 1) % 6, i % 12)), unheard)
            taken["a layer"].append(_answered(page, lambda r=row: _drag(page, (r, 0), (r, 11)), unheard))
            _reset(page, unheard)
        for i in range(given.repeats):
            row, head = i % 5, (i + i // 5) % 5
            taken["a drag over 16 heads"].append(_answered(page, lambda r=row, h=head: _drag(page, (r, h), (r + 1, h + 7)), unheard))
            _reset(page, unheard)
        for i in range(given.repeats):
            page.goto(f"{url}/prune?colour=none&pruned={i % 6}.{(2 * i) % 11}")
            page.locator(LOSS).nth(1).wait_for()
            page.wait_for_timeout(1500)
            began = time.perf_counter()
            page.get_by_role("button", name="Cut out").click()
            page.locator("[data-testid=stDialog] [data-testid=stMetricValue]").first.wait_for()
            taken["cut out"].append(time.perf_counter() - began)
        browser.close()
    rows, missed = [], False
    for name, goal in GOALS.items():
        middle = statistics.median(taken[name])
        missed |= middle > goal
        spread = f"{min(taken[name]):.2f} .. {max(taken[name]):.2f}"
        rows.append([name, f"{middle:.2f}", spread, str(len(taken[name])), f"{goal:.1f}", report.verdict(middle, goal)])
    title = "Seconds until the board answers, bundled BERT, 284 sentences"
    report.show(title, ["what", "median", "range", "times", "goal", ""], rows)
    print(f"Actions that nothing had answered after ten seconds, and that were tried again: {len(unheard)}")
    return int(missed or bool(unheard))


def _cell(page: Page, row: int, head: int):
    return page.locator(f"{BOARD} .view_1_marks path").nth(12 * row + head)


def _box(cell: Locator) -> dict[str, float]:
    """Where it is on the screen; waits while a picture is put in the place of another."""
    for _attempt in range(50):
        box = cell.bounding_box()
        if box is not None:
            return box
        cell.page.wait_for_timeout(100)
    raise RuntimeError("a cell of the board is not drawn")


def _press(page: Page, cell: Locator) -> None:
    box = _box(cell)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def _answered(page: Page, act: Callable[[], None], unheard: list[float]) -> float:
    """Seconds from the end of the action until the page rests on another number of heads and its scores.

    Where nothing has changed after ten seconds, that is put down in `unheard`, and the action is tried again.
    """
    # The board that came with the answer before: drawn, and at rest.
    page.locator(f"{BOARD} .view_1_marks path").nth(71).wait_for()
    page.wait_for_timeout(500)
    before = page.evaluate(_NOW)["text"]
    for _attempt in range(3):
        act()
        began = time.perf_counter()
        try:
            changed = f"before => {{ const now = ({_NOW})(); return now.text !== before && !now.waiting; }}"
            page.wait_for_function(changed, arg=before, timeout=10_000)
        except BrowserTimeout:
            unheard.append(time.perf_counter() - began)
            continue
        return time.perf_counter() - began
    raise RuntimeError(f"the board does not answer: {page.evaluate(_NOW)}")


def _reset(page: Page, unheard: list[float]) -> None:
    button = page.get_by_role("button", name="Reset", exact=True)
    if button.is_enabled():
        _answered(page, button.click, unheard)


def _drag(page: Page, first: tuple[int, int], last: tuple[int, int]) -> None:
    """Over all heads between two, both as layer and head."""
    start, end = _box(_cell(page, *first)), _box(_cell(page, *last))
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 20, steps=6)
    page.mouse.up()


if __name__ == "__main__":
    sys.exit(main())
