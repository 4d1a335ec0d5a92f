"""How soon Stop is answered, page by page, in a real Chromium: `python -m benchmarks.stops`.

On every page that has long work: the work is begun, a moment later Stop is pressed, and the time from the press of the mouse until the
page says that it has stopped is taken by the browser itself. Then the work goes on, and is stopped again. Median of `--repeats` (10).

Exits 1 where a median is above the goal.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks import report, shapes
from scripts.find_browser import ARGUMENTS, find
from scripts.serve import serve

GOAL_S = 1.0
LONG = 4096
"""Tokens of a text whose heads take a few seconds to draw."""
_WATCH = """
(word) => {
  const seen = window.seen = {};
  addEventListener('pointerdown', (event) => { seen.pressed ??= event.timeStamp; }, {capture: true});
  const look = () => {
    if (window.seen !== seen) return;
    if (seen.pressed !== undefined && document.body.innerText.includes(word)) { seen.answered = performance.now(); return; }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


def _go_on(page: Page, word: str) -> None:
    page.locator("[data-testid=stVerticalBlock]").filter(has_text=word).last.get_by_role("button", name="Go on").click()


@dataclass(frozen=True)
class Case:
    """Long work on a page.

    Attributes:
        name: for the table.
        path: address that it is begun on.
        title: of the job.
        begin: what has to be done to begin it; nothing where the address does it.
        go_on: begins it again after a stop; given what the page says of the stop.
    """

    name: str
    path: str
    title: str
    begin: Callable[[Page], None] = lambda page: None
    go_on: Callable[[Page, str], None] = _go_on

    @property
    def said(self) -> str:
        """What the page says once it has stopped."""
        return f"Stopped: {self.title}"

    def stop(self, page: Page) -> Locator:
        """The button that stops this job, and no other one of the page."""
        return page.locator("[class*=st-key-job_]").filter(has_text=self.title).get_by_role("button", name="Stop")


class Lab(Case):
    """A training, which has buttons of its own."""

    said = "stopped"

    def stop(self, page: Page) -> Locator:
        return page.locator(".st-key-stop button")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stops", description="How soon Stop is answered, page by page.")
    parser.add_argument("--repeats", type=int, default=10, help="of each (%(default)s)")
    parser.add_argument("--only", default="", help="work whose name contains this")
    given = parser.parse_args(arguments)
    rows, missed = [], False
    with tempfile.TemporaryDirectory() as made, serve() as url, _chromium() as browser:
        for case in (case for case in _cases(Path(made)) if given.only in case.name):
            print(case.name, file=sys.stderr)
            taken = _measured(browser, url, case, given.repeats)
            middle = statistics.median(taken)
            missed |= middle > GOAL_S
            rows.append([case.name, f"{middle:.2f}", f"{min(taken):.2f} .. {max(taken):.2f}", f"{GOAL_S:.0f}", report.verdict(middle, GOAL_S)])
    report.show(f"Seconds from a press on Stop until the page says so, median of {given.repeats}", ["work", "median", "range", "goal", ""], rows)
    return int(missed)


def _cases(folder: Path) -> list[Case]:
    texts = folder / "texts.txt"
    texts.write_text("\n".join(f"The {i}th farmer who lived near the river bought a small green boat." for i in range(20_000)))
    own = Path(__file__).resolve().parents[1] / "explorer" / "syntax" / "treebank" / "mini.conllu"
    trees = folder / "trees.conllu"
    trees.write_text(own.read_text(encoding="utf-8").rstrip("\n") + "\n\n", encoding="utf-8")
    trees.write_text("\n".join([trees.read_text(encoding="utf-8")] * 25), encoding="utf-8")
    half = ",".join(f"{layer}.{head}" for layer in range(6) for head in range(0, 12, 2))

    wide = shapes.gpt2_small(folder / "gpt2-small", positions=LONG)

    def long_text(page: Page) -> None:
        box = page.get_by_role("textbox", name="Text", exact=True)
        box.fill(" ".join(f"w{i}" for i in range(LONG)))
        box.press("Control+Enter")

    def cut_out(page: Page) -> None:
        page.get_by_role("button", name="Cut out").click()

    def upload(file: Path) -> Callable[[Page], None]:
        return lambda page: page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(file)

    def press(key: str) -> Callable[[Page], None]:
        return lambda page: page.locator(f".st-key-{key} button").first.click()

    def again(key: str, first: str = "") -> Callable[[Page, str], None]:
        def pressed(page: Page, word: str) -> None:
            if first:
                # A text that is as long as the model can read ends by itself.
                press(first)(page)
                page.wait_for_function("word => !document.body.innerText.includes(word)", arg=word)
            press(key)(page)

        return pressed

    return [
        Case(f"Attention: a text of {LONG:,} tokens, GPT-2 small shape", f"/?model={quote(str(wide))}", "Drawing all heads", long_text),
        Case("Know every head: scores of a file", "/heads?scored_on=file&heads_limit=20000", "Scoring all heads", upload(texts)),
        Case("Syntax: a treebank", "/syntax?treebank=file&syntax_limit=5000", "Reading the treebank", upload(trees)),
        Case("Beyond the weights: agreement", "/beyond", "Agreement over", press("compute_agreement")),
        Case("Generate", "/generate?model=gpt2-mini&tokens=500", "Generating", press("generate"), again("generate", "restart")),
        Case("Prune heads: each of them alone", f"/prune?colour=none&method=resample&pruned={half}", "Each of them alone"),
        Case("Prune heads: speeds of what is cut out", f"/prune?colour=none&pruned={half}", "Measuring the speed", cut_out),
        Case("Which heads matter: a curve", "/importance?orders=random", "Curve: random"),
        Case("Which heads matter: greedy", "/importance?orders=greedy", "Curve: greedy"),
        Case("Softmax laboratory: a factor on the scale", "/softmax?softmax=model&look=scale", "A factor on the scale", press("compute_scale")),
        Case(
            "Positions laboratory: toys at other lengths",
            "/positions?positions=extrapolation&curves_of=live",
            "Training",
            press("train_extrapolation"),
        ),
        Lab("Training lab", "/training?preset=reversal&lab_steps=20000", "", press("train"), again("train")),
    ]


def _measured(browser: Browser, url: str, case: Case, repeats: int) -> list[float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(url + case.path)
    page.locator("[data-testid=stMarkdown] h4").first.wait_for()
    case.begin(page)
    taken = []
    for number in range(repeats):
        if number:
            case.go_on(page, case.said)
        stop = case.stop(page)
        stop.and_(page.locator(":enabled")).wait_for()
        page.wait_for_function("word => !document.body.innerText.includes(word)", arg=case.said)
        page.evaluate(_WATCH, case.said)
        stop.click()
        page.wait_for_function("() => window.seen.answered !== undefined")
        taken.append(page.evaluate("() => (window.seen.answered - window.seen.pressed) / 1000"))
    context.close()
    return taken


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
