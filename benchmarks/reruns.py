"""What the server works for one new sentence, by page: `python -m benchmarks.reruns`.

The model that each page opens at first (bundled, 6 x 12 heads), sentences of 20 tokens that were never seen before. Streamlit's own test
harness runs the app, so no browser and no network take part: the time is that of the whole script, from the first line of `app.py` to the
last, tables for the browser included.
*Prune* reads no text of its own; there it is the time to draw a board and its effect for another set of heads whose score is known.

Exits 1 where a goal is missed. `--sentences N` for more or fewer of them (20).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest

from benchmarks import report
from explorer.jobs import JOBS
from scripts.serve import ROOT

GOAL_MS = 60.0
_WORDS = (
    ("old", "young", "tall", "quiet", "happy"),
    ("farmer", "teacher", "painter", "driver", "singer"),
    ("bought", "found", "carried", "wanted", "saw"),
)
_WARM = 3
"""Sentences before the ones that count: what is made once per structure is made by then."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reruns", description="What the server works for one new sentence, by page.")
    parser.add_argument("--sentences", type=int, default=20, help="how many (%(default)s)")
    given = parser.parse_args(arguments)
    rows, missed = [], False
    for page, change in (("attention", _text), ("heads", _text), ("compare", _text), ("prune", _heads)):
        taken = _measured(page, change, given.sentences)
        middle = statistics.median(taken)
        missed |= middle > GOAL_MS
        rows.append([page, f"{middle:.0f}", f"{min(taken):.0f} .. {max(taken):.0f}", f"{GOAL_MS:.0f}", report.verdict(middle, GOAL_MS)])
    title = f"Milliseconds of the server for one new sentence of 20 tokens, the page's own first model, median of {given.sentences}"
    report.show(title, ["page", "median", "range", "goal", ""], rows)
    return int(missed)


def _measured(page: str, change: Callable[[AppTest, int], AppTest], sentences: int) -> list[float]:
    app = settled(AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run())
    app = settled(app.switch_page(str(Path("pages") / f"{page}.py")).run())
    taken = []
    for number in range(_WARM + sentences):
        with _timed() as seconds:
            change(app, number)
        assert not app.exception, [error.message for error in app.exception]
        settled(app)
        if number >= _WARM:
            taken.append(1e3 * seconds[0])
    return taken


def _text(app: AppTest, number: int) -> AppTest:
    return app.text_area(key="text").set_value(sentence(number)).run()


def _heads(app: AppTest, number: int) -> AppTest:
    sets = [frozenset({(number % 6, head)}) for head in (number % 12, (number + 5) % 12)]
    app.query_params["pruned"] = ",".join(f"{layer}.{head}" for layer, head in sets[1])
    settled(app.run())  # scored
    app.query_params["pruned"] = ",".join(f"{layer}.{head}" for layer, head in sets[0])
    settled(app.run())
    app.query_params["pruned"] = ",".join(f"{layer}.{head}" for layer, head in sets[1])
    return app.run()


def sentence(number: int) -> str:
    """A sentence of 20 tokens, [CLS] and [SEP] among them; another one for each number below 125."""
    adjective, noun, verb = list(product(*_WORDS))[number * 7 % 125]
    return f"The {adjective} {noun} who lived near the river {verb} a small green boat because it was cheap."


class _timed:
    """Seconds of the last script that ran within the block, as a list of one."""

    def __enter__(self) -> list[float]:
        self._run, taken = script_runner.exec_func_with_error_handling, [0.0]

        def timed(*args: object, **kwargs: object) -> object:
            began = time.perf_counter()
            try:
                return self._run(*args, **kwargs)
            finally:
                taken[0] = time.perf_counter() - began

        script_runner.exec_func_with_error_handling = timed
        return taken

    def __exit__(self, *_error: object) -> None:
        script_runner.exec_func_with_error_handling = self._run


def settled(app: AppTest) -> AppTest:
    """Runs until no job is left: what comes afterwards is not part of the sentence, and must not compete with the next one."""
    while pending := JOBS.running():
        for job in pending:
            job.wait(600)
        app.run()
    return app


if __name__ == "__main__":
    sys.exit(main())
